"""Rounds of a run: send rows, then look up unknown rows and messages, until no row is left to send."""

from provisioner.models import MessageStatus, SettingsStatus, Status
from provisioner.sending import Stop

from .look_ups import RunLookUps
from .open_limit import open_limit_of
from .row_allowance import RowAllowance
from .row_selection import RowSelection
from .sending_context import SendingContext


class SendAndReconcile:
    """Rounds of sending and looking up in one run, over one open transport.

    Rows that look-ups show to be absent are sent in the next round, and so are the messages of rows that were
    found. ``allowance`` limits how many rows the rounds after the first one may send.
    """

    def __init__(self, context: SendingContext, allowance: RowAllowance) -> None:
        config = context.config
        self._context, self._config, self._ledger = context, config, context.ledger
        self._monitor, self._stop = context.monitor, context.stop
        self._open_limit = context.monitor.open_limit = open_limit_of(
            config.max_open,
            context.clients,
            context.ledger,
            settle_delay_s=config.settle_delay_s,
            service_sid=config.service_sid,
        )
        self._look_ups = RunLookUps(context)
        self._allowance, self._revived = allowance, 0
        self._looked_at_doubts, self._found_while_held = -1, 0

    @property
    def unlooked(self) -> int:
        """Number of unknown rows and unknown messages that were not looked up, because the run was stopped."""
        return self._look_ups.unlooked

    async def run(self, to_send: int) -> Stop | None:
        """Send ``to_send`` rows and look up unknown ones, in rounds, until no row is left to send.

        Return the reason when the run was stopped early, otherwise None. Raise ``ProvisionerError`` when the input
        cannot be read or the ledger cannot be written.
        """
        config = self._config
        number = posted = 0
        while number < config.retry.max_attempts or self._monitor.history_posted > posted:
            posted = self._monitor.history_posted
            number += 1
            stop = await self._send_round(to_send, is_first=number == 1)
            again = await self._look_ups.run(stop) + self._found_while_held
            self._found_while_held = 0
            if stop is not None or not again or self._stop.is_stopped:
                return stop or self._stop.reason
            if self._allowance.is_bounded:
                again = self._allowance.take(again, await self._newly_revived())
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

    async def _newly_revived(self) -> int:
        """Return how many rows of earlier runs the last look-ups have made ready for sending."""
        before, self._revived = self._revived, self._monitor.resendable_rows(await self._look_ups.owed())
        return self._revived - before

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
        self._found_while_held += await self._look_ups.find(None)
        self._looked_at_doubts = self._monitor.doubts
        return True

    async def _send(self, to_send: int, *, canary: int) -> Stop | None:
        dispatcher = self._context.dispatcher(to_send, canary=canary, admission=self._open_limit)
        with self._context.stop.work(dispatcher.drain, dispatcher.cancel):
            return await dispatcher.run()
