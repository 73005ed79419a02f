"""The second step of a run: every row that may be sent is sent, and those nobody knows are looked up."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

from provisioner.errors import ProvisionerError
from provisioner.models import Status
from provisioner.monitor import NO_FIGURES, RunFigures, RunMonitor
from provisioner.planning.feed import SourceFeed
from provisioner.ports.user_interface import UserInterface
from provisioner.rows import IdentityPolicy
from provisioner.sending import Stop
from provisioner.system.event_log import event_logger
from provisioner.target import Target

from .clients import RunClients
from .close_timers import TwilioCloseTimers
from .open_job import OpenJob
from .plan_step import RunPlan
from .rounds import RoundConfig, SendAndReconcile
from .send_schedule import SendSchedule
from .supervisor import RunSupervisor
from .work_stop import WorkStop


@dataclass(frozen=True, slots=True, kw_only=True)
class SendConfig:
    """Who is called, how fast, and within which bounds.

    ``rate`` is the one that was asked for, in the user's words. ``drain_s`` is how many seconds what is in flight
    has after a stop. ``close_after_s`` lets created conversations close by themselves when they are unused for so
    many seconds; None: never.
    """

    target: Target
    schedule: SendSchedule
    rounds: RoundConfig
    rate: str
    drain_s: float
    close_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What sending came to; without arguments that of a run that sent nothing.

    ``error`` is what kept or stopped it. ``began`` is when sending began, in seconds of ``time.monotonic``. A stop
    kept ``unlooked`` rows and messages from being looked up. ``timers_not_set`` counts the conversations that may
    not close by themselves, None where none was to. Bytes are those of bodies.
    """

    error: ProvisionerError | None = None
    figures: RunFigures = NO_FIGURES
    began: float | None = None
    unlooked: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    timers_not_set: int | None = None


async def send(
    job: OpenJob,
    config: SendConfig,
    identity_policy: IdentityPolicy,
    supervisor: RunSupervisor,
    run_plan: RunPlan,
) -> SendReport:
    """Send what the plan says, and look up those rows that nobody knows.

    Raise ``ProvisionerError`` only for what keeps the connections from being opened.
    """
    planned = run_plan.forecast
    if run_plan.refusal is not None or not planned.has_work:
        return SendReport(error=run_plan.refusal)
    began, pacer = time.monotonic(), config.schedule.pacer(lone=config.rounds.canary)
    monitor = RunMonitor(planned.counts, to_send=planned.to_send, to_post=planned.to_post, pacer_status=pacer)
    async with config.target.open(config.schedule.peak_rate) as transport:
        clients = RunClients.over(
            transport, pacer, config.schedule, identity_policy, close_after_s=config.close_after_s
        )
        stop = WorkStop(monitor.drain)
        feed = partial(SourceFeed, job.input, identity_policy)
        rounds = SendAndReconcile(config.rounds, job.ledger, feed, clients=clients, monitor=monitor, stop=stop)
        job.stop.on_stop(lambda: _drain(stop, job.ui, config.drain_s), stop.cancel)
        _log_start(planned.to_send, config.rate)
        async with supervisor.open(monitor, pacer, job.ui, stop.drain), job.ui.progress(monitor.snapshot):
            error = await _error_of(rounds.run(planned.to_send + planned.to_post))
    return SendReport(
        error=error,
        figures=monitor.figures(),
        began=began,
        unlooked=rounds.unlooked,
        bytes_sent=transport.traffic.sent,
        bytes_received=transport.traffic.received,
        timers_not_set=_timers_not_set(clients.timers, monitor),
    )


def _drain(stop: WorkStop, ui: UserInterface, drain_s: float) -> None:
    stop.drain()
    wait = f"what is in flight has {drain_s:g} s"
    ui.print_status(f"stopping: nothing new is sent, {wait}; a second signal stops at once")


def _log_start(rows: int, rate: str) -> None:
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    event_logger().info("run.started", rows=rows, rate=rate, loop=loop)


async def _error_of(sending: Awaitable[Stop | None]) -> ProvisionerError | None:
    """Wait for the end of sending; return what stopped it early, None where nothing did."""
    try:
        stop = await sending
    except ProvisionerError as error:
        return error
    return stop.error if stop else None


def _timers_not_set(timers: TwilioCloseTimers | None, monitor: RunMonitor) -> int | None:
    """Count the conversations that may have no timer; one that was only found by looking up never got one."""
    return None if timers is None else timers.not_set + monitor.resolved_to[Status.CREATED]
