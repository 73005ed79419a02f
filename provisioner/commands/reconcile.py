"""The command ``reconcile``: look up a job's unknown rows at Twilio, or audit its created rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from provisioner import __version__
from provisioner.errors import ExitCode
from provisioner.ledger import (
    LedgerLocation,
    LedgerReader,
    follow_up_counts,
    last_output,
    open_ledger,
    open_reader,
    read_follow_up_counts,
)
from provisioner.models import FollowUpCounts, Status
from provisioner.models.environment import ProcessEnvironment, working_folder
from provisioner.models.reasons import MOST_NAMED, NEVER_PLANNED
from provisioner.models.summary import ErrorInfo, Summary
from provisioner.monitor import RunMonitor
from provisioner.options import ReconcileOptions, parse_duration
from provisioner.options.shell_command import export_command
from provisioner.pacing import Pacer
from provisioner.planning.accounts import read_accounts
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import Reconciler
from provisioner.runs.named_ledger import ledger_of
from provisioner.runs.recorded_end import run_recorded
from provisioner.runs.run_end import AdviceContext, advice, run_end
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger

from .account_ends import AccountEnd, error_of_accounts, left_notes
from .audit import audit_job
from .job_access import JobAccess, require_accounts_option
from .look_ups import JobLookUps, LookUps

_Resolved = dict[str, Counter[Status]]
"""Numbers of rows that were looked up, by the SID of their account and their new status."""


async def reconcile_job(
    ledger: Path,
    options: ReconcileOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner reconcile``.

    The ledger holds the job's settings; only the account has to be given again, and only when a row is unknown.
    In a job for many accounts, those with unknown rows are asked at the same time. Raise ``OtherJobError`` for
    another account than the job's, and ``ProvisionerError`` for any other error before Twilio is asked, such as a
    file of accounts that cannot be used.
    """
    location = ledger_of(ledger)
    with open_reader(location) as reader:
        manifest = reader.manifest
        require_accounts_option(location, options, has_accounts=manifest.has_accounts)
        idle = None if options.audit else _nothing_to_do(reader, location)
    if idle is not None:
        if options.accounts:
            read_accounts(options.accounts)  # a mistake in its name is told when there is nothing to look up, too
        return idle
    access = JobAccess.choose(options, environment)
    give_up_s = parse_duration(options.give_up, "--give-up")
    wanted = {**manifest.settings, **access.settings}
    async with open_ledger(location, wanted, version=__version__, give_up_s=give_up_s) as opened:
        look_ups = JobLookUps(opened, access, options, ui)
        stop = stop or StopSignals()
        with stop.active(drain_s=0):
            if options.audit:
                return await audit_job(look_ups, stop)
            return await _reconcile(look_ups, stop, environment.command)


async def _reconcile(look_ups: JobLookUps, stop_signals: StopSignals, command: str) -> Summary:
    """Look up every unknown row, record the outcomes in the ledger, and return the summary.

    Rows that a dead run left in flight become unknown first. A stop request ends the look-ups early; the summary
    is returned all the same. Raise ``StorageError`` when an outcome cannot be written.
    """
    ledger, log = look_ups.ledger, event_logger()
    await ledger.recover()
    await look_ups.begin(lambda counts: counts.unknown, "unknown row")
    async with run_recorded(ledger, "reconcile"):
        await ledger.set_notes(results="")  # the next run writes them anew
        before = await ledger.counts()
        monitor = RunMonitor(before, to_send=0, pacer_status=Pacer(look_ups.rate), outage=lambda: look_ups.outage)
        resolved: _Resolved = defaultdict(Counter)
        if before.unknown:
            monitor.is_looking = True
            log.info("lookup.started", rows=before.unknown)
            look_up = partial(_look_up, monitor=monitor, resolved=resolved)
            await look_ups.run(look_up, monitor.snapshot, stop_signals)
        summary = await _account(look_ups, monitor, resolved, signal_exit=stop_signals.exit_code, command=command)
        log.info("lookup.finished", **{each.value: rows for each, rows in monitor.resolved_to.items()})
        await ledger.finish_run(summary.exit_code)
    return summary


async def _look_up(look_ups: LookUps, *, monitor: RunMonitor, resolved: _Resolved) -> None:
    """Look up the unknown rows of one account."""
    async with look_ups.finder() as chosen:
        reconciler = Reconciler(
            look_ups.ledger,
            chosen,
            monitor,
            settle_delay_s=look_ups.settle_delay_s,
            service_check=look_ups.service_check,
        )
        resolved[look_ups.account_sid] = reconciler.ends
        await look_ups.run(reconciler.run)


