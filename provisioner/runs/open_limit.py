"""``--max-open``: hold creation while so many conversations of the job are open."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from provisioner.errors import ProvisionerError
from provisioner.ledger import Ledger
from provisioner.options import Rate
from provisioner.pacing import Pacer, Places
from provisioner.ports.sending import ServiceCheck
from provisioner.reconciling import LOOK_UPS_PER_SECOND, OpenConversations
from provisioner.sending import Stop, StopKind
from provisioner.system.event_log import event_logger
from provisioner.twilio.conversation_states import ConversationStateClient

from .clients import RunClients


class OpenLimit:
    """``Admission`` of creations: at most ``most`` conversations of the job are open or being created.

    While it holds, Twilio is asked which of them have been closed, and each one that was makes room for another.
    Nothing is asked while nothing waits. ``held_s`` is the time in seconds for which it has held so far.
    """

    def __init__(
        self, most: int, conversations: OpenConversations, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self._conversations, self._clock = most, conversations, clock
        self._places = Places(0)
        self._changed = asyncio.Event()
        self._is_closed = False
        self._in_flight = self._waiting = 0
        self._held_since: float | None = None
        self._held_s = 0.0
        self._log = event_logger()
        self.open = 0
        """Number of conversations that are believed open."""

    @property
    def is_holding(self) -> bool:
        """Whether a row waits for a conversation to be closed, and for nothing else."""
        return self._waiting > 0 and not self._in_flight and self.open >= self.most and not self._is_closed

    @property
    def held_s(self) -> float:
        """Seconds for which creation was held so far."""
        return self._held_s + (0.0 if self._held_since is None else self._clock() - self._held_since)

    async def admit(self) -> bool:
        """Wait for a place, and take it; return False, without a place, after ``close``."""
        if self._is_closed:
            return False
        self._waiting += 1
        try:
            self._note_change()
            await self._places.take()
        finally:
            self._waiting -= 1
            self._note_change()
        if self._is_closed:
            self._places.give_back()
            return False
        self._in_flight += 1
        self._note_change()
        return True

    def leave(self, *, is_open: bool) -> None:
        """End a creation; a conversation that ``is_open`` keeps its place until it is closed."""
        self._in_flight -= 1
        self._set_open(self.open + is_open)
        self._places.give_back()
        self._note_change()

    def close(self) -> None:
        """Admit nothing any more: those that wait get False at once."""
        self._is_closed = True
        self._places.resize(self._in_flight + self._waiting)
        self._note_change()

    @asynccontextmanager
    async def watched(
        self, look_up: Callable[[], Awaitable[bool]], stop: Callable[[Stop], None]
    ) -> AsyncIterator[None]:
        """Admit creations inside the context, and ask for open conversations while it holds.

        ``look_up`` is called at the beginning of a hold, when nothing is in flight, to look up rows and messages
        whose answer was lost, and returns whether there were any: a chat whose message was never posted is not
        answered and so not closed. ``stop`` is called with an error that ends the run.
        """
        self._is_closed = False
        self._set_open(await self._conversations.count())
        watching = asyncio.create_task(self._watch(look_up, stop))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        if not watching.cancelled():
            watching.result()

    async def _watch(self, look_up: Callable[[], Awaitable[bool]], stop: Callable[[Stop], None]) -> None:
        try:
            while True:
                await self._until(lambda: self.is_holding)
                if await look_up():
                    self._set_open(await self._conversations.count())
                while self.is_holding:
                    closed = await self._conversations.ask_next()
                    is_exact = self._conversations.is_pass_over and not self._in_flight
                    self._set_open(await self._conversations.count() if is_exact else self.open - closed)
        except ProvisionerError as error:
            stop(Stop(StopKind.FAULT, error))
        finally:
            self.close()

    async def _until(self, is_reached: Callable[[], bool]) -> None:
        while not is_reached():
            self._changed.clear()
            await self._changed.wait()

    def _set_open(self, number: int) -> None:
        self.open = max(number, 0)
        if not self._is_closed:
            self._places.resize(max(self.most - self.open, 0))
        self._note_change()

    def _note_change(self) -> None:
        """Wake the watch, and keep account of the time for which creation is held."""
        self._changed.set()
        if self.is_holding and self._held_since is None:
            self._held_since = self._clock()
            self._log.info("creation.held", open=self.open, max_open=self.most)
        elif not self.is_holding and self._held_since is not None:
            held_s = self._clock() - self._held_since
            self._held_since, self._held_s = None, self._held_s + held_s
            self._log.info("creation.resumed", open=self.open, held_s=round(held_s, 1))


def open_limit_of(
    most: int, clients: RunClients, ledger: Ledger, *, settle_delay_s: float, service_sid: str
) -> OpenLimit | None:
    """Return the limit of ``--max-open``; None for ``most`` 0, which is no limit."""
    if not most:
        return None
    service_check: ServiceCheck | None = clients.calls.service_check
    conversations = OpenConversations(
        ledger.closing(deletes=False, service_sid=service_sid),
        ConversationStateClient(clients.transport),
        Pacer(Rate(per_second=LOOK_UPS_PER_SECOND), host=clients.host),
        settle_delay_s=settle_delay_s,
        service_check=service_check,
    )
    return OpenLimit(most, conversations)
