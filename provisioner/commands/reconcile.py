"""The command ``reconcile``: look up a job's unknown rows at Twilio, or audit its created rows."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from provisioner import __version__
from provisioner.errors import ExitCode, GuardError, ProvisionerError, UsageError
from provisioner.http_client.transport import Transport
from provisioner.ledger import CreatedRow, Ledger, LedgerLocation, LedgerReader, open_ledger, open_reader
from provisioner.models import Counts, MessageCounts, Status, UnknownRow
from provisioner.models.discrepancy import Discrepancy
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.progress import Progress
from provisioner.models.reasons import MOST_NAMED, NEVER_PLANNED
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.monitor import RunMonitor
from provisioner.options import Rate, ReconcileOptions, parse_duration, parse_rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import AT_ONCE, BATCH, Audit, AuditedRow, FinderChoice, Reconciler, choose_finder
from provisioner.rows import IdentityPolicy
from provisioner.runs.recorded_end import run_recorded
from provisioner.runs.run_end import AdviceContext, advice, run_end
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger
from provisioner.target import Target


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
    location = LedgerLocation.parse(ledger)
    with open_reader(location) as reader:
        settings = reader.manifest.settings
        idle = None if options.audit else _nothing_to_do(reader, location)
    if idle is not None:
        return idle
    target = Target.choose(options, environment.environ, environment.home)
    async with open_ledger(location, {**settings, **target.settings()}, version=__version__) as opened:
        command = ReconcileCommand(opened, options, target, rate, ui=ui, command=environment.command)
        stop = stop or StopSignals()
        with stop.active(drain_s=0):
            if options.audit:
                return await command.audit(stop)
            return await command.reconcile(stop)


class ReconcileCommand:
    """One execution of ``reconcile`` on an open ledger."""

    def __init__(
        self,
        ledger: Ledger,
        options: ReconcileOptions,
        target: Target,
        rate: Rate,
        *,
        ui: UserInterface,
        command: str,
    ) -> None:
        self._ledger, self._options, self._target, self._rate = ledger, options, target, rate
        self._ui, self._command = ui, command
        settings = ledger.manifest.settings
        self._identity_policy = IdentityPolicy(
            ledger.manifest.job_id, settings.get("identity", "auto"), settings.get("marker", "")
        )
        self._log = event_logger()
        self._error: ProvisionerError | None = None
        self._end_work: Callable[[], None] = _do_nothing
        self._reachability = Reachability(
            give_up_s=parse_duration(options.give_up, "--give-up"),
            concurrency=AT_ONCE,
            stop=self._give_up,
            tell=ui.print_status,
        )

    async def reconcile(self, stop_signals: StopSignals) -> Summary:
        """Look up every unknown row, record the outcomes in the ledger, and return the summary.

        Rows that a dead run left in flight become unknown first. A stop request ends the look-ups early; the
        summary is returned all the same. Raise ``StorageError`` when an outcome cannot be written.
        """
        await self._ledger.recover()
        async with run_recorded(self._ledger, "reconcile"):
            await self._ledger.set_notes(results="")  # the next run writes them anew
            before = await self._ledger.counts()
            monitor = RunMonitor(
                before, to_send=0, pacer_status=Pacer(self._rate), outage=lambda: self._reachability.pause
            )
            if before.unknown:
                await self._look_up(monitor, before.unknown, stop_signals)
            left = before.unknown - sum(monitor.resolved_to.values())
            summary = await self._account(monitor, left, stop_signals.exit_code)
            ends = {each.value: rows for each, rows in monitor.resolved_to.items()}
            self._log.info("lookup.finished", **ends)
            await self._ledger.finish_run(summary.exit_code)
        return summary

    async def _look_up(self, monitor: RunMonitor, unknown: int, stop_signals: StopSignals) -> None:
        monitor.is_looking = True
        async with self._target.open(self._rate) as transport:
            chosen = await self._choose(transport)
            reconciler = Reconciler(self._ledger, chosen, monitor, settle_delay_s=self._options.settle_delay)
            self._log.info("lookup.started", rows=unknown)
            async with self._ui.progress(monitor.snapshot):
                await self._until_stopped(reconciler.run, stop_signals)

    async def audit(self, stop_signals: StopSignals) -> Summary:
        """Compare created rows with Twilio, changing nothing; raise ``UsageError`` if rows cannot be looked up."""
        counts = await self._ledger.counts()
        async with self._target.open(self._rate) as transport:
            chosen = await self._choose(transport)
            if chosen.finder is None:
                raise UsageError(
                    f"this job cannot be audited: {chosen.reason}",
                    cure="compare the results with the conversations in Flex",
                )
            since = datetime.fromisoformat(self._ledger.manifest.created_at).timestamp()
            size = BATCH if chosen.finder.by_identity else counts.created
            with self._ledger.reader() as reader:
                reader.require_sids()
                orphans = reader.orphans()
                audit = Audit(
                    chosen.finder,
                    taken=self._ledger.assigned_conversations,
                    shared=reader.shared(),
                    settle_delay_s=self._options.settle_delay,
                )
                batches = _batches((_created(row, since) for row in reader.created()), size)
                async with self._ui.progress(lambda: _progress(audit, counts, self._reachability.pause)):
                    await self._until_stopped(lambda: audit.run(batches), stop_signals)
        return Summary(
            command="reconcile",
            exit_code=self._audit_code(audit, stop_signals.exit_code),
            outcome=_audit_outcome(audit, self._error),
            error=ErrorInfo.from_error(self._error) if self._error else None,
            counts=counts.final,
            ledger=str(self._ledger.location),
            notes=tuple(_unaudited(counts.final, self._ledger.location)),
            details={
                "audited": audit.rows,
                "findings": [finding._asdict() for finding in audit.findings],
                "orphans": [orphan._asdict() for orphan in orphans],
            },
        )

    async def _choose(self, transport: Transport) -> FinderChoice:
        is_trusted = await self._ledger.trusts_identities()
        host = self._reachability.host_of(transport.url("conversations", "v1"))
        return choose_finder(
            transport,
            self._identity_policy,
            rate=self._rate,
            trusts_identities=is_trusted,
            host=host,
            stops_at_refusal=True,
        )

    async def _account(self, monitor: RunMonitor, left: int, signal_exit: ExitCode | None) -> Summary:
        counts, messages = await self._ledger.counts(), (await self._ledger.messages.counts()).final
        end = run_end(counts, left=left, error=self._error, signal_exit=signal_exit, is_limited=False)
        unknown = [row.row for row in await self._ledger.unknown(0, MOST_NAMED + 1)]
        found, absent = monitor.resolved_to[Status.CREATED], monitor.resolved_to[Status.PENDING]
        notes = advice(
            counts.final,
            AdviceContext(
                figures=monitor.figures(),
                unknown_rows=unknown,
                reconcile=self._command,
            ),
        )
        return Summary(
            command="reconcile",
            exit_code=end.exit_code,
            outcome=end.outcome,
            counts=counts.final,
            messages=messages,
            elapsed_s=monitor.elapsed_s,
            ledger=str(self._ledger.location),
            notes=(*notes, *_what_follows(found, absent, self._ledger.location), *_about(messages)),
            next_command=self._command if counts.unknown else "",
            error=ErrorInfo.from_error(self._error) if self._error else None,
            details={"looked_up": monitor.resolved_to.total(), "found": found, "absent": absent},
        )

    def _audit_code(self, audit: Audit, signal_exit: ExitCode | None) -> ExitCode:
        """Return 5 where something could not be asked, 4 where something is not as it should be."""
        if self._error is not None:
            return self._error.exit_code
        if not audit.is_done and signal_exit is not None:
            return signal_exit
        flaws = {finding.flaw for finding in audit.findings}
        if Discrepancy.UNASKED in flaws:
            return ExitCode.UNKNOWN
        return ExitCode.REJECTED if flaws else ExitCode.DONE

    async def _until_stopped(self, work: Callable[[], Awaitable[None]], stop_signals: StopSignals) -> None:
        """Run ``work`` until it is done.

        A stop, a Twilio that stays out of reach, and one that refuses the credentials end it early.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def end() -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                self._end_work = end
                stop_signals.on_stop(end)
                try:
                    await work()
                except GuardError as refusal:
                    self._error = refusal
        self._end_work = _do_nothing
        stop_signals.clear()

    def _give_up(self, error: ProvisionerError) -> None:
        self._error = error
        self._end_work()


