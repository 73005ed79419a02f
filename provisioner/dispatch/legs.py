"""The steps of a row's journey: what each sends, at which pace, and how it is recorded."""

import time
from typing import ClassVar, Protocol

from provisioner.models import Answer, Message, MessageStatus, Row, Status, Step, Verdict
from provisioner.ports import Creator, Gate, Ledger, Messenger, Observer, Pace


class Leg(Protocol):
    """One step of one row."""

    step: ClassVar[Step]
    pace: Pace

    async def begin(self) -> None:
        """Record durably that an attempt may leave from now on."""
        ...

    async def send(self, gate: Gate) -> Answer:
        """Make one attempt; raise only ``GateClosed`` and cancellation."""
        ...

    async def record(self, status: Status, answer: Answer) -> None:
        """Record durably what the attempt came to; ``PENDING``: another follows."""
        ...

    async def release(self) -> None:
        """Take the intent back: nothing was sent."""
        ...

    def answered(self, answer: Answer, attempt: int) -> None:
        """Tell of an answer."""
        ...

    def settled(self, status: Status, answer: Answer) -> None:
        """Tell of the step's outcome."""
        ...


class Creation:
    """Creates the row's conversation."""

    step: ClassVar[Step] = Step.CREATE

    def __init__(self, row: Row, *, ledger: Ledger, creator: Creator, pace: Pace, observer: Observer) -> None:
        self._row, self._ledger, self._creator, self._observer = row, ledger, creator, observer
        self.pace = pace

    async def begin(self) -> None:
        """Record the intent, and with it that a message is owed."""
        request = self._row.request
        owes_message = bool(request.first_message)
        await self._ledger.begin(self._row.id, request.identity, owes_message=owes_message)

    async def send(self, gate: Gate) -> Answer:
        """Ask for the conversation."""
        return await self._creator.create(self._row.request, gate)

    async def record(self, status: Status, answer: Answer) -> None:
        """Record the row's status."""
        await self._ledger.settle(self._row.id, status, answer)

    async def release(self) -> None:
        """Let the row stand as before."""
        await self._ledger.release([self._row.id])

    def answered(self, answer: Answer, attempt: int) -> None:
        """Tell of an answer."""
        self._observer.answered(self._row, answer, attempt)

    def settled(self, status: Status, answer: Answer) -> None:
        """Tell of the row's outcome."""
        self._observer.settled(self._row, status, answer)


class Posting:
    """Posts the first message of a created row; a message that is done counts as *created*, like a row."""

    step: ClassVar[Step] = Step.MESSAGE

    def __init__(self, row: Row, *, ledger: Ledger, messenger: Messenger, pace: Pace, observer: Observer) -> None:
        self._row, self._messages, self._messenger, self._observer = row, ledger.messages, messenger, observer
        self.pace = pace

    async def begin(self) -> None:
        """Record the intent."""
        await self._messages.begin(self._row.id)

    async def send(self, gate: Gate) -> Answer:
        """Post the message as the row's guest; where nobody knows the guest's identity, nobody can."""
        row = self._row
        if not row.identity:
            return _nobody()
        return await self._messenger.post(
            Message(row.conversation_sid, row.identity, row.request.first_message), gate
        )

    async def record(self, status: Status, answer: Answer) -> None:
        """Record the message's status; the row's own stays."""
        await self._messages.settle(self._row.id, _STATUSES[status], answer)

    async def release(self) -> None:
        """Let the message wait."""
        await self._messages.release(self._row.id)

    def answered(self, answer: Answer, attempt: int) -> None:
        """Tell of an answer."""
        self._observer.message_answered(self._row, answer, attempt)

    def settled(self, status: Status, answer: Answer) -> None:
        """Tell of the message's outcome."""
        self._observer.message_settled(self._row.row, self._row.key, _STATUSES[status], answer)


_STATUSES = {
    Status.PENDING: MessageStatus.PENDING,
    Status.CREATED: MessageStatus.POSTED,
    Status.REJECTED: MessageStatus.REJECTED,
    Status.UNKNOWN: MessageStatus.UNKNOWN,
    Status.UNSENT: MessageStatus.UNSENT,
}


def _nobody() -> Answer:
    now = time.time()
    return Answer(
        Verdict.REFUSED,
        due=now,
        ended=now,
        error_code="no_identity",
        error="Twilio named no identity for the guest, so there is nobody to post it as",
    )
