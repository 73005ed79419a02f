"""Sends what may be sent and looks up what nobody knows, in turn, until nothing more comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from provisioner.http_client.transport import Transport
from provisioner.ledger import Ledger
from provisioner.models import MessageStatus, Status
from provisioner.monitor import RunMonitor
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import JobInput
from provisioner.reconciling import LOOK_UPS_PER_SECOND, MessageReconciler, Reconciler, choose_finder
from provisioner.sending import Dispatcher, DispatchLimits, Stop, TwilioCalls
from provisioner.twilio.closing import ClosingClient
from provisioner.twilio.messages import MessageClient
from provisioner.twilio.webchats import WebChatClient

from .close_timers import TwilioCloseTimers
from .config import RunConfig

MESSAGES_PER_SECOND = 10.0
"""Twilio allows 30 a second for each conversation; they go twice as fast as WebChats, so that hardly any waits."""


class SendAndReconcile:
    """The rounds of one run over one open transport.

    Rows and messages whose answer was lost are looked up once everything else was sent: by then they have had time
    to appear, and rows that were certainly created stand beside them. What is proved absent is sent in another
    round, and so are the messages of rows that were found.
    """

    def __init__(
        self,
        config: RunConfig,
        job_input: JobInput,
        ledger: Ledger,
        *,
        monitor: RunMonitor,
        pacer: Pacer,
        transport: Transport,
    ) -> None:
        self._config, self._input, self._ledger = config, job_input, ledger
        self._monitor, self._pacer, self._transport = monitor, pacer, transport
        self._identity_policy = config.identity_policy(ledger.manifest.job_id)
        self._creator = WebChatClient(transport)
        self._messenger = MessageClient(transport, Pacer(Rate(per_second=LOOK_UPS_PER_SECOND)))
        self._message_pacer = Pacer(_message_rate(config.peak_rate), is_prompt=True, window=config.window)
        self._timers = (
            TwilioCloseTimers(
                ClosingClient(transport), Pacer(_message_rate(config.peak_rate)), config.close_after_s
            )
            if config.close_after_s
            else None
        )
        self._dispatcher: Dispatcher | None = None
        self._patience: asyncio.Timeout | None = None
        self._is_stopped = False
        self._remaining_limit: int | None = None
        self._resendable_rows = 0
        self._stop: Stop | None = None
        self._log = structlog.get_logger().bind()
        self.unlooked = 0
        """Unknown rows, and created ones with an unknown message, that a stop kept from being looked up."""

    async def run(self, to_send: int) -> Stop | None:
        """Send and look up, as long as looking up gives rows to send; return what stopped it early."""
        options = self._config.options
        self._remaining_limit = None if self._config.limit is None else self._config.limit - to_send
        for number in range(1, options.max_attempts + 1):
            stop = await self._send(to_send, canary=options.canary if number == 1 else 0)
            if options.on_unknown == "hold":
                return stop
            again = await self._look_up_rows(stop) if options.on_unknown == "reconcile" else 0
            again += await self._look_for_messages(stop)
            if stop is not None or not again or self._is_stopped:
                return stop or self._stop
            again = await self._allowed(again)
            await self._ledger.set_claimable({Status.PENDING}, messages={MessageStatus.PENDING}, limit=again)
            to_send = await self._ledger.to_send() + await self._ledger.to_post()
            if not to_send:
                return None
        return None

    @property
    def details(self) -> dict[str, int]:
        """What programs are told besides: where timers were asked for, how many conversations may have none.

        One that was only found by looking up never got one.
        """
        if self._timers is None:
            return {}
        return {"timers_not_set": self._timers.not_set + self._monitor.resolved_to[Status.CREATED]}

    def drain(self, stop: Stop | None = None) -> None:
        """Start nothing new; rows that are not settled by a look yet stay unknown."""
        self._is_stopped = True
        self._stop = self._stop or stop
        self._monitor.drain()
        if self._dispatcher is not None:
            self._dispatcher.drain(stop)
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())
            self._patience = None

    def cancel(self) -> None:
        """Wait no longer for what flies."""
        if self._dispatcher is not None:
            self._dispatcher.cancel()

    async def _send(self, to_send: int, *, canary: int) -> Stop | None:
        options = self._config.options
        self._dispatcher = Dispatcher(
            ledger=self._ledger,
            row_loader=SourceFeed(self._input, self._identity_policy),
            calls=TwilioCalls(
                creator=self._creator,
                messenger=self._messenger,
                pace=self._pacer,
                message_pace=self._message_pacer,
                timers=self._timers,
            ),
            observer=self._monitor,
            limits=DispatchLimits(
                concurrency=options.concurrency,
                max_attempts=options.max_attempts,
                canary=canary,
                failures=self._config.failures,
                to_send=to_send,
                resends_unknown=options.on_unknown == "resend",
            ),
        )
        if self._is_stopped:
            self._dispatcher.drain(self._stop)
        return await self._dispatcher.run()

    async def _allowed(self, again: int) -> int:
        """Return how many rows of another round --limit allows.

        Rows already sent in this run do not count against --limit again. Unknown rows of earlier runs do, and may
        use up the rest of it.
        """
        if self._remaining_limit is None:
            return again
        revived = self._monitor.resendable_rows((await self._ledger.messages.counts()).pending)
        new, self._resendable_rows = revived - self._resendable_rows, revived
        if new <= self._remaining_limit:
            self._remaining_limit -= new
            return again
        allowed, self._remaining_limit = max(self._remaining_limit, 0), -1
        return allowed

    async def _look_up_rows(self, stop: Stop | None) -> int:
        """Look up every unknown row, unless the run stops; return how many may be sent, or owe a message now."""
        unknown = (await self._ledger.counts()).unknown
        if not unknown or stop is not None or self._is_stopped:
            self.unlooked = unknown
            return 0
        chosen = choose_finder(
            self._transport,
            self._identity_policy,
            rate=Rate(per_second=LOOK_UPS_PER_SECOND),
            trusts_identities=await self._ledger.trusts_identities(),
        )
        reconciler = Reconciler(
            self._ledger,
            chosen,
            self._monitor,
            settle_delay_s=self._config.options.settle_delay,
        )
        self._log.info("lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self.unlooked = unknown - reconciler.ends.total()
        self._log.info("lookup.finished", **{status.value: rows for status, rows in reconciler.ends.items()})
        owed = (await self._ledger.messages.counts()).pending
        return reconciler.ends[Status.PENDING] + min(reconciler.ends[Status.CREATED], owed)

    async def _look_for_messages(self, stop: Stop | None) -> int:
        """Look for every message in doubt, unless the run stops; return how many may be posted now."""
        unknown = (await self._ledger.messages.counts()).unknown
        if not unknown or stop is not None or self._is_stopped:
            self.unlooked += unknown
            return 0
        reconciler = MessageReconciler(
            self._ledger.messages,
            self._messenger,
            SourceFeed(self._input, self._identity_policy),
            self._monitor,
            settle_delay_s=self._config.options.settle_delay,
        )
        self._log.info("message_lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self.unlooked += unknown - reconciler.ends.total()
        ends = {status.value: rows for status, rows in reconciler.ends.items()}
        self._log.info("message_lookup.finished", **ends)
        return reconciler.ends[MessageStatus.PENDING]

    async def _look(self, run: Callable[[], Awaitable[None]]) -> None:
        """Look until all is settled, or until somebody has had enough of it."""
        self._monitor.is_looking = True
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as self._patience:
                if not self._is_stopped:  # a signal may have come since that was asked last
                    await run()
        self._patience = None
        self._monitor.is_looking = False


def _message_rate(rate: Rate) -> Rate:
    """Return how fast messages may be posted while WebChats are created at this rate."""
    return replace(rate, per_second=max(2 * rate.per_second, MESSAGES_PER_SECOND))
