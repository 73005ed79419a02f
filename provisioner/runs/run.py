"""One run: opens everything in order, plans, sends, and accounts for every row."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from msgspec import structs

from provisioner import __version__
from provisioner.errors import ExitCode, ProvisionerError, StorageError, StrictError, UsageError
from provisioner.http_client.transport import Traffic
from provisioner.ledger import Ledger, open_ledger
from provisioner.models import Counts, MessageCounts, MessageStatus, Status
from provisioner.models.forecast import Forecast
from provisioner.models.reasons import MOST_NAMED
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.monitor import RunMonitor
from provisioner.planning.forecast import Timing, Workload, forecast
from provisioner.planning.input import JobInput, PlanInterrupted, RowSettings, open_input
from provisioner.planning.plan import plan_input, skipped_records, unconfirmed_encoding_error
from provisioner.ports.user_interface import UserInterface
from provisioner.results import STDOUT
from provisioner.runs.run_end import AdviceContext, RunEnd, advice, run_end
from provisioner.signals import StopSignals

from .config import RunConfig
from .rounds import SendAndReconcile
from .supervisor import RunSupervisor


async def execute_run(
    files: Sequence[str], config: RunConfig, supervisor: RunSupervisor, ui: UserInterface, stop: StopSignals
) -> Summary:
    """Open input and ledger, and do one run of what was ordered."""
    options = config.options
    with open_input(
        files,
        options,
        config.mapping,
        RowSettings(friendly_name=options.friendly_name, marker=options.marker, uses=config.cycled_rows),
        spool_dir=config.outputs.folder,
        stop=stop,
    ) as job_input:
        config.outputs.check_sources(job_input.sources)
        async with open_ledger(
            config.ledger, config.job_settings(job_input.mapping), version=__version__
        ) as ledger:
            with stop.active(drain_s=options.drain):
                whole = Run(config, job_input, ledger, supervisor, ui=ui, stop_signals=stop)
                return await whole.execute()


class Run:
    """One run over an open ledger."""

    def __init__(
        self,
        config: RunConfig,
        job_input: JobInput,
        ledger: Ledger,
        supervisor: RunSupervisor,
        *,
        ui: UserInterface,
        stop_signals: StopSignals,
    ) -> None:
        self._config, self._input, self._ledger, self._supervisor = config, job_input, ledger, supervisor
        self._ui, self._stop_signals = ui, stop_signals
        self._monitor: RunMonitor | None = None
        self._rounds: SendAndReconcile | None = None
        self._traffic = Traffic()
        self._eligible = 0
        self._messages = MessageCounts()
        self._is_unchanged = self._has_results = False
        self._log = structlog.get_logger().bind()

    async def execute(self) -> Summary:
        """Plan, send and account."""
        try:
            plan = await self._plan()
        except PlanInterrupted:
            return self._unplanned()
        if refused := self._refusal(plan):
            return await self._account(refused, has_results=isinstance(refused, StrictError))
        error = await self._send(plan) if plan.has_work else None
        return await self._account(error)

    async def _plan(self) -> Forecast:
        self._stop_signals.on_stop(self._input.interrupt)
        with self._ui.planning() as on_progress:
            report = await plan_input(self._ledger, self._input, on_progress)
        if interrupted := await self._ledger.recover():
            self._log.warning("rows.interrupted", rows=interrupted)
        options, target = self._config.options, self._config.target
        await self._ledger.set_notes(reading=self._input.reading.to_note(), asked=self._config.options_json)
        statuses = {Status.PENDING, Status.UNSENT, *map(Status, options.retry)}
        if options.on_unknown == "resend":
            statuses.add(Status.UNKNOWN)
        messages = {MessageStatus.PENDING, MessageStatus.UNSENT, *map(MessageStatus, options.retry)}
        await self._ledger.start_run(statuses, messages=messages, limit=self._config.limit)
        counts, in_doubt = await self._ledger.counts(), (await self._ledger.messages.counts()).unknown
        self._eligible = self._config.required_rows(sum(getattr(counts, status) for status in statuses))
        plan = forecast(
            structs.replace(report, counts=counts),
            Workload(
                to_send=await self._ledger.to_send(),
                to_post=await self._ledger.to_post(),
                to_look_up=(counts.unknown if options.on_unknown == "reconcile" else 0)
                + (in_doubt if options.on_unknown != "hold" else 0),
            ),
            Timing(rate=self._config.peak_rate, duration_s=self._config.duration_s, finish=self._config.finish),
            now=datetime.now().astimezone(),
            is_real=not target.is_local,
            notes=(*self._config.notes, *self._input.notes),
        )
        self._is_unchanged = report.is_reused and not (interrupted or plan.has_work)
        if not self._is_unchanged:  # until they are written anew, the results are not those of this ledger
            await self._ledger.set_notes(results="")
        self._ui.show_plan(plan)
        return plan

    def _refusal(self, plan: Forecast) -> ProvisionerError | None:
        """Return why nothing may be sent, None when all is well."""
        options, target = self._config.options, self._config.target
        if options.strict and plan.counts.invalid:
            return StrictError(
                f"{plan.counts.invalid:,} rows are invalid, so nothing was sent (--strict)",
                cure="provisioner check lists them: fix them, or omit --strict",
            )
        if plan.to_send and (guess := unconfirmed_encoding_error(self._input.sources, options)):
            return guess
        if target.is_local or options.yes or not plan.to_send:
            return None
        is_boundless = math.isinf(self._config.rate.per_second)
        pace = "with no pace limit" if is_boundless else f"at {options.rate}"
        question = f"Create {plan.to_send:,} WebChats on account {target.account.account_sid}, {pace}?"
        if self._ui.confirm(question, unasked=not is_boundless):
            return None
        return UsageError("not confirmed, so nothing was sent", cure="answer y, or add --yes")

    async def _send(self, plan: Forecast) -> ProvisionerError | None:
        """Send every row that may be sent, and look up those nobody knows; return what stopped it early."""
        pacer = self._config.pacer()
        monitor = self._monitor = RunMonitor(
            plan.counts, to_send=plan.to_send, to_post=plan.to_post, pacer_status=pacer
        )
        async with self._config.target.open(self._config.peak_rate) as transport:
            self._traffic = transport.traffic
            rounds = self._rounds = SendAndReconcile(
                self._config, self._input, self._ledger, monitor=monitor, pacer=pacer, transport=transport
            )

            def drain() -> None:
                rounds.drain()
                wait = f"what is in flight has {self._config.options.drain:g} s"
                self._ui.print_status(f"stopping: nothing new is sent, {wait}; a second signal stops at once")

            self._stop_signals.on_stop(drain, rounds.cancel)
            loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
            self._log.info("run.started", rows=plan.to_send, rate=self._config.options.rate, loop=loop)
            async with (
                self._supervisor.open(monitor, pacer, self._ui, rounds.drain),
                self._ui.progress(monitor.snapshot),
            ):
                try:
                    stop = await rounds.run(plan.to_send + plan.to_post)
                except ProvisionerError as error:
                    return error
        return stop.error if stop else None

    async def _account(self, error: ProvisionerError | None, *, has_results: bool = True) -> Summary:
        """Settle what was cut off, write the results, and tell how it ended.

        A disk that takes nothing more can still be read, so every step is tried.
        """
        self._stop_signals.clear()
        failures = [error]
        for step in (self._ledger.recover, *([self._write_results] if has_results else [])):
            try:
                await step()
            except ProvisionerError as failure:
                failures.append(failure)
        counts = await self._ledger.counts()
        self._messages = await self._ledger.messages.counts()
        first = next(filter(None, failures), None)
        unknown = [row.row for row in await self._ledger.unknown(0, MOST_NAMED + 1)]
        summary = self._summary(counts, error=first, notes=self._advice(counts, first, unknown))
        self._log.info("run.finished", exit_code=int(summary.exit_code), outcome=summary.outcome.value)
        with suppress(StorageError):
            await self._ledger.finish_run(summary.exit_code)
        return summary

    async def _write_results(self) -> None:
        """Write the results, unless nothing has happened since they were written and they are still there."""
        outputs = self._config.outputs
        was = (await self._ledger.notes()).results if self._is_unchanged else ""
        if not was or was != outputs.stamp():
            await asyncio.to_thread(outputs.write, self._ledger.reader, self._input.sources)
            await self._ledger.set_notes(results=outputs.stamp())
        self._has_results = True

    @property
    def _left(self) -> int:
        """How many rows might still be sent, or have a message that might be posted."""
        unlooked = self._rounds.unlooked if self._rounds else 0
        unposted = self._messages.pending
        return self._eligible - (self._monitor.done if self._monitor else 0) + unlooked + unposted

    def _unplanned(self) -> Summary:
        """Tell of a run that was stopped before it knew its rows."""
        return Summary(
            command=self._config.command,
            exit_code=self._stop_signals.exit_code or ExitCode.SIGINT,
            outcome=CommandOutcome.STOPPED,
            ledger=str(self._config.ledger),
            notes=("it was still planning: nothing was sent, and the results are as they were",),
            next_command=self._config.resume_command,
            details={"skipped": skipped_records(self._input.sources)},
        )

    def _advice(self, counts: Counts, error: ProvisionerError | None, unknown: Sequence[int]) -> tuple[str, ...]:
        options, monitor = self._config.options, self._monitor
        reasons = monitor.reasons if monitor else []
        return advice(
            counts.final,
            AdviceContext(
                reasons=[each for each in reasons if error is None or each.sentence not in error.message],
                left=self._left,
                limit=0 if self._stop_signals.exit_code else options.limit,
                orphans=monitor.orphans if monitor else 0,
                has_failed=options.failed is not None,
                resolved_to=monitor.resolved_to if monitor else {},
                ignores_identity=monitor is not None and monitor.ignores_identity,
                unknown_rows=unknown,
                reconcile=self._config.reconcile_command,
                messages=self._messages.final,
            ),
        )

    def _details(self) -> dict[str, Any]:
        """Return what programs are told besides; bytes are those of bodies."""
        traffic = self._traffic
        return {
            "to_send": self._eligible,
            "most_in_flight": self._monitor.most_in_flight if self._monitor else 0,
            "bytes_sent": traffic.sent,
            "bytes_received": traffic.received,
            "skipped": skipped_records(self._input.sources),
            **(self._rounds.details if self._rounds else {}),
        }

    def _next(self, end: RunEnd, counts: Counts) -> str:
        messages = self._messages.final
        if end.is_resumable or counts.unsent or messages.unsent or messages.unknown:
            return self._config.resume_command
        if not counts.unknown:
            return ""
        reconciles = self._config.options.on_unknown == "reconcile"
        return self._config.resume_command if reconciles else self._config.reconcile_command

    def _summary(
        self, counts: Counts, *, error: ProvisionerError | None = None, notes: tuple[str, ...] = ()
    ) -> Summary:
        config, monitor = self._config, self._monitor
        is_limited = bool(config.options.limit)
        signal_exit = self._stop_signals.exit_code
        at_stake = counts if config.arrivals is None else structs.replace(counts, pending=0)
        end = run_end(
            at_stake,
            left=self._left,
            error=error,
            signal_exit=signal_exit,
            is_limited=is_limited,
            messages=self._messages,
        )
        accounted = counts.final
        return Summary(
            command=self._config.command,
            exit_code=end.exit_code,
            outcome=end.outcome,
            counts=accounted,
            messages=self._messages.final,
            throttled=monitor.throttled if monitor else 0,
            elapsed_s=monitor.elapsed_s if monitor else 0.0,
            rate_achieved=monitor.rate_achieved if monitor else None,
            output=str(config.outputs.path) if self._has_results or config.outputs.path == STDOUT else "",
            failed=str(config.options.failed or "") if self._has_results else "",
            ledger=str(config.ledger),
            notes=notes,
            next_command=self._next(end, at_stake.final),
            error=ErrorInfo.from_error(error) if error else None,
            details=self._details(),
        )
