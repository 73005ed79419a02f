"""The composition root of ``run``: opens everything in order, plans, sends, and accounts for every row."""

import asyncio
import math
from collections.abc import Mapping as Environment
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from provisioner import __version__
from provisioner.dispatch import Dispatcher, Limits
from provisioner.endings import advice, end_of, settled
from provisioner.errors import ExitCode, ProvisionerError, StorageError, StrictError, UsageError
from provisioner.face import Face
from provisioner.forecast import Forecast, forecast
from provisioner.ledger import SqliteLedger, open_ledger
from provisioner.mapping import Mapping
from provisioner.models import Counts, Status
from provisioner.monitor import RunMonitor
from provisioner.options import FailureLimit, Rate, RunOptions, parse_failure_limit, parse_rate
from provisioner.outputs import Outputs
from provisioner.pacer import Pacer
from provisioner.planning import (
    Input,
    Interrupted,
    SourceFeed,
    check_texts,
    open_input,
    plan_input,
    skipped_records,
    unconfirmed,
)
from provisioner.results import STDOUT
from provisioner.signals import Brake
from provisioner.summary import Failure, Outcome, Summary
from provisioner.target import Target
from provisioner.twilio.webchats import WebChatClient


@dataclass(frozen=True)
class Surroundings:
    """What the process was started in; ``command`` is the line that would start it again."""

    environ: Environment[str, str]
    home: Path
    command: str


@dataclass(frozen=True)
class Order:
    """What was asked for, checked as far as it can be without opening anything."""

    options: RunOptions
    outputs: Outputs
    target: Target
    mapping: Mapping
    rate: Rate
    failures: FailureLimit | None
    ledger: Path

    @classmethod
    def read(cls, options: RunOptions, surroundings: Surroundings) -> "Order":
        """Check the options; raise ``UsageError`` for the first that cannot be followed."""
        outputs = Outputs(options)
        if outputs.path == STDOUT and (options.ledger is None or options.json):
            clash = "--json" if options.json else "no --ledger"
            raise UsageError(f"results on stdout, and {clash}", cure="name a file with -o, or add --ledger PATH")
        check_texts(address_sid=options.address_sid, ui_version=options.ui_version)
        ledger = options.ledger or Path(f"{outputs.path}.ledger")
        outputs.spare(ledger, "the ledger")
        target = Target.choose(options, surroundings.environ, surroundings.home)
        return cls(
            options=options,
            outputs=outputs,
            target=target,
            mapping=Mapping.from_options(
                options, ui_version=options.ui_version, spare_address=target.spare_address
            ),
            rate=parse_rate(options.rate),
            failures=parse_failure_limit(options.max_failures),
            ledger=ledger,
        )

    def job(self, mapping: Mapping) -> dict[str, str]:
        """Describe what the ledger belongs to; another value anywhere is another job.

        What a double on this machine created is not at Twilio, so a rehearsal and the real thing are two jobs.
        """
        target = "this machine" if self.target.is_local else "Twilio"
        return {"account": self.target.account.account_sid, "target": target, **mapping.settings()}


async def run(files: Sequence[str], options: RunOptions, surroundings: Surroundings, face: Face) -> Summary:
    """Carry out ``provisioner run``; raise ``ProvisionerError`` for what ends it before anything was sent."""
    order = Order.read(options, surroundings)
    with open_input(
        files, options, order.mapping, friendly_name=options.friendly_name, spool_dir=order.ledger.parent
    ) as job_input:
        order.outputs.check_sources(job_input.sources)
        async with open_ledger(order.ledger, order.job(job_input.mapping), version=__version__) as ledger:
            with Brake(drain_s=options.drain) as brake:
                whole = Run(order, job_input, ledger, face=face, brake=brake, command=surroundings.command)
                return await whole.carry_out()


