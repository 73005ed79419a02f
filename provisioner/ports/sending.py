"""Protocols that the package ``sending`` depends on; each is small enough for a complete fake in tests."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from provisioner.models import (
    AttemptResult,
    Claim,
    ConnectFailure,
    ConversationSettings,
    ForeignReply,
    HistoryLookup,
    HistoryMessage,
    Message,
    MessageLookup,
    MessageStatus,
    Row,
    SettingsStatus,
    Status,
    Step,
    WebChatRequest,
)

LATEST_DEPARTURE_S = 0.5
"""Seconds after its gate in which a request with a ``SendPermit`` may leave: a frozen process would be late."""


class Gate(Protocol):
    """Last wait of a request, immediately before it is sent."""

    async def wait(self) -> float:
        """Wait until the request may be sent; return its due time in Unix seconds.

        Raise ``GateClosed`` when nothing may be sent any more, and ``asyncio.CancelledError``.
        """
        ...


class Turn(Gate, Protocol):
    """Gate of one request in the queue, which is told whether Twilio was reached."""

    def on_reached(self) -> None:
        """Record a reply that may be Twilio's, whatever it says."""
        ...

    def on_foreign(self, reply: ForeignReply) -> None:
        """Record a reply that cannot be Twilio's. The request counts as an attempt."""
        ...

    def on_unreachable(self, failure: ConnectFailure) -> float | None:
        """Record that there was no connection for the request.

        Return the seconds after which the request may queue again, as if it had not been made. None means that it
        counts as an attempt.
        """
        ...


class SendPermit(Protocol):
    """Right to send, which may lapse and come back, such as the lease of a worker."""

    def is_held(self) -> bool:
        """Return whether a request may leave now; asked immediately before the bytes go. Does not block."""
        ...

    async def held(self) -> None:
        """Return when the right is held. Raise ``ProvisionerError`` when it never will be again."""
        ...


class GateClosed(Exception):  # noqa: N818 - it reports a state of the gate, not a fault
    """Raised at the gate when the run is stopping, so that no new request may be sent."""


class WebChatCreator(Protocol):
    """Client that creates WebChats."""

    async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
        """Make one attempt and return its result; wait at the gate between connecting and sending.

        ``encoded`` is the request as it is sent, where that is known already.
        Failures are results too. Raise only ``GateClosed`` (nothing was sent) and ``asyncio.CancelledError``.
        """
        ...


class MessageFinder(Protocol):
    """Client that looks messages up."""

    async def find(self, message: Message) -> MessageLookup:
        """Search the whole conversation for the message. Failures are results too."""
        ...


class Messenger(MessageFinder, Protocol):
    """Client that posts first messages as the customer, and looks them up."""

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Make one attempt and return its result, with the SID of the message when it was posted.

        Gate, failures and exceptions are as for ``WebChatCreator.create``.
        """
        ...


class HistoryMessenger(Protocol):
    """Client that posts messages of old chats, and looks them up."""

    async def post_history(self, conversation_sid: str, message: HistoryMessage, gate: Gate) -> AttemptResult:
        """Make one attempt and return its result, with the SID of the message when it was posted.

        No webhook is triggered. Gate, failures and exceptions are as for ``WebChatCreator.create``.
        """
        ...

    async def find_history(self, conversation_sid: str, message: HistoryMessage) -> HistoryLookup:
        """Search the whole conversation for the message. Failures are results too."""
        ...


class HistoryLoader(Protocol):
    """Loader of the messages of old chats."""

    async def messages(self, key: str) -> Sequence[HistoryMessage]:
        """Return the messages of a row's key in their order, none where it has none."""
        ...


class SettingsUpdater(Protocol):
    """Client that sets unique name, attributes and timers of conversations."""

    async def update(self, settings: ConversationSettings, gate: Gate) -> AttemptResult:
        """Make one attempt to set everything in one update, and return its result.

        A repetition does no harm. The error code is ``duplicate`` when another conversation has the unique name.
        Gate, failures and exceptions are as for ``WebChatCreator.create``.
        """
        ...


class ServiceCheck(Protocol):
    """Check of the Conversations service that is asked: whether it is the one with the job's conversations.

    Another service answers 404 for all of them, so a 404 alone does not show that a conversation is gone.
    """

    def note_shown(self) -> None:
        """Note that the service has shown a conversation of the job."""
        ...

    async def refusal(self) -> str:
        """Return why a 404 proves nothing; empty when the service shows a conversation of the job."""
        ...


class Admission(Protocol):
    """Limit on how many conversations of the job are open; each creation needs a place."""

    async def admit(self) -> bool:
        """Wait for a place, and take it; return False, without a place, after ``close``."""
        ...

    def leave(self, *, is_open: bool) -> None:
        """End a creation. If ``is_open``, its conversation keeps the place until it is closed."""
        ...

    def close(self) -> None:
        """Admit nothing any more: those that wait get False at once."""
        ...


class RowLoader(Protocol):
    """Loader that rebuilds claimed rows from the input."""

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return a row for each claim, in the same order. Raise ``InputError`` when the input has changed."""
        ...


class RateLimiter(Protocol):
    """Rate limiter for all requests to one endpoint."""

    def reserve(self, *, again: bool = False) -> AbstractAsyncContextManager[Turn]:
        """Return a context manager for one start, which yields the gate of the request.

        Entering waits until the start is near and raises ``GateClosed`` when nothing may start any more. ``again``
        marks a repeated attempt, which uses no time of an arrival schedule.
        """
        ...

    async def vacancy(self) -> None:
        """Wait until no request waits to come near its start: one that is made now is the next."""
        ...

    def on_throttled(self, retry_after_s: float | None = None, *, age_s: float = 0.0) -> float:
        """Pause all requests after a 429; return the length of the pause in seconds.

        ``retry_after_s`` is the value of ``Retry-After`` in seconds, None without the header. The refused request
        was sent ``age_s`` seconds before.
        """
        ...

    def on_success(self) -> None:
        """Note a reply that was not a 429."""
        ...

    def close(self) -> None:
        """Let no more requests start: those that wait, and later ones, get ``GateClosed``."""
        ...


class Observer(Protocol):
    """Receiver of the events of a run. Its methods return at once and do not influence the run."""

    def request_started(self, step: Step) -> None:
        """Note that a request of this step is about to be sent."""
        ...

    def request_finished(self) -> None:
        """Note that a request is no longer in flight, with or without a reply."""
        ...

    def answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of the ``attempt``-th attempt (counted from 1) of a row in this run."""
        ...

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Note the outcome of a row, which is durable by now."""
        ...

    def message_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of the ``attempt``-th attempt (counted from 1) to post a row's message in this run."""
        ...

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Note the outcome of the message of input row number ``row``, which is durable by now."""
        ...

    def settings_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of the ``attempt``-th attempt (counted from 1) to set a row's settings in this run."""
        ...

    def settings_settled(self, row: Row, status: SettingsStatus, result: AttemptResult) -> None:
        """Note the outcome of a row's settings, which is durable by now."""
        ...

    def history_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Note the result of the ``attempt``-th attempt (counted from 1) to post a message of a row's history."""
        ...

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Note the outcome of a message of the history of input row number ``row``, which is durable by now."""
        ...

    def request_throttled(self, pause_s: float, step: Step) -> None:
        """Note that a 429 pauses all requests of this step for ``pause_s`` seconds."""
        ...
