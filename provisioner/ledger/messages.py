"""Protocols for the messages of created rows: first messages, and the histories of old chats.

Every awaitable completes when its write is durable; see ``base``.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Protocol

from provisioner.models import (
    AttemptResult,
    HistoryEntry,
    HistoryReport,
    MessageCounts,
    MessageStatus,
    UnknownHistory,
    UnknownMessage,
)


class MessageStore(Protocol):
    """Durable status of the first messages of created rows. A failed message does not change the row's status.

    Writes of messages and of rows share one order.
    """

    def begin(self, claim_id: int) -> Awaitable[None]:
        """Record the intent: from now on, the first message of this row may be in flight."""
        ...

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the message after it.

        ``PENDING`` means that another attempt follows in this run; call ``begin`` again before it.
        """
        ...

    def release(self, claim_id: int) -> Awaitable[None]:
        """Cancel the intent, because no request was sent. The message is pending again."""
        ...

    def drop(self, claim_id: int) -> Awaitable[None]:
        """Record that the input asks for no message any more. A message that may have been posted is kept."""
        ...


class UnknownMessageStore(Protocol):
    """Access to unknown first messages, for reconciling."""

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        """Return the next unknown messages after input row number ``after``, at most ``limit``, in input order."""
        ...

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the message after it."""
        ...


class MessageLedger(MessageStore, UnknownMessageStore, Protocol):
    """All operations on the first messages of a job."""

    async def counts(self) -> MessageCounts:
        """Return the number of first messages by status, for the created rows of the current input."""
        ...


class HistoryStore(Protocol):
    """Durable status of the histories of created rows, whose messages are posted one after the other.

    A failed message does not change the row's status. Writes of histories, messages and rows share one order.
    """

    def begin(self, claim_id: int, digest: bytes) -> Awaitable[None]:
        """Record the intent: from now on, the next message of this row's history may be in flight.

        ``digest`` is that of ``HistoryEntry`` for this message.
        """
        ...

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the history after it.

        ``POSTED`` says that the message in flight is posted; the history is then pending until its last message.
        ``PENDING`` means that another attempt at the same message follows in this run.
        """
        ...

    def release(self, claim_id: int) -> Awaitable[None]:
        """Cancel the intent, because no request was sent. The history is pending again."""
        ...


class UnknownHistoryStore(Protocol):
    """Access to histories with an unknown message, for reconciling."""

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownHistory]:
        """Return the next rows with an unknown message after input row number ``after``, in input order."""
        ...

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt; statuses are as for ``settle``."""
        ...


class HistoryLedger(HistoryStore, UnknownHistoryStore, Protocol):
    """All operations on the histories of a job."""

    async def plan(self, entries: Iterable[HistoryEntry]) -> HistoryReport:
        """Store how many messages each row has; ``entries`` is consumed on another thread.

        Each key occurs once. Rows that have no entry have no history any more, unless messages of it were posted.
        Nothing is stored when the report has changed rows.
        """
        ...

    async def counts(self) -> MessageCounts:
        """Return the number of messages by status, for the created rows of the current input."""
        ...

    async def owed(self) -> int:
        """Return the number of created rows whose history is to be posted."""
        ...

    async def waiting(self) -> int:
        """Return the number of valid rows, created or not, whose history is not in their conversation."""
        ...
