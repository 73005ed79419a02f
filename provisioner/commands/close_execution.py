"""Execution of ``close``: the requests for the conversations, then those for their guests."""

from dataclasses import dataclass
from typing import Any

from provisioner.closing.close_workers import ClosePool, CloseWorkers
from provisioner.closing.guest_workers import GuestStep, GuestWorkers
from provisioner.closing.interaction_step import InteractionStep
from provisioner.closing.scope import CloseJob
from provisioner.errors import ProvisionerError
from provisioner.http_client.transport import Transport
from provisioner.monitor.close_monitor import CloseMonitor
from provisioner.options import CloseOptions, Rate, parse_duration, parse_rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.sending import RateLimiter
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import LOOK_UPS_PER_SECOND
from provisioner.runs.service_checks import service_check_of
from provisioner.signals import StopSignals
from provisioner.target import Target
from provisioner.twilio.closing import ClosingClient
from provisioner.twilio.conversations import ConversationClient
from provisioner.twilio.interactions import MOST_PER_SECOND, InteractionClient

from .close_plan import ClosePlan


@dataclass(frozen=True, slots=True)
class CloseStage:
    """One kind of request of a ``close``: the pool that makes the requests, and what it counts.

    ``paces`` are the pacers of further requests that belong to it; they are closed when it is drained.
    """

    pool: ClosePool[Any]
    monitor: CloseMonitor
    paces: tuple[RateLimiter, ...] = ()

    def drain(self, error: ProvisionerError | None) -> None:
        """Start nothing new; ``error`` is what the pool returns if it was not drained before."""
        self.monitor.drain()
        self.pool.drain(error)
        for pace in self.paces:
            pace.close()


@dataclass(frozen=True, slots=True)
class CloseOutcome:
    """What an execution counted, and the error that stopped it early, None for none.

    ``guests`` is None when no guests were to be deleted. ``interactions`` is the number of closed channels.
    """

    conversations: CloseMonitor
    guests: CloseMonitor | None
    interactions: int
    error: ProvisionerError | None


class CloseExecution:
    """Clients, pacers and pools of one ``close``, over the open ``transport``."""

    def __init__(
        self, options: CloseOptions, target: Target, transport: Transport, job: CloseJob, *, ui: UserInterface
    ) -> None:
        self._options, self._transport, self._job, self._ui = options, transport, job, ui
        self._rate = parse_rate(options.rate)
        self._reachability = Reachability(
            give_up_s=parse_duration(options.give_up, "--give-up"),
            concurrency=options.concurrency,
            stop=self.drain,
            tell=ui.print_status,
        )
        self._client = ClosingClient(transport, webhooks=options.webhooks)
        self._pacer = self._pacer_of("conversations", self._rate.per_second)
        self._service_check = service_check_of(target, transport, job.ledger, self._reachability)
        self._interactions: InteractionStep | None = None
        self._stages: list[CloseStage] = []

    async def run(self, plan: ClosePlan, stop: StopSignals) -> CloseOutcome:
        """Make all requests, and return what became of them; a stop signal drains."""
        self._stages = [self._conversations(plan.to_close)]
        if self._options.delete_users:
            self._stages.append(self._guests(plan.guests))
        stop.on_stop(self.drain, self._cancel)
        try:
            error = await self._run_stages()
        except ProvisionerError as raised:
            error = raised
        finally:
            stop.clear()
        conversations, *others = [stage.monitor for stage in self._stages]
        closed = self._interactions.closed if self._interactions else 0
        return CloseOutcome(conversations, others[0] if others else None, closed, error)

    def drain(self, error: ProvisionerError | None = None) -> None:
        """Start nothing new, and let requests in flight finish; without an ``error``, tell that a signal came."""
        for stage in self._stages:
            stage.drain(error)
        if error is None:
            self._ui.print_status("stopping: nothing new is sent; a second signal stops at once")

    async def _run_stages(self) -> ProvisionerError | None:
        for stage in self._stages:
            async with self._ui.progress(stage.monitor.snapshot):
                if error := await stage.pool.run():
                    return error
        return None

    def _cancel(self) -> None:
        for stage in self._stages:
            stage.pool.cancel()

    def _conversations(self, to_close: int) -> CloseStage:
        monitor = self._monitor(to_close, "conversations")
        through_interactions = self._options.through == "interactions"
        paces = self._prepare_interactions(monitor) if through_interactions else ()
        workers = CloseWorkers(
            store=self._job.close_ledger,
            close_call=self._client.delete if self._options.delete else self._client.close,
            pace=self._pacer,
            observer=monitor,
            concurrency=self._options.concurrency,
            service_check=self._service_check,
            step=self._interactions,
        )
        return CloseStage(workers, monitor, paces)

    def _prepare_interactions(self, monitor: CloseMonitor) -> tuple[RateLimiter, ...]:
        """Create the step that closes interactions, and return its pacers."""
        tasks = self._pacer_of("taskrouter", LOOK_UPS_PER_SECOND)
        look_ups = self._pacer_of("flex-api", LOOK_UPS_PER_SECOND)
        pace = self._pacer_of("flex-api", min(self._rate.per_second, MOST_PER_SECOND))
        client = InteractionClient(self._transport, tasks, look_ups)
        self._interactions = InteractionStep(client, store=self._job.close_ledger, pace=pace, observer=monitor)
        return tasks, look_ups, pace

    def _guests(self, number: int) -> CloseStage:
        monitor, store = self._monitor(number, "guests"), self._job.close_ledger.guests
        look_ups = self._pacer_of("conversations", LOOK_UPS_PER_SECOND)
        finder = ConversationClient(self._transport, look_ups)
        step = GuestStep(finder, store=store, observer=monitor, job_id=self._job.ledger.manifest.job_id)
        workers = GuestWorkers(
            store=store,
            delete_call=self._client.delete_user,
            pace=self._pacer,
            observer=monitor,
            concurrency=self._options.concurrency,
            service_check=self._service_check,
            step=step,
        )
        return CloseStage(workers, monitor, (look_ups,))

    def _monitor(self, number: int, noun: str) -> CloseMonitor:
        return CloseMonitor(number, speed_limit=self._pacer, outage=lambda: self._reachability.pause, noun=noun)

    def _pacer_of(self, product: str, per_second: float) -> Pacer:
        """Return a pacer for one host; it gives way while that host cannot be reached."""
        host = self._reachability.host_of(self._transport.url(product, "v1"))
        return Pacer(Rate(per_second=per_second), host=host)
