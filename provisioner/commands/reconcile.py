"""The command ``reconcile``: look up a job's unknown rows at Twilio, or audit its created rows."""

from collections.abc import Iterator
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
from provisioner.options import ReconcileOptions, parse_duration, parse_rate
from provisioner.options.shell_command import export_command
from provisioner.pacing import Pacer
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import Reconciler
from provisioner.runs.named_ledger import ledger_of
from provisioner.runs.recorded_end import run_recorded
from provisioner.runs.run_end import AdviceContext, advice, run_end
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger
from provisioner.target import Target

from .audit import audit_job
from .look_ups import LookUps


async def reconcile_job(
    ledger: Path,
    options: ReconcileOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner reconcile``.

    The ledger holds the job's settings; only the account has to be given again, and only when a row is unknown.
    Raise ``OtherJobError`` for another account than the job's, and ``ProvisionerError`` for any other error before
    Twilio is asked.
    """
    rate = parse_rate(options.rate)
    location = ledger_of(ledger)
    with open_reader(location) as reader:
        settings = reader.manifest.settings
        idle = None if options.audit else _nothing_to_do(reader, location)
    if idle is not None:
        return idle
    target = Target.choose(options, environment.environ, environment.home)
    give_up_s = parse_duration(options.give_up, "--give-up")
    wanted = {**settings, **target.settings()}
    async with open_ledger(location, wanted, version=__version__, give_up_s=give_up_s) as opened:
        look_ups = LookUps(opened, options, target, rate, ui)
        stop = stop or StopSignals()
        with stop.active(drain_s=0):
            if options.audit:
                return await audit_job(look_ups, stop)
            return await _reconcile(look_ups, stop, environment.command)


async def _reconcile(look_ups: LookUps, stop_signals: StopSignals, command: str) -> Summary:
    """Look up every unknown row, record the outcomes in the ledger, and return the summary.

    Rows that a dead run left in flight become unknown first. A stop request ends the look-ups early; the summary
    is returned all the same. Raise ``StorageError`` when an outcome cannot be written.
    """
    ledger, log = look_ups.ledger, event_logger()
    await ledger.recover()
    async with run_recorded(ledger, "reconcile"):
        await ledger.set_notes(results="")  # the next run writes them anew
        before = await ledger.counts()
        monitor = RunMonitor(before, to_send=0, pacer_status=Pacer(look_ups.rate), outage=lambda: look_ups.outage)
        if before.unknown:
            monitor.is_looking = True
            async with look_ups.finder() as chosen:
                reconciler = Reconciler(
                    ledger,
                    chosen,
                    monitor,
                    settle_delay_s=look_ups.settle_delay_s,
                    service_check=look_ups.service_check,
                )
                log.info("lookup.started", rows=before.unknown)
                await look_ups.run(reconciler.run, monitor.snapshot, stop_signals)
        left = before.unknown - sum(monitor.resolved_to.values())
        summary = await _account(look_ups, monitor, left, signal_exit=stop_signals.exit_code, command=command)
        log.info("lookup.finished", **{each.value: rows for each, rows in monitor.resolved_to.items()})
        await ledger.finish_run(summary.exit_code)
    return summary


async def _account(
    look_ups: LookUps, monitor: RunMonitor, left: int, *, signal_exit: ExitCode | None, command: str
) -> Summary:
    ledger, error = look_ups.ledger, look_ups.error
    counts, follow_ups = await ledger.counts(), (await follow_up_counts(ledger)).final
    end = run_end(counts, left=left, error=error, signal_exit=signal_exit, is_limited=False)
    unknown = [row.row for row in await ledger.unknown(0, MOST_NAMED + 1)]
    found, absent = monitor.resolved_to[Status.CREATED], monitor.resolved_to[Status.PENDING]
    notes = advice(
        counts.final,
        AdviceContext(figures=monitor.figures(), unknown_rows=unknown, reconcile=command),
    )
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
        notes=(*notes, *_what_follows(found, absent, ledger.location, output), *_about(follow_ups)),
        next_command=command if counts.unknown else "",
        error=ErrorInfo.from_error(error) if error else None,
        details={"looked_up": monitor.resolved_to.total(), "found": found, "absent": absent},
    )


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
        details={"looked_up": 0, "found": 0, "absent": 0},
    )


def _what_follows(found: int, absent: int, ledger: LedgerLocation, output: str) -> Iterator[str]:
    if absent:
        yield "the job's own command sends the rows that certainly do not exist"
    if found or absent:
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
