"""The command ``report``: one HTML page about one job, or about several side by side."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from provisioner import __version__
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.models.summary import Summary
from provisioner.options import ReportOptions
from provisioner.report.job_data import JobData, load_job
from provisioner.report.page import render
from provisioner.results import atomic_write, check_writable
from provisioner.runs.command_files import files_of_command
from provisioner.runs.named_ledger import ledger_of


def write_report(ledgers: Sequence[Path], options: ReportOptions) -> Summary:
    """Write the page about the ledgers at the paths ``ledgers``.

    Raise ``LedgerError`` for a ledger that cannot be read, ``UsageError`` or ``StorageError`` for a page that
    cannot be written.
    """
    locations = [ledger_of(ledger) for ledger in ledgers]
    output = options.page([Path(str(location)) for location in locations])
    roles = files_of_command(options, {"ledgers": ledgers}, {}, None)
    roles.require_distinct()
    roles.require_replaceable(overwrite=options.overwrite)
    check_writable(output)
    are_alike = len({location.name for location in locations}) < len(locations)
    jobs = [_load_job(location, str(location) if are_alike else location.name) for location in locations]
    made_at = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    with atomic_write(output) as stream:
        page = render(jobs, version=f"provisioner {__version__}", made_at=made_at)
        stream.write(page.encode("utf-8", "backslashreplace"))  # a file name may hold bytes that are not UTF-8
    return Summary(
        command="report",
        output=str(output),
        counts=jobs[0].counts if len(jobs) == 1 else None,
        details={"jobs": [{"ledger": str(location)} for location in locations]},
    )


def _load_job(location: LedgerLocation, name: str) -> JobData:
    with open_reader(location) as reader:
        return load_job(name, reader)
