"""Protocols of a ledger for closing the conversations of a job; for writes see ``base``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation, StateResult


class CloseStore(Protocol):
    """Access to the conversations that are still to be closed or deleted."""

    async def left(self, after: int, limit: int) -> Sequence[OpenConversation]:
        """Return the next conversations after row ID ``after`` that are not done yet, at most ``limit``."""
        ...

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run (counted from 1) to close or delete a conversation.

        The conversation keeps its status when Twilio did not process the request, or when the result stops the
        run (for example refused credentials).
        """
        ...


class OpenConversationStore(Protocol):
    """Access to the conversations of the job that may keep an agent busy.

    A conversation is open until it is recorded as closed, deleted or gone. While its first message is certainly
    not posted, it does not count: without a first message, no flow starts.
    """

    async def count_open(self) -> int:
        """Return the number of open conversations, in the input or not."""
        ...

    async def open_conversations(
        self, after: int, limit: int, *, created_before: float
    ) -> Sequence[OpenConversation]:
        """Return the next open conversations after row ID ``after``, at most ``limit``.

        Omit those that were created at ``created_before`` or later, in Unix seconds.
        """
        ...

    async def note_closed(self, row_id: int, result: StateResult) -> None:
        """Record that a conversation was found closed or gone."""
        ...


class CloseLedger(CloseStore, OpenConversationStore, Protocol):
    """The conversations that a job created, and whether each was closed or deleted."""

    async def import_conversations(self, conversation_sids: Iterable[str]) -> None:
        """Add conversations that another ledger's job created. A SID that is already known is not added again.

        The iterable is consumed on another thread than the event loop's.
        """
        ...

    async def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        ...

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of conversations by close status; None stands for conversations believed open."""
        ...

    async def duplicates(self) -> int:
        """Return the number of rows for which a look-up found more than one conversation."""
        ...

    async def orphans(self) -> int:
        """Return the number of attempts that may have left a conversation without a customer."""
        ...

    async def sample_conversations(self, limit: int) -> Sequence[str]:
        """Return the SIDs of up to ``limit`` conversations that may still exist, in the input or not.

        Those that are recorded as closed come first, then others at random.
        """
        ...

    async def has_deleted(self) -> bool:
        """Return whether a conversation of the service that is asked is recorded as deleted."""
        ...
