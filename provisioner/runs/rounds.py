"""Sends what may be sent and looks up what nobody knows, in turn, until nothing more comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from provisioner.ledger import Ledger
from provisioner.models import MessageStatus, Status
from provisioner.monitor import RunMonitor
from provisioner.options import FailureLimit
from provisioner.planning.feed import SourceFeed
from provisioner.reconciling import MessageReconciler, Reconciler
from provisioner.sending import Dispatcher, DispatchLimits, Stop
from provisioner.system.event_log import event_logger

from .clients import RunClients
from .row_selection import RetryConfig
from .work_stop import WorkStop


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundConfig:
    """The bounds of sending and looking up.

    ``limit`` is how many rows a run sends at most, None for no limit. ``canary`` rows are sent alone first.
    ``failures`` stops the run. ``settle_delay_s`` seconds pass before a look-up may call a row absent.
    """

    retry: RetryConfig
    limit: int | None
    concurrency: int
    canary: int
    failures: FailureLimit | None
    settle_delay_s: float


class SendAndReconcile:
    """The rounds of one run over one open transport.

    Rows and messages whose answer was lost are looked up once everything else was sent: by then they have had time
    to appear, and rows that were certainly created stand beside them. What is proved absent is sent in another
    round, and so are the messages of rows that were found. ``new_feed`` begins another pass over the input.
    """

    def __init__(
        self,
        config: RoundConfig,
        ledger: Ledger,
        new_feed: Callable[[], SourceFeed],
        *,
        clients: RunClients,
        monitor: RunMonitor,
        stop: WorkStop,
    ) -> None:
        self._config, self._ledger, self._new_feed = config, ledger, new_feed
        self._clients, self._monitor, self._stop = clients, monitor, stop
        self._unlooked_rows = self._unlooked_messages = 0
        self._log = event_logger()

    @property
    def unlooked(self) -> int:
        """Unknown rows, and created ones with an unknown message, that a stop kept from being looked up."""
        return self._unlooked_rows + self._unlooked_messages

    async def run(self, to_send: int) -> Stop | None:
        """Send and look up, as long as looking up gives rows to send; return what stopped it early."""
        config = self._config
        allowance = _Allowance(None if config.limit is None else config.limit - to_send)
        for number in range(1, config.retry.max_attempts + 1):
            stop = await self._send(to_send, canary=config.canary if number == 1 else 0)
            if not config.retry.looks_up_messages:
                return stop
            again = await self._look_up_rows(stop) if config.retry.looks_up_rows else 0
            again += await self._look_for_messages(stop)
            if stop is not None or not again or self._stop.is_stopped:
                return stop or self._stop.reason
            if allowance.is_bounded:
                owed = (await self._ledger.messages.counts()).pending
                again = allowance.take(again, self._monitor.resendable_rows(owed))
            await self._ledger.set_claimable({Status.PENDING}, messages={MessageStatus.PENDING}, limit=again)
            to_send = await self._ledger.to_send() + await self._ledger.to_post()
            if not to_send:
                return None
        return None

    async def _send(self, to_send: int, *, canary: int) -> Stop | None:
        config, clients = self._config, self._clients
        dispatcher = Dispatcher(
            ledger=self._ledger,
            row_loader=self._new_feed(),
            calls=clients.calls,
            observer=self._monitor,
            limits=DispatchLimits(
                concurrency=config.concurrency,
                max_attempts=config.retry.max_attempts,
                canary=canary,
                failures=config.failures,
                to_send=to_send,
                resends_unknown=config.retry.resends_unknown,
            ),
        )
        with self._stop.work(dispatcher.drain, dispatcher.cancel):
            return await dispatcher.run()

    async def _look_up_rows(self, stop: Stop | None) -> int:
        """Look up every unknown row, unless the run stops; return how many may be sent, or owe a message now."""
        self._unlooked_rows = unknown = (await self._ledger.counts()).unknown
        if not unknown or stop is not None or self._stop.is_stopped:
            return 0
        chosen = self._clients.choose_finder(trusts_identities=await self._ledger.trusts_identities())
        reconciler = Reconciler(self._ledger, chosen, self._monitor, settle_delay_s=self._config.settle_delay_s)
        self._log.info("lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_rows = unknown - reconciler.ends.total()
        self._log.info("lookup.finished", **{status.value: rows for status, rows in reconciler.ends.items()})
        owed = (await self._ledger.messages.counts()).pending
        return reconciler.ends[Status.PENDING] + min(reconciler.ends[Status.CREATED], owed)

    async def _look_for_messages(self, stop: Stop | None) -> int:
        """Look for every message in doubt, unless the run stops; return how many may be posted now."""
        self._unlooked_messages = unknown = (await self._ledger.messages.counts()).unknown
        if not unknown or stop is not None or self._stop.is_stopped:
            return 0
        reconciler = MessageReconciler(
            self._ledger.messages,
            self._clients.messenger,
            self._new_feed(),
            self._monitor,
            settle_delay_s=self._config.settle_delay_s,
        )
        self._log.info("message_lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_messages = unknown - reconciler.ends.total()
        ends = {status.value: rows for status, rows in reconciler.ends.items()}
        self._log.info("message_lookup.finished", **ends)
        return reconciler.ends[MessageStatus.PENDING]

    async def _look(self, run: Callable[[], Awaitable[None]]) -> None:
        """Look until all is settled, or until somebody has had enough of it."""
        self._monitor.is_looking = True
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def give_up(_reason: Stop | None) -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                with self._stop.work(give_up):
                    if not self._stop.is_stopped:  # a signal may have come since that was asked last
                        await run()
        self._monitor.is_looking = False


class _Allowance:
    """How many more rows --limit lets a run send; ``remaining`` is None where there is no limit.

    Rows already sent in the run do not count against --limit again. Unknown rows of earlier runs do, and may use
    up the rest of it.
    """

    def __init__(self, remaining: int | None) -> None:
        self._remaining = remaining
        self._revived = 0

    @property
    def is_bounded(self) -> bool:
        """Say whether there is a limit."""
        return self._remaining is not None

    def take(self, again: int, revived: int) -> int:
        """Return how many of ``again`` rows the next round may send.

        ``revived`` is how many rows of earlier runs looking up has given so far.
        """
        if self._remaining is None:
            return again
        new, self._revived = revived - self._revived, revived
        if new <= self._remaining:
            self._remaining -= new
            return again
        allowed, self._remaining = max(self._remaining, 0), -1
        return allowed
