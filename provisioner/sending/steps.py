"""The steps of processing a row: what each sends, at which pace, and how it is recorded."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from provisioner.ledger import RowStore
from provisioner.models import AttemptResult, Message, MessageStatus, Row, Status, Step, Verdict
from provisioner.pacing.attempts import RetryableRequest
from provisioner.ports.sending import (
    CloseTimers,
    Gate,
    Messenger,
    Observer,
    RateLimiter,
    WebChatCreator,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioCalls:
    """What a run calls at Twilio, and at which pace; ``timers`` of None: conversations get none."""

    creator: WebChatCreator
    messenger: Messenger
    pace: RateLimiter
    message_pace: RateLimiter
    timers: CloseTimers | None = None


class SendStep(RetryableRequest[Row, AttemptResult], Protocol):
    """One step, for whichever row is at it."""

    step: ClassVar[Step]

    def record(self, row: Row, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record what the attempt came to; ``PENDING``: another follows. Done when it is durable."""
        ...

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Tell of the step's outcome."""
        ...


class _ObservedStep:
    """What the observer of a run is told of every step alike."""

    step: ClassVar[Step]

    def __init__(self, pace: RateLimiter, observer: Observer) -> None:
        self.pace = pace
        self.request_started = partial(observer.request_started, self.step)
        self.request_finished = observer.request_finished
        self.request_throttled = partial(observer.request_throttled, step=self.step)


class CreateStep(_ObservedStep):
    """Creates the row's conversation."""

    step: ClassVar[Step] = Step.CREATE

    def __init__(self, calls: TwilioCalls, *, ledger: RowStore, observer: Observer) -> None:
        super().__init__(calls.pace, observer)
        self._ledger, self._creator = ledger, calls.creator
        self.answered, self.settled = observer.answered, observer.settled

    def begin(self, row: Row) -> Awaitable[None]:
        """Record the intent, and with it that a message is owed."""
        request = row.request
        return self._ledger.begin(row.id, request.identity, owes_message=bool(request.first_message))

    def send(self, row: Row, gate: Gate) -> Awaitable[AttemptResult]:
        """Ask for the conversation."""
        return self._creator.create(row.request, gate)

    def record(self, row: Row, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the row's status."""
        return self._ledger.settle(row.id, status, result)

    def release(self, row: Row) -> Awaitable[None]:
        """Let the row stand as before."""
        return self._ledger.release([row.id])


class MessageStep(_ObservedStep):
    """Posts the first message of a created row; a message that is done counts as *created*, like a row."""

    step: ClassVar[Step] = Step.MESSAGE

    def __init__(self, calls: TwilioCalls, *, ledger: RowStore, observer: Observer) -> None:
        super().__init__(calls.message_pace, observer)
        self._messages, self._messenger, self._observer = ledger.messages, calls.messenger, observer
        self.answered = observer.message_answered

    def begin(self, row: Row) -> Awaitable[None]:
        """Record the intent."""
        return self._messages.begin(row.id)

    async def send(self, row: Row, gate: Gate) -> AttemptResult:
        """Post the message as the row's guest; where nobody knows the guest's identity, nobody can."""
        if not row.identity:
            return _no_identity()
        return await self._messenger.post(
            Message(row.conversation_sid, row.identity, row.request.first_message), gate
        )

    def record(self, row: Row, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the message's status; the row's own stays."""
        return self._messages.settle(row.id, _STATUSES[status], result)

    def release(self, row: Row) -> Awaitable[None]:
        """Let the message wait."""
        return self._messages.release(row.id)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Tell of the message's outcome."""
        self._observer.message_settled(row.row, row.key, _STATUSES[status], result)


_STATUSES = {
    Status.PENDING: MessageStatus.PENDING,
    Status.CREATED: MessageStatus.POSTED,
    Status.REJECTED: MessageStatus.REJECTED,
    Status.UNKNOWN: MessageStatus.UNKNOWN,
    Status.UNSENT: MessageStatus.UNSENT,
}


def _no_identity() -> AttemptResult:
    now = time.time()
    return AttemptResult(
        Verdict.REFUSED,
        due=now,
        ended=now,
        error_code="no_identity",
        error="Twilio named no identity for the guest, so there is nobody to post it as",
    )
