"""Second step of a run: send every selected row, and look up unknown rows."""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from functools import partial

from provisioner.errors import ProvisionerError
from provisioner.http_client.transport import Transport
from provisioner.models.forecast import Forecast
from provisioner.monitor import NO_FIGURES, RunFigures, RunMonitor
from provisioner.pacing import Reachability
from provisioner.planning.feed import SourceFeed
from provisioner.ports.sending import ServiceCheck
from provisioner.ports.user_interface import UserInterface
from provisioner.rows import IdentityPolicy
from provisioner.sending import Stop, StopKind
from provisioner.system.event_log import event_logger
from provisioner.target import Target

from .clients import RunClients
from .open_job import OpenJob
from .plan_step import RunPlan
from .rounds import RoundConfig, SendAndReconcile
from .send_schedule import SendSchedule
from .service_checks import service_check_of
from .supervisor import RunSupervisor
from .work_stop import WorkStop


@dataclass(frozen=True, slots=True, kw_only=True)
class SendConfig:
    """Configuration of the second step.

    ``rate`` is the value of ``--rate``, as the user wrote it. ``drain_s`` is the time in seconds that requests in
    flight have to finish after a stop. ``defaults`` are texts by field, for rows that do not fill it.
    ``give_up_s`` is the longest time in seconds for which Twilio may be out of reach, None when a failed
    connection counts as an attempt.
    """

    target: Target
    schedule: SendSchedule
    rounds: RoundConfig
    rate: str
    drain_s: float
    defaults: Mapping[str, str] = field(default_factory=dict)
    give_up_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """Result of sending; without arguments, the result of a run that sent nothing.

    ``error`` is the error that prevented or stopped sending, and ``is_time_up`` says that ``--max-duration``
    stopped it. ``began`` is the start of sending, in seconds of ``time.monotonic``. ``unlooked`` is the number of
    unknown rows and messages that were not looked up because of a stop. ``bytes_sent`` and ``bytes_received``
    count request and response bodies only. ``unreachable_s`` is how long Twilio could not be reached.
    """

    error: ProvisionerError | None = None
    is_time_up: bool = False
    figures: RunFigures = NO_FIGURES
    began: float | None = None
    unlooked: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    unreachable_s: float = 0.0

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
    began, stop = time.monotonic(), WorkStop()
    async with config.target.open(config.schedule.peak_rate) as transport:
        reachability = _reachability(config, stop, job.ui)
        service_check = service_check_of(config.target, transport, job.ledger, reachability)
        clients = _clients(transport, config, identity_policy, reachability, service_check)
        clients = clients.with_history(job.history)
        monitor = _monitor(planned, clients, reachability)
        stop.on_drain = monitor.drain
        feed = partial(SourceFeed, job.input, identity_policy, config.defaults)
        rounds = SendAndReconcile(config.rounds, job.ledger, feed, clients=clients, monitor=monitor, stop=stop)
        job.stop.on_stop(lambda: _drain(stop, job.ui, config.drain_s), stop.cancel)
        _log_start(planned.to_send, config.rate)
        async with supervisor.open(monitor, clients.pacer, job.ui, stop.drain), job.ui.progress(monitor.snapshot):
            error, ended_by = await _end_of(rounds.run(planned.to_send + planned.to_post))
    return SendReport(
        error=error,
        is_time_up=ended_by is StopKind.TIME_UP,
        figures=monitor.figures(),
        began=began,
        unlooked=rounds.unlooked,
        bytes_sent=transport.traffic.sent,
        bytes_received=transport.traffic.received,
        unreachable_s=reachability.out_s,
    )


def _reachability(config: SendConfig, stop: WorkStop, ui: UserInterface) -> Reachability:
    """Return what knows whether Twilio can be reached, and stops the run when that lasts too long."""
    return Reachability(
        give_up_s=config.give_up_s,
        concurrency=config.rounds.concurrency,
        stop=lambda error: stop.drain(Stop(StopKind.UNREACHABLE, error)),
        tell=ui.print_status,
    )


def _clients(
    transport: Transport,
    config: SendConfig,
    identity_policy: IdentityPolicy,
    reachability: Reachability,
    service_check: ServiceCheck | None,
) -> RunClients:
    """Return what a run calls Twilio by."""
    return RunClients.over(
        transport,
        config.schedule,
        identity_policy,
        lone=config.rounds.canary,
        reachability=reachability,
        service_check=service_check,
    )


def _monitor(planned: Forecast, clients: RunClients, reachability: Reachability) -> RunMonitor:
    """Return what watches a run that has this much to do."""
    return RunMonitor(
        planned.counts,
        to_send=planned.to_send,
        to_post=planned.to_post,
        pacer_status=clients.pacer,
        outage=lambda: reachability.pause,
    )


def _drain(stop: WorkStop, ui: UserInterface, drain_s: float) -> None:
    stop.drain()
    wait = f"what is in flight has {drain_s:g} s"
    ui.print_status(f"stopping: nothing new is sent, {wait}; a second signal stops at once")


def _log_start(rows: int, rate: str) -> None:
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    event_logger().info("run.started", rows=rows, rate=rate, loop=loop)


async def _end_of(sending: Awaitable[Stop | None]) -> tuple[ProvisionerError | None, StopKind | None]:
    """Wait for the end of sending; return the error and the kind of stop that ended it early, otherwise None."""
    try:
        stop = await sending
    except ProvisionerError as error:
        return error, None
    return (stop.error, stop.kind) if stop else (None, None)