class Run:
    """One run over an open ledger."""

    def __init__(
        self, order: Order, job_input: Input, ledger: SqliteLedger, *, face: Face, brake: Brake, command: str
    ) -> None:
        self._order, self._input, self._ledger = order, job_input, ledger
        self._face, self._brake, self._command = face, brake, command
        self._monitor: RunMonitor | None = None
        self._eligible = 0
        self._is_unchanged = self._has_results = False
        self._log = structlog.get_logger().bind()

    async def carry_out(self) -> Summary:
        """Plan, send and account."""
        try:
            plan = await self._plan()
        except Interrupted:
            return self._unplanned()
        if refused := self._refusal(plan):
            return await self._account(refused, has_results=isinstance(refused, StrictError))
        error = await self._send(plan) if plan.to_send else None
        return await self._account(error)

    async def _plan(self) -> Forecast:
        self._brake.hold(self._input.interrupt)
        with self._face.planning() as on_progress:
            report = await plan_input(self._ledger, self._input, on_progress)
        if interrupted := await self._ledger.recover():
            self._log.warning("rows.interrupted", rows=interrupted)
        options, target = self._order.options, self._order.target
        await self._ledger.remember("reading", self._input.reading.reading())
        statuses = {Status.PENDING, Status.UNSENT, *map(Status, options.retry)}
        await self._ledger.start_run(statuses, limit=options.limit or None)
        self._eligible = sum(getattr(report.counts, status) for status in statuses)
        to_send = await self._ledger.to_send()
        self._is_unchanged = report.is_reused and not interrupted and not to_send
        plan = forecast(
            report,
            to_send=to_send,
            rate=self._order.rate,
            now=datetime.now().astimezone(),
            is_real=not target.is_local,
            notes=(*target.notes, *self._input.notes),
        )
        self._face.show_plan(plan)
        return plan

    def _refusal(self, plan: Forecast) -> ProvisionerError | None:
        """Return why nothing may be sent, None when all is well."""
        options, target = self._order.options, self._order.target
        if options.strict and plan.counts.invalid:
            return StrictError(
                f"{plan.counts.invalid:,} rows are invalid, so nothing was sent (--strict)",
                cure="provisioner check lists them: mend them, or leave --strict away",
            )
        if plan.to_send and (guess := unconfirmed(self._input.sources, options)):
            return guess
        if target.is_local or options.yes or not plan.to_send:
            return None
        is_boundless = math.isinf(self._order.rate.per_second)
        pace = "with no pace limit" if is_boundless else f"at {options.rate}"
        question = f"Create {plan.to_send:,} WebChats on account {target.account.account_sid}, {pace}?"
        if self._face.confirm(question, unasked=not is_boundless):
            return None
        return UsageError("not confirmed, so nothing was sent", cure="answer y, or add --yes")

    async def _send(self, plan: Forecast) -> ProvisionerError | None:
        """Send every row that may be sent; return what stopped it early."""
        pacer = Pacer(self._order.rate)
        monitor = self._monitor = RunMonitor(plan.counts, to_send=plan.to_send, speed_limit=pacer)
        async with self._order.target.open(self._order.rate) as transport:
            dispatcher = self._dispatcher(plan, WebChatClient(transport), pacer, monitor)

            def drain() -> None:
                dispatcher.drain()
                monitor.drain()
                wait = f"what is in flight has {self._order.options.drain:g} s"
                self._face.note(f"stopping: nothing new is sent, {wait}; a second signal stops at once")

            self._brake.hold(drain, dispatcher.cancel)
            self._log.info("run.started", rows=plan.to_send, rate=self._order.options.rate)
            async with self._face.progress(monitor.snapshot):
                try:
                    stop = await dispatcher.run()
                except ProvisionerError as error:
                    return error
        return stop.error if stop else None

    def _dispatcher(self, plan: Forecast, creator: WebChatClient, pacer: Pacer, monitor: RunMonitor) -> Dispatcher:
        options = self._order.options
        job_id = self._ledger.manifest.job_id if options.identity == "auto" else None
        return Dispatcher(
            ledger=self._ledger,
            feed=SourceFeed(self._input, job_id=job_id),
            creator=creator,
            pace=pacer,
            observer=monitor,
            limits=Limits(
                concurrency=options.concurrency,
                max_attempts=options.max_attempts,
                canary=options.canary,
                failures=self._order.failures,
                to_send=plan.to_send,
            ),
        )

    async def _account(self, error: ProvisionerError | None, *, has_results: bool = True) -> Summary:
        """Settle what was cut off, write the results, and tell how it ended.

        A disk that takes nothing more can still be read, so every step is tried.
        """
        self._brake.release()
        failures = [error]
        for step in (self._ledger.recover, *([self._write_results] if has_results else [])):
            try:
                await step()
            except ProvisionerError as failure:
                failures.append(failure)
        counts = await self._ledger.counts()
        first = next(filter(None, failures), None)
        summary = self._summary(counts, error=first, notes=self._advice(counts, first))
        self._log.info("run.finished", exit_code=int(summary.exit_code), outcome=summary.outcome.value)
        with suppress(StorageError):
            await self._ledger.finish_run(summary.exit_code)
        return summary

    async def _write_results(self) -> None:
        """Write the results, unless nothing has happened since they were written and they are still there."""
        outputs = self._order.outputs
        was = await self._ledger.recall("results") if self._is_unchanged else ""
        if not was or was != outputs.stamp():
            await asyncio.to_thread(outputs.write, self._order.ledger, self._input.sources)
            await self._ledger.remember("results", outputs.stamp())
        self._has_results = True

    @property
    def _left(self) -> int:
        """How many rows might still be sent."""
        return self._eligible - (self._monitor.done if self._monitor else 0)

    def _unplanned(self) -> Summary:
        """Tell of a run that was stopped before it knew its rows."""
        return Summary(
            command="run",
            exit_code=self._brake.exit_code or ExitCode.SIGINT,
            outcome=Outcome.STOPPED,
            ledger=str(self._order.ledger),
            notes=("it was still planning: nothing was sent, and the results are as they were",),
            next_command=self._command,
            details={"skipped": skipped_records(self._input.sources)},
        )

    def _advice(self, counts: Counts, error: ProvisionerError | None) -> tuple[str, ...]:
        options, monitor = self._order.options, self._monitor
        reasons = monitor.reasons if monitor else []
        return advice(
            settled(counts),
            reasons=[each for each in reasons if error is None or each.sentence not in error.message],
            left=self._left,
            limit=0 if self._brake.exit_code else options.limit,
            orphans=monitor.orphans if monitor else 0,
            has_failed=options.failed is not None,
        )

    def _summary(
        self, counts: Counts, *, error: ProvisionerError | None = None, notes: tuple[str, ...] = ()
    ) -> Summary:
        order, monitor = self._order, self._monitor
        is_limited = bool(order.options.limit)
        signal_exit = self._brake.exit_code
        end = end_of(counts, left=self._left, error=error, signal_exit=signal_exit, is_limited=is_limited)
        accounted = settled(counts)
        return Summary(
            command="run",
            exit_code=end.exit_code,
            outcome=end.outcome,
            counts=accounted,
            throttled=monitor.throttled if monitor else 0,
            elapsed_s=monitor.elapsed_s if monitor else 0.0,
            rate_achieved=monitor.rate_achieved if monitor else None,
            output=str(order.outputs.path) if self._has_results or order.outputs.path == STDOUT else "",
            failed=str(order.options.failed or "") if self._has_results else "",
            ledger=str(order.ledger),
            notes=notes,
            next_command=self._command if end.is_resumable or accounted.unsent else "",
            error=Failure.from_error(error) if error else None,
            details={"skipped": skipped_records(self._input.sources)},
        )
