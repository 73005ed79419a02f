"""Execution of ``close``: the requests for the conversations, then those for their guests."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import structs

from provisioner.closing.close_workers import ClosePool, CloseWorkers
from provisioner.closing.guest_workers import GuestStep, GuestWorkers
from provisioner.closing.interaction_step import InteractionStep
from provisioner.errors import ProvisionerError
from provisioner.http_client.transport import Transport
from provisioner.models.closing import CloseStatus
from provisioner.monitor.close_monitor import AccountMonitor, CloseMonitor
from provisioner.monitor.joint_pace import JointPace
from provisioner.options import CloseOptions, Rate, parse_duration, parse_rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.sending import RateLimiter
from provisioner.ports.user_interface import UserInterface
from provisioner.reconciling import LOOK_UPS_PER_SECOND
from provisioner.runs.service_checks import service_check_of
from provisioner.runs.work_stop import draining_note
from provisioner.signals import StopSignals
from provisioner.twilio.closing import ClosingClient
from provisioner.twilio.conversations import ConversationClient
from provisioner.twilio.interactions import MOST_PER_SECOND, InteractionClient

from .close_plan import AccountPlan, ClosePlan
from .job_access import AccountRows
from .side_by_side import side_by_side

DRAIN_S = 30.0
"""Seconds that requests in flight have to finish after a stop signal."""


@dataclass(frozen=True, slots=True)
class CloseStage:
    """One kind of request in one account: the pool that makes the requests, and what it counts.

    ``paces`` are the pacers of further requests that belong to it; they are closed when it is drained.
    """

    pool: ClosePool[Any]
    monitor: AccountMonitor
    paces: tuple[RateLimiter, ...] = ()

    def drain(self, error: ProvisionerError | None) -> None:
        """Start nothing new; ``error`` is what the pool returns if it was not drained before."""
        self.pool.drain(error)
        for pace in self.paces:
            pace.close()


@dataclass(frozen=True, slots=True)
class AccountOutcome:
    """What became of the conversations and guests of one account, and the error that stopped it early, if any.

    ``guests`` is empty when none was to be deleted.
    """

    rows: AccountRows
    conversations: Counter[CloseStatus]
    guests: Counter[CloseStatus]
    error: ProvisionerError | None


@dataclass(frozen=True, slots=True)
class CloseOutcome:
    """What an execution counted in all accounts, and in each of them.

    ``guests`` is None when no guests were to be deleted. ``interactions`` is the number of closed channels.
    """

    conversations: CloseMonitor
    guests: CloseMonitor | None
    interactions: int
    accounts: Sequence[AccountOutcome]


class AccountExecution:
    """Clients, pacers and pools of one account, over the open ``transport``.

    ``monitors`` count the conversations, and the guests where these are deleted. ``error`` is what stopped the
    account early.
    """

    def __init__(
        self,
        options: CloseOptions,
        rows: AccountRows,
        transport: Transport,
        monitors: Sequence[CloseMonitor],
        *,
        ui: UserInterface,
    ) -> None:
        self._options, self._transport, self.rows = options, transport, rows
        self._rate = parse_rate(options.rate)
        self._close_ledger = rows.ledger.closing(deletes=options.delete, service_sid=rows.target.service_sid)
        self.error: ProvisionerError | None = None
        self._reachability = Reachability(
            give_up_s=parse_duration(options.give_up, "--give-up"),
            concurrency=options.concurrency,
            stop=self.drain,
            tell=lambda line: ui.print_status(rows.named(line)),
        )
        self._client = ClosingClient(transport, webhooks=options.webhooks)
        self.pacer = self._pacer_of("conversations", self._rate.per_second)
        self._service_check = service_check_of(rows.target, transport, rows.ledger, self._reachability)
        self._interactions: InteractionStep | None = None
        stages = self._conversations, self._guests
        self.stages = [stage(AccountMonitor(each)) for stage, each in zip(stages, monitors, strict=False)]

    @property
    def outage(self) -> str:
        """Why nothing is sent at the moment, empty while Twilio can be reached."""
        return self._reachability.pause

    @property
    def interactions(self) -> int:
        """Number of channels that were closed so far."""
        return self._interactions.closed if self._interactions else 0

    @property
    def outcome(self) -> AccountOutcome:
        """What became of the conversations and guests so far."""
        conversations, guests = [*(stage.monitor.ends for stage in self.stages), Counter[CloseStatus]()][:2]
        return AccountOutcome(self.rows, conversations, guests, self.error)

    async def run(self, stage: int) -> None:
        """Make the requests of one stage, unless an earlier one was stopped by an error."""
        if self.error is None:
            try:
                self.error = await self.stages[stage].pool.run()
            except ProvisionerError as raised:
                self.error = raised

    def drain(self, error: ProvisionerError | None = None) -> None:
        """Start nothing new, and let requests in flight finish."""
        for stage in self.stages:
            stage.drain(error)

    def cancel(self) -> None:
        """Cancel the requests in flight."""
        for stage in self.stages:
            stage.pool.cancel()

    def _conversations(self, monitor: AccountMonitor) -> CloseStage:
        through_interactions = self._options.through == "interactions"
        paces = self._prepare_interactions(monitor) if through_interactions else ()
        workers = CloseWorkers(
            store=self._close_ledger,
            close_call=self._client.delete if self._options.delete else self._client.close,
            pace=self.pacer,
            observer=monitor,
            concurrency=self._options.concurrency,
            service_check=self._service_check,
            step=self._interactions,
        )
        return CloseStage(workers, monitor, paces)

    def _prepare_interactions(self, monitor: AccountMonitor) -> tuple[RateLimiter, ...]:
        """Create the step that closes interactions, and return its pacers."""
        tasks = self._pacer_of("taskrouter", LOOK_UPS_PER_SECOND)
        look_ups = self._pacer_of("flex-api", LOOK_UPS_PER_SECOND)
        pace = self._pacer_of("flex-api", min(self._rate.per_second, MOST_PER_SECOND))
        client = InteractionClient(self._transport, tasks, look_ups)
        self._interactions = InteractionStep(client, store=self._close_ledger, pace=pace, observer=monitor)
        return tasks, look_ups, pace

    def _guests(self, monitor: AccountMonitor) -> CloseStage:
        store = self._close_ledger.guests
        look_ups = self._pacer_of("conversations", LOOK_UPS_PER_SECOND)
        finder = ConversationClient(self._transport, look_ups)
        step = GuestStep(finder, store=store, observer=monitor, job_id=self.rows.ledger.manifest.job_id)
        workers = GuestWorkers(
            store=store,
            delete_call=self._client.delete_user,
            pace=self.pacer,
            observer=monitor,
            concurrency=self._options.concurrency,
            service_check=self._service_check,
            step=step,
        )
        return CloseStage(workers, monitor, (look_ups,))

    def _pacer_of(self, product: str, per_second: float) -> Pacer:
        """Return a pacer for one host; it gives way while that host cannot be reached."""
        host = self._reachability.host_of(self._transport.url(product, "v1"))
        return Pacer(Rate(per_second=per_second), host=host)


class CloseExecution:
    """One ``close`` in all accounts in which anything is left, each at a rate of its own, at the same time."""

    def __init__(self, options: CloseOptions, plan: ClosePlan, *, ui: UserInterface) -> None:
        self._options, self._ui = options, ui
        self._accounts: list[AccountExecution] = []
        self._pacers: list[Pacer] = []
        self._monitors = [self._monitor(plan.to_close, "conversations")]
        if options.delete_users:
            self._monitors.append(self._monitor(plan.guests, "guests"))

    async def run(self, accounts: Sequence[AccountPlan], stop: StopSignals) -> CloseOutcome:
        """Make all requests, and return what became of them; a stop signal drains.

        An account that is stopped by an error does not stop the others.
        """
        async with AsyncExitStack() as stack:
            await self._open([each.rows for each in accounts], stack)
            stop.on_stop(self._drain, self._cancel)
            try:
                for number, monitor in enumerate(self._monitors):
                    if all(each.error for each in self._accounts):
                        break
                    async with self._ui.progress(monitor.snapshot):
                        await side_by_side(partial(AccountExecution.run, stage=number), self._accounts)
            finally:
                stop.clear()
        conversations, *others = self._monitors
        return CloseOutcome(
            conversations,
            others[0] if others else None,
            sum(each.interactions for each in self._accounts),
            [each.outcome for each in self._accounts],
        )

    async def _open(self, accounts: Sequence[AccountRows], stack: AsyncExitStack) -> None:
        """Open the connections of each account; simulated accounts share one simulator."""
        rate, simulator = parse_rate(self._options.rate), ""
        for rows in accounts:
            target = await stack.enter_async_context(
                structs.replace(rows.target, simulator=simulator).started(rate)
            )
            simulator = target.simulator
            transport = await stack.enter_async_context(target.open(rate))
            account = AccountExecution(self._options, rows, transport, self._monitors, ui=self._ui)
            self._accounts.append(account)
            self._pacers.append(account.pacer)

    def _drain(self) -> None:
        """Start nothing new, let requests in flight finish, and tell that a signal came."""
        for monitor in self._monitors:
            monitor.drain(DRAIN_S)
        for account in self._accounts:
            account.drain()
        self._ui.print_status(draining_note("nothing new is sent", DRAIN_S))

    def _cancel(self) -> None:
        for account in self._accounts:
            account.cancel()

    def _monitor(self, number: int, noun: str) -> CloseMonitor:
        return CloseMonitor(number, speed_limit=JointPace(self._pacers), outage=self._outage, noun=noun)

    def _outage(self) -> str:
        return next((each.outage for each in self._accounts if each.outage), "")
