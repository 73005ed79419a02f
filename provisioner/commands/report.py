"""The command ``report``: one HTML page about one job, about several side by side, or about a schedule."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from provisioner import __version__
from provisioner.ledger import LedgerLocation, LedgerReader, last_sending, open_reader
from provisioner.models import Counts, FollowUpCounts
from provisioner.models.summary import Summary
from provisioner.options import ReportOptions, parse_zone
from provisioner.report.clock import LocalClock
from provisioner.report.job_data import JobData, JobState, load_job
from provisioner.report.page import render
from provisioner.results import atomic_write, check_writable
from provisioner.runs.command_files import files_of_command
from provisioner.runs.named_ledger import ledger_of
from provisioner.runs.named_ledgers import find_named_ledgers
from provisioner.twilio.account.credentials import SIMULATED

from .run_state import last_run_state
from .status import ledger_held_since, next_command
from .trend import write_trend


def write_report(ledgers: Sequence[Path], options: ReportOptions) -> Summary:
    """Write the page about the ledgers at the paths ``ledgers``, of which some may be folders or patterns.

    A folder, a pattern or ``--regress`` asks for the page about a schedule. Raise ``LedgerError`` for a ledger
    that cannot be read, ``UsageError`` or ``StorageError`` for a page that cannot be written.
    """
    named, clock = find_named_ledgers(ledgers), LocalClock(parse_zone(options.tz))
    if named.is_schedule or options.regress:
        output = options.page(named.paths, is_schedule=True)
        _check_output(options, ledgers, output)
        return write_trend(named.paths, options, output, clock)
    locations = [ledger_of(ledger) for ledger in named.paths]
    output = options.page([Path(str(location)) for location in locations])
    _check_output(options, ledgers, output)
    are_alike = len({location.name for location in locations}) < len(locations)
    jobs = [
        _load_job(location, str(location) if are_alike else location.name, clock, is_compared=len(locations) > 1)
        for location in locations
    ]
    with atomic_write(output) as stream:
        page = render(jobs, version=f"provisioner {__version__}", made_at=clock.moment(time.time()))
        stream.write(page.encode("utf-8", "backslashreplace"))  # a file name may hold bytes that are not UTF-8
    return Summary(
        command="report",
        output=str(output),
        counts=jobs[0].counts if len(jobs) == 1 else None,
        details={"jobs": [{"ledger": str(location)} for location in locations]},
    )


def _check_output(options: ReportOptions, ledgers: Sequence[Path], output: Path) -> None:
    roles = files_of_command(options, {"ledgers": ledgers}, {}, None)
    roles.require_distinct()
    roles.require_replaceable(overwrite=options.overwrite)
    check_writable(output)


def _load_job(location: LedgerLocation, name: str, clock: LocalClock, *, is_compared: bool) -> JobData:
    with open_reader(location) as reader:
        return load_job(name, reader, state_of=partial(_state, reader), clock=clock, is_compared=is_compared)


def _state(reader: LedgerReader, counts: Counts, follow_ups: FollowUpCounts) -> JobState:
    runs = reader.runs()
    state = last_run_state(runs, reader.activity, counts, held_since=ledger_held_since(reader), now=time.time())
    note, settings = last_sending(runs), reader.manifest.settings
    is_simulated = settings.get("account") == SIMULATED.account_sid
    return JobState(
        phase=state.phase if state else "",
        target="simulator" if is_simulated else settings.get("target", ""),
        next_command=next_command(note, state, counts, follow_ups),
        folder=note.folder,
    )
