"""Rounds of a run: send rows, then look up unknown rows and messages, until no row is left to send."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from provisioner.ledger import Ledger
from provisioner.models import MessageStatus, SettingsStatus, Status
from provisioner.monitor import RunMonitor
from provisioner.options import FailureLimit
from provisioner.planning.feed import SourceFeed
from provisioner.reconciling import MessageReconciler, Reconciler, history_reconciler
from provisioner.sending import Dispatcher, DispatchLimits, Stop
from provisioner.system.event_log import event_logger

from .clients import RunClients
from .open_limit import open_limit_of
from .row_selection import RetryConfig, RowSelection
from .work_stop import WorkStop


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundConfig:
    """Limits of sending and looking up.

    ``limit`` is the most rows that a run sends, None for no limit. ``concurrency`` is the most requests in flight.
    ``canary`` is the number of rows that are sent alone first. ``failures`` is the limit of ``--max-failures``.
    ``settle_delay_s`` is the time in seconds before a look-up may report a row as absent. While ``max_open``
    conversations of the job are open, none is created; 0 is no limit. ``service_sid`` is the Conversations service
    that is asked, empty for the account's default one. With ``may_share``, rows
    with the same identity of the user's own may share a conversation. ``other_host`` is the host that is asked
    when it is not Twilio's.
    """

    retry: RetryConfig
    limit: int | None
    concurrency: int
    canary: int
    failures: FailureLimit | None
    settle_delay_s: float
    max_open: int = 0
    service_sid: str = ""
    may_share: bool = False
    other_host: str = ""


class SendAndReconcile:
    """Rounds of sending and looking up in one run, over one open transport.

    Rows and messages whose reply was lost are looked up after all other rows were sent. By then they have had time
    to appear at Twilio, and the ledger has rows that were certainly created, which a look-up must find, too. Rows
    that are absent are sent in the next round, and so are the messages of rows that were found. ``new_feed``
    starts another pass over the input.
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
        self._open_limit = monitor.open_limit = open_limit_of(
            config.max_open,
            clients,
            ledger,
            settle_delay_s=config.settle_delay_s,
            service_sid=config.service_sid,
        )
        self._unlooked_rows = self._unlooked_messages = self._unlooked_histories = 0
        self._looked_at_doubts, self._found_while_held = -1, 0
        self._log = event_logger()

    @property
    def unlooked(self) -> int:
        """Number of unknown rows and unknown messages that were not looked up, because the run was stopped."""
        return self._unlooked_rows + self._unlooked_messages + self._unlooked_histories

    async def run(self, to_send: int) -> Stop | None:
        """Send ``to_send`` rows and look up unknown ones, in rounds, until no row is left to send.

        Return the reason when the run was stopped early, otherwise None. Raise ``ProvisionerError`` when the input
        cannot be read or the ledger cannot be written.
        """
        config = self._config
        allowance = _Allowance(None if config.limit is None else config.limit - to_send)
        number = posted = 0
        while number < config.retry.max_attempts or self._monitor.history_posted > posted:
            posted = self._monitor.history_posted
            number += 1
            stop = await self._send_round(to_send, is_first=number == 1)
            again = await self._look_up(stop) + self._found_while_held
            self._found_while_held = 0
            if stop is not None or not again or self._stop.is_stopped:
                return stop or self._stop.reason
            if allowance.is_bounded:
                again = allowance.take(again, self._monitor.resendable_rows(await self._owed()))
            await self._ledger.set_claimable(
                {Status.PENDING},
                messages={MessageStatus.PENDING},
                settings={SettingsStatus.PENDING},
                limit=again,
            )
            to_send = await self._ledger.to_send() + await self._ledger.to_post()
            if not to_send:
                return None
        return None

    async def _send_round(self, to_send: int, *, is_first: bool) -> Stop | None:
        """Send the claimable rows; under ``--max-open``, first do what created rows owe.

        A chat without its message is not answered and so not closed: no row that waits for that may be before it.
        """
        canary = self._config.canary if is_first else 0
        if self._open_limit is None:
            return await self._send(to_send, canary=canary)
        owed, to_create = await self._ledger.to_post(), await self._ledger.to_send()
        selection = RowSelection(retry=self._config.retry)
        if owed:
            messages = selection.message_statuses if is_first else {MessageStatus.PENDING}
            settings = selection.settings_statuses if is_first else {SettingsStatus.PENDING}
            await self._ledger.set_claimable((), messages=messages, settings=settings, limit=owed)
            if (stop := await self._send(owed, canary=0)) or self._stop.is_stopped:
                return stop
            await self._ledger.set_claimable(selection.statuses if is_first else {Status.PENDING}, limit=to_create)
        async with self._open_limit.watched(self._look_up_while_held, self._stop.drain):
            return await self._send(to_create, canary=canary)

    async def _look_up_while_held(self) -> bool:
        """Look up what became unknown since the last time; return whether there was anything."""
        if self._monitor.doubts == self._looked_at_doubts or not self._config.retry.looks_up_messages:
            return False
        if self._config.retry.looks_up_rows:
            self._found_while_held += await self._look_up_rows(None)
        self._found_while_held += await self._look_for_messages(None)
        self._found_while_held += await self._look_for_histories(None)
        self._looked_at_doubts = self._monitor.doubts
        return True

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
                may_share=config.may_share,
                other_host=config.other_host,
            ),
            admission=self._open_limit,
        )
        with self._stop.work(dispatcher.drain, dispatcher.cancel):
            return await dispatcher.run()

    async def _look_up(self, stop: Stop | None) -> int:
        """Look up unknown rows and messages, as far as that is wanted; return how many rows have to be done again.

        Those are among them whose history had no place before.
        """
        again, retry = 0, self._config.retry
        if retry.looks_up_rows:
            again += await self._look_up_rows(stop)
        if retry.looks_up_messages:
            again += await self._look_for_messages(stop)
            again += await self._look_for_histories(stop)
        return again + (await self._ledger.histories.owed() if self._clients.calls.history else 0)

    async def _look_up_rows(self, stop: Stop | None) -> int:
        """Look up every unknown row, unless the run stops; return how many can be sent or owe what follows."""
        self._unlooked_rows = unknown = (await self._ledger.counts()).unknown
        if not unknown or stop is not None or self._stop.is_stopped:
            return 0
        chosen = self._clients.choose_finder(trusts_identities=await self._ledger.trusts_identities())
        feed = self._new_feed()
        if feed.has_unique_names:
            chosen = replace(chosen, names=self._clients.unique_names(feed))
        reconciler = Reconciler(
            self._ledger,
            chosen,
            self._monitor,
            settle_delay_s=self._config.settle_delay_s,
            may_share=self._config.may_share,
            service_check=self._clients.calls.service_check,
        )
        self._log.info("lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_rows = unknown - reconciler.ends.total()
        self._log.info("lookup.finished", **{status.value: rows for status, rows in reconciler.ends.items()})
        return reconciler.ends[Status.PENDING] + min(reconciler.ends[Status.CREATED], await self._owed())

    async def _owed(self) -> int:
        """Return the most created rows that still owe what follows; one that owes two things may count twice."""
        messages, settings = await self._ledger.messages.counts(), await self._ledger.settings.counts()
        return messages.pending + settings.pending

    async def _look_for_messages(self, stop: Stop | None) -> int:
        """Look up every unknown message, unless the run stops; return how many may be posted now."""
        self._unlooked_messages = unknown = (await self._ledger.messages.counts()).unknown
        if not unknown or stop is not None or self._stop.is_stopped:
            return 0
        reconciler = MessageReconciler(
            self._ledger.messages,
            self._clients.calls.messenger,
            self._new_feed(),
            self._monitor,
            settle_delay_s=self._config.settle_delay_s,
            service_check=self._clients.calls.service_check,
        )
        self._log.info("message_lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_messages = unknown - reconciler.ends.total()
        ends = {status.value: rows for status, rows in reconciler.ends.items()}
        self._log.info("message_lookup.finished", **ends)
        return reconciler.ends[MessageStatus.PENDING]

    async def _look_for_histories(self, stop: Stop | None) -> int:
        """Look up every unknown message of a history, unless the run stops; return how many rows can go on.

        Those are the ones whose message was found. ``owed`` counts the ones whose message is to be posted again.
        """
        calls = self._clients.calls
        unknown = (await self._ledger.histories.counts()).unknown if calls.history else 0
        self._unlooked_histories = unknown
        if calls.history is None or not unknown or stop is not None or self._stop.is_stopped:
            return 0
        reconciler = history_reconciler(
            self._ledger.histories,
            calls.history.messenger,
            calls.history.loader,
            self._monitor,
            settle_delay_s=self._config.settle_delay_s,
            service_check=calls.service_check,
        )
        self._log.info("history_lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_histories = unknown - reconciler.ends.total()
        ends = {status.value: rows for status, rows in reconciler.ends.items()}
        self._log.info("history_lookup.finished", **ends)
        return reconciler.ends[MessageStatus.POSTED]

    async def _look(self, run: Callable[[], Awaitable[None]]) -> None:
        """Run the look-ups to their end, or until a stop cancels them."""
        self._monitor.is_looking = True
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def give_up(_reason: Stop | None) -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                with self._stop.work(give_up):
                    if not self._stop.is_stopped:  # a signal may have come since the last check
                        await run()
        self._monitor.is_looking = False


class _Allowance:
    """Number of rows that a run may still send under ``--limit``; ``remaining`` is None without a limit.

    A row that was already sent in this run and is sent again does not count a second time. An unknown row of an
    earlier run counts.
    """

    def __init__(self, remaining: int | None) -> None:
        self._remaining = remaining
        self._revived = 0

    @property
    def is_bounded(self) -> bool:
        """Whether there is a limit."""
        return self._remaining is not None

    def take(self, again: int, revived: int) -> int:
        """Return how many of ``again`` rows the next round may send.

        ``revived`` is the number of rows of earlier runs that look-ups have made ready for sending so far.
        """
        if self._remaining is None:
            return again
        new, self._revived = revived - self._revived, revived
        if new <= self._remaining:
            self._remaining -= new
            return again
        allowed, self._remaining = max(self._remaining, 0), -1
        return allowed
