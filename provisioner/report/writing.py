"""What ``report`` does: one page about one job, or about several side by side."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.ledger import open_reader
from provisioner.options import ReportOptions
from provisioner.results import check_writable, replacing
from provisioner.summary import Summary

from .gather import JobFigures, gather
from .page import render


def write_report(ledgers: Sequence[Path], options: ReportOptions) -> Summary:
    """Write the page; raise ``ProvisionerError`` for a ledger that cannot be read, or a place to write to."""
    output = options.output or ledgers[0].with_suffix(".html")
    if any(output.resolve() == ledger.resolve() for ledger in ledgers):
        raise UsageError(f"{output} is the ledger", cure="name another file with -o")
    check_writable(output)
    are_alike = len({ledger.name for ledger in ledgers}) < len(ledgers)
    jobs = [_gathered(ledger, str(ledger) if are_alike else ledger.name) for ledger in ledgers]
    made_at = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    with replacing(output) as stream:
        stream.write(render(jobs, version=f"provisioner {__version__}", made_at=made_at).encode(errors="replace"))
    return Summary(
        command="report",
        output=str(output),
        counts=jobs[0].counts if len(jobs) == 1 else None,
        details={"jobs": [{"ledger": str(ledger)} for ledger in ledgers]},
    )


def _gathered(path: Path, name: str) -> JobFigures:
    with open_reader(path) as reader:
        return gather(name, reader)
