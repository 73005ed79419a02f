"""What ``sending`` asks of what it is handed; each protocol is small enough for a complete fake."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from provisioner.models import (
    AttemptResult,
    Claim,
    Message,
    MessageLookup,
    MessageStatus,
    Row,
    Status,
    Step,
    WebChatRequest,
)


class Gate(Protocol):
    """The last wait before a request leaves."""

    async def wait(self) -> float:
        """Return the due time (Unix seconds) when it is this request's turn.

        Raise ``asyncio.CancelledError`` or ``GateClosed`` when its turn will not come.
        """
        ...


class GateClosed(Exception):  # noqa: N818 - it reports a state of the gate, not a fault
    """The run is stopping: nothing new may be sent."""


class WebChatCreator(Protocol):
    """Creates WebChats."""

    async def create(self, request: WebChatRequest, gate: Gate) -> AttemptResult:
        """Make one attempt; wait at the gate once the connection stands, immediately before sending.

        Every failure of the row is an answer. Raise only ``GateClosed`` (nothing was sent) and cancellation.
        """
        ...


class Messenger(Protocol):
    """Posts first messages as the guest, and finds them again."""

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Make one attempt, so that a flow starts.

        As ``WebChatCreator.create``, with a message SID in its answer.
        """
        ...

    async def find(self, message: Message) -> MessageLookup:
        """Look for the message in its conversation, all of it; every failure is a value."""
        ...


class CloseTimers(Protocol):
    """Lets conversations close by themselves when nobody comes back to them."""

    async def set(self, row: Row) -> None:
        """Set the timer of a row that was just created.

        What fails is told elsewhere and is nothing to the row. Raise only cancellation.
        """
        ...


class RowLoader(Protocol):
    """Rebuilds claimed rows from their source."""

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return a row for each claim, in the same order; ``InputError`` when the source has changed."""
        ...


class RateLimiter(Protocol):
    """Decides when the next request may start, for everyone who calls the same endpoint."""

    def reserve(self, *, again: bool = False) -> AbstractAsyncContextManager[Gate]:
        """Queue for one start: entering waits to be let near the front and may raise ``GateClosed``.

        ``again`` says that it repeats an attempt, which a schedule of arrivals has no time for.
        """
        ...

    def on_throttled(self, retry_after_s: float | None = None) -> float:
        """Pause everyone after a 429 and return the seconds of pause."""
        ...

    def on_success(self) -> None:
        """Note an answer that was no 429."""
        ...

    def close(self) -> None:
        """Admit no more requests: those that wait or come later get ``GateClosed``."""
        ...


class Observer(Protocol):
    """Is told what happens, as it happens; never decides anything and never waits."""

    def request_started(self, step: Step) -> None:
        """Hear that a request of this step is about to leave."""
        ...

    def request_finished(self) -> None:
        """Hear that a request that was about to leave is under way no more, whatever became of it."""
        ...

    def answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Hear what the ``attempt``-th attempt of a row in this run came to."""
        ...

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Hear a row's outcome, which is durable by now."""
        ...

    def message_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Hear what the ``attempt``-th attempt at a row's message came to."""
        ...

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Hear what became of the message of an input row, which is durable by now."""
        ...

    def request_throttled(self, pause_s: float, step: Step) -> None:
        """Hear that a 429 paused everyone who is at this step."""
        ...
