"""Look-ups of what became unknown: rows, first messages, and messages of histories."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import structs

from provisioner.models import MessageStatus, Status
from provisioner.reconciling import MessageReconciler, Reconciler, history_reconciler
from provisioner.sending import Stop
from provisioner.system.event_log import event_logger

from .sending_context import SendingContext


class RunLookUps:
    """Look-ups of one run.

    Rows and messages whose reply was lost are looked up after all other rows were sent. By then they have had time
    to appear at Twilio, and the ledger has rows that were certainly created, which a look-up must find, too.
    """

    def __init__(self, context: SendingContext) -> None:
        self._context, self._ledger, self._clients = context, context.ledger, context.clients
        self._unlooked_rows = self._unlooked_messages = self._unlooked_histories = 0
        self._log = event_logger()

    @property
    def unlooked(self) -> int:
        """Number of unknown rows and unknown messages that were not looked up, because the run was stopped."""
        return self._unlooked_rows + self._unlooked_messages + self._unlooked_histories

    async def run(self, stop: Stop | None) -> int:
        """Look up unknown rows and messages, as far as that is wanted; return how many rows have to be done again.

        Those are among them whose history had no place before. After a ``stop``, only count what is unknown.
        """
        again = await self.find(stop)
        return again + (await self._ledger.histories.owed() if self._clients.calls.history else 0)

    async def find(self, stop: Stop | None) -> int:
        """Look up unknown rows and messages, as far as that is wanted; return how many of them can go on."""
        again, retry = 0, self._context.config.retry
        if retry.looks_up_rows:
            again += await self._find_rows(stop)
        if retry.looks_up_messages:
            again += await self._find_messages(stop)
            again += await self._find_histories(stop)
        return again

    async def _find_rows(self, stop: Stop | None) -> int:
        """Look up every unknown row, unless the run stops; return how many can be sent or owe what follows."""
        self._unlooked_rows = unknown = (await self._ledger.counts()).unknown
        if not unknown or stop is not None or self._context.stop.is_stopped:
            return 0
        chosen = self._clients.choose_finder(trusts_identities=await self._ledger.trusts_identities())
        feed = self._context.new_feed()
        if feed.has_unique_names:
            chosen = structs.replace(chosen, names=self._clients.unique_names(feed))
        reconciler = Reconciler(
            self._ledger,
            chosen,
            self._context.observer,
            settle_delay_s=self._context.config.settle_delay_s,
            may_share=self._context.config.may_share,
            service_check=self._clients.calls.service_check,
        )
        self._log.info("lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_rows = unknown - reconciler.ends.total()
        self._log.info("lookup.finished", **{status.value: rows for status, rows in reconciler.ends.items()})
        return reconciler.ends[Status.PENDING] + min(reconciler.ends[Status.CREATED], await self.owed())

    async def owed(self) -> int:
        """Return the most created rows that still owe what follows; one that owes two things may count twice."""
        messages, settings = (
            await self._ledger.messages.counts(),
            await self._ledger.settings.counts(),
        )
        return messages.pending + settings.pending

    async def _find_messages(self, stop: Stop | None) -> int:
        """Look up every unknown message, unless the run stops; return how many may be posted now."""
        self._unlooked_messages = unknown = (await self._ledger.messages.counts()).unknown
        if not unknown or stop is not None or self._context.stop.is_stopped:
            return 0
        reconciler = MessageReconciler(
            self._ledger.messages,
            self._clients.calls.messenger,
            self._context.new_feed(),
            self._context.observer,
            settle_delay_s=self._context.config.settle_delay_s,
            service_check=self._clients.calls.service_check,
        )
        self._log.info("message_lookup.started", rows=unknown)
        await self._look(reconciler.run)
        self._unlooked_messages = unknown - reconciler.ends.total()
        ends = {status.value: rows for status, rows in reconciler.ends.items()}
        self._log.info("message_lookup.finished", **ends)
        return reconciler.ends[MessageStatus.PENDING]

    async def _find_histories(self, stop: Stop | None) -> int:
        """Look up every unknown message of a history, unless the run stops; return how many rows can go on.

        Those are the ones whose message was found. ``owed`` counts the ones whose message is to be posted again.
        """
        calls = self._clients.calls
        unknown = (await self._ledger.histories.counts()).unknown if calls.history else 0
        self._unlooked_histories = unknown
        if calls.history is None or not unknown or stop is not None or self._context.stop.is_stopped:
            return 0
        reconciler = history_reconciler(
            self._ledger.histories,
            calls.history.messenger,
            calls.history.loader,
            self._context.observer,
            settle_delay_s=self._context.config.settle_delay_s,
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
        self._context.monitor.is_looking = True
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as patience:

                def give_up(_reason: Stop | None) -> None:
                    if not patience.expired():
                        patience.reschedule(asyncio.get_running_loop().time())

                with self._context.stop.work(give_up):
                    if not self._context.stop.is_stopped:  # a signal may have come since the last check
                        await run()
        self._context.monitor.is_looking = False