def _audit_outcome(audit: Audit, error: ProvisionerError | None) -> CommandOutcome:
    if error is not None:
        return CommandOutcome.of_error(error)
    return CommandOutcome.FINISHED if audit.is_done else CommandOutcome.STOPPED


def _do_nothing() -> None:
    """End no work, because none is running."""


def _nothing_to_do(reader: LedgerReader, location: LedgerLocation) -> Summary | None:
    """Return the summary for a job without unknown rows, None where a row is unknown or a run holds the ledger."""
    counts, messages = reader.counts(), reader.message_counts().final
    if reader.is_held() or counts.unknown or counts.in_flight:
        return None
    is_planned = bool(reader.fingerprints())
    note = "no row is unknown: there is nothing to look up" if is_planned else NEVER_PLANNED
    return Summary(
        command="reconcile",
        counts=counts.final if is_planned else None,
        messages=messages,
        ledger=str(location),
        notes=(note, *_about(messages)),
        details={"looked_up": 0, "found": 0, "absent": 0},
    )


def _what_follows(found: int, absent: int, ledger: LedgerLocation) -> Iterator[str]:
    if absent:
        yield "the job's own command sends the rows that certainly do not exist"
    if found or absent:
        yield f"the results are as they were: that command or provisioner export {ledger} -o PATH writes them anew"


def _about(messages: MessageCounts) -> Iterator[str]:
    if messages.unsent or messages.unknown:
        yield "run the job's command again to post the first messages: only its input holds their texts"


def _unaudited(counts: Counts, ledger: LedgerLocation) -> Iterator[str]:
    if counts.unknown:
        rows = pluralize("row", counts.unknown, "is", "are")
        yield f"{rows} unknown, and only created rows are audited: provisioner reconcile {ledger} looks them up"


def _created(row: CreatedRow, since: float) -> AuditedRow:
    sought = UnknownRow(id=row.id, row=row.row, key=row.key, identity=row.identity, since=since, lost_at=since)
    return AuditedRow(sought, row.conversation_sid)


def _batches(rows: Iterator[AuditedRow], size: int) -> Iterator[Sequence[AuditedRow]]:
    while batch := list(islice(rows, size)):
        yield batch


def _progress(audit: Audit, counts: Counts, outage: str) -> Progress:
    state = outage or "auditing"
    return Progress(total=counts.created, done=audit.rows, created=counts.created, state=state)
