"""Second step of a run: send every selected row, and look up unknown rows."""

import asyncio
import time
from collections.abc import Awaitable, Mapping

import msgspec

from provisioner.errors import ProvisionerError
from provisioner.monitor import NO_FIGURES, RunFigures
from provisioner.ports.user_interface import UserInterface
from provisioner.rows import IdentityPolicy
from provisioner.sending import Stop, StopKind
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger

from .open_job import OpenJob
from .open_sending import SendConfig, StartingPoint, open_sending
from .plan_step import RunPlan
from .rounds import SendAndReconcile
from .row_allowance import RowAllowance
from .run_watch import WatchedRun
from .sending_context import SendingContext
from .supervisor import RunSupervisor
from .work_stop import draining_note


class SendReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of sending; without arguments, the result of a run that sent nothing.

    ``error`` is the error that prevented or stopped sending, and ``is_time_up`` says that ``--max-duration``
    stopped it. ``began`` is the start of sending, in seconds of ``time.monotonic``. ``unlooked`` is the number of
    unknown rows and messages that were not looked up because of a stop. ``bytes_sent`` and ``bytes_received``
    count request and response bodies only. ``unreachable_s`` is how long Twilio could not be reached.
    ``account_errors`` says by SID why accounts of a job for many were stopped.
    """

    error: ProvisionerError | None = None
    is_time_up: bool = False
    figures: RunFigures = NO_FIGURES
    began: float | None = None
    unlooked: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    unreachable_s: float = 0.0
    account_errors: Mapping[str, str] = msgspec.field(default_factory=dict)

    def elapsed_s(self, now: float) -> float:
        """Return how many seconds ago sending began; 0 where it did not."""
        return 0.0 if self.began is None else now - self.began


async def send(
    job: OpenJob,
    config: SendConfig,
    identity_policy: IdentityPolicy,
    supervisor: RunSupervisor,
    run_plan: RunPlan,
) -> SendReport:
    """Send the rows of the plan, look up unknown rows, and return the result.

    An error during sending is part of the result. Raise ``ProvisionerError`` when the transport cannot be opened.
    """
    planned = run_plan.forecast
    if not run_plan.consent.is_given or not planned.has_work:
        return SendReport(error=run_plan.consent.error)
    began = time.monotonic()
    start = StartingPoint.of(planned)
    async with open_sending(job, config, identity_policy, start) as opened:
        context, ui, to_send = opened.context, job.ui, planned.to_send + planned.to_post
        rounds = SendAndReconcile(context, RowAllowance.after(config.rounds.limit, to_send))
        job.stop.on_stop(lambda: _drain(context, ui, config.drain_s), context.stop.cancel)
        log_start(planned.to_send, config.rate)
        supervised = supervisor.open(_watched(context, job.stop), ui, context.stop.drain)
        async with supervised, ui.progress(context.monitor.snapshot):
            error, ended_by = await _end_of(rounds.run(to_send))
    return SendReport(
        error=error,
        is_time_up=ended_by is StopKind.TIME_UP,
        figures=context.monitor.figures(),
        began=began,
        unlooked=rounds.unlooked,
        bytes_sent=opened.transport.traffic.sent,
        bytes_received=opened.transport.traffic.received,
        unreachable_s=opened.reachability.out_s,
    )


def _watched(context: SendingContext, stop: StopSignals) -> WatchedRun:
    return WatchedRun(
        progress=context.monitor.snapshot,
        figures=context.monitor.figures,
        stop=stop,
        is_stopping=lambda: context.stop.is_stopped,
        monitor=context.monitor,
        pacer=context.clients.pacer,
    )


def _drain(context: SendingContext, ui: UserInterface, drain_s: float) -> None:
    context.monitor.drain(drain_s)
    context.stop.drain()
    ui.print_status(draining_note("nothing new is sent", drain_s))


def log_start(rows: int, rate: str) -> None:
    """Log that ``rows`` rows are sent from now on, at this ``--rate``."""
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    event_logger().info("run.started", rows=rows, rate=rate, loop=loop)


async def _end_of(sending: Awaitable[Stop | None]) -> tuple[ProvisionerError | None, StopKind | None]:
    """Wait for the end of sending; return the error and the kind of stop that ended it early, otherwise None."""
    try:
        stop = await sending
    except ProvisionerError as error:
        return error, None
    return (stop.error, stop.kind) if stop else (None, None)