async def _account(
    look_ups: JobLookUps,
    monitor: RunMonitor,
    resolved: _Resolved,
    *,
    signal_exit: ExitCode | None,
    command: str,
) -> Summary:
    ledger, ends = look_ups.ledger, [_end_of(each, resolved) for each in look_ups.accounts]
    counts, follow_ups = await ledger.counts(), (await follow_up_counts(ledger)).final
    left, error = sum(each.left for each in ends), error_of_accounts(ends)
    end = run_end(counts, left=left, error=error, signal_exit=signal_exit, is_limited=False)
    unknown = [row.row for row in await ledger.unknown(0, MOST_NAMED + 1)]
    context = AdviceContext(figures=monitor.figures(), unknown_rows=unknown, reconcile=command)
    with ledger.reader() as reader:
        output = last_output(reader.runs(), working_folder())
    return Summary(
        command="reconcile",
        exit_code=end.exit_code,
        outcome=end.outcome,
        counts=counts.final,
        messages=follow_ups.messages,
        history=follow_ups.history,
        conversation_settings=follow_ups.settings,
        elapsed_s=monitor.elapsed_s,
        ledger=str(ledger.location),
        notes=(
            *advice(counts.final, context),
            *left_notes(ends),
            *_what_follows(monitor.resolved_to, ledger.location, output),
            *_about(follow_ups),
        ),
        next_command=command if counts.unknown else "",
        error=ErrorInfo.from_error(error) if error else None,
        details={
            **_numbers(monitor.resolved_to),
            **({"accounts": [*_accounts(ends, look_ups, resolved)]} if look_ups.has_accounts else {}),
        },
    )


def _end_of(look_ups: LookUps, resolved: _Resolved) -> AccountEnd:
    left = look_ups.total - resolved[look_ups.account_sid].total()
    return AccountEnd(look_ups.account_sid, left, look_ups.error)


def _accounts(
    ends: Sequence[AccountEnd], look_ups: JobLookUps, resolved: _Resolved
) -> Iterator[dict[str, object]]:
    """Yield what was found in each account that was asked; ``unknown`` are the rows that still are."""
    for end, each in zip(ends, look_ups.accounts, strict=True):
        numbers = _numbers(resolved[each.account_sid])
        yield {
            "account_sid": each.account_sid,
            **numbers,
            "unknown": each.total - numbers["found"] - numbers["absent"],
            "error": end.error.message if end.error else None,
        }


def _numbers(resolved: Counter[Status]) -> dict[str, int]:
    return {
        "looked_up": resolved.total(),
        "found": resolved[Status.CREATED],
        "absent": resolved[Status.PENDING],
    }


def _nothing_to_do(reader: LedgerReader, location: LedgerLocation) -> Summary | None:
    """Return the summary for a job without unknown rows, None where a row is unknown or a run holds the ledger."""
    counts, follow_ups = reader.counts(), read_follow_up_counts(reader).final
    if reader.is_held() or counts.unknown or counts.in_flight:
        return None
    is_planned = bool(reader.fingerprints())
    note = "no row is unknown: there is nothing to look up" if is_planned else NEVER_PLANNED
    return Summary(
        command="reconcile",
        counts=counts.final if is_planned else None,
        messages=follow_ups.messages,
        history=follow_ups.history,
        conversation_settings=follow_ups.settings,
        ledger=str(location),
        notes=(note, *_about(follow_ups)),
        details={**_numbers(Counter())},
    )


def _what_follows(resolved_to: Counter[Status], ledger: LedgerLocation, output: str) -> Iterator[str]:
    if resolved_to[Status.PENDING]:
        yield "the job's own command sends the rows that certainly do not exist"
    if resolved_to[Status.CREATED] or resolved_to[Status.PENDING]:
        export = export_command(ledger, output or str(ledger).removesuffix(".ledger"))
        yield f"the results are as they were: the job's own command, or {export}, writes them anew"


def _about(follow_ups: FollowUpCounts) -> Iterator[str]:
    messages, history, settings = follow_ups.messages, follow_ups.history, follow_ups.settings
    if settings.unsent:
        yield "run the job's command again to set what its conversations lack: only its input holds that"
    if messages.unsent or messages.unknown:
        yield "run the job's command again to post the first messages: only its input holds their texts"
    if history.unsent or history.unknown:
        yield "run the job's command again to post the messages of old chats: only --history holds their texts"
