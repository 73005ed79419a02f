"""Protocols of a ledger for closing the conversations of a job; for writes see ``base``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from provisioner.models.closing import CloseResult, CloseStatus, Guest, OpenConversation, StateResult

_C_co = TypeVar("_C_co", bound=OpenConversation, covariant=True)


class CloseStore(Protocol[_C_co]):
    """Access to the conversations that are still to be closed or deleted, or to their guests."""

    async def left(self, after: int, limit: int) -> Sequence[_C_co]:
        """Return the next ones after row ID ``after`` that are not done yet, at most ``limit``."""
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


class CloseLedger(CloseStore[OpenConversation], OpenConversationStore, Protocol):
    """The conversations that a job created, and whether each was closed or deleted."""

    async def settle_interaction(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt to close the interaction's channel of a conversation.

        The conversation gets the status of an attempt that was refused or is in doubt; a channel that is closed
        leaves it as it was.
        """
        ...

    @property
    def guests(self) -> "GuestLedger":
        """The guests of the conversations that are closed, or deleted where these are to be deleted."""
        ...

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

    async def account_sids(self) -> Sequence[str]:
        """Return the SIDs of the accounts of a job for many, in the order in which they came; else an empty one.

        An account whose rows are no longer in the input is among them.
        """
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


class GuestLedger(CloseStore[Guest], Protocol):
    """The guests of the conversations that are closed or deleted, and whether each was deleted.

    ``left`` returns those that are not deleted, also kept ones, as soon as their conversation is done.
    """

    async def begin(self, row_id: int) -> None:
        """Record the intent: from now on, a request that deletes this guest may be in flight."""
        ...

    async def release(self, row_id: int) -> None:
        """Cancel the intent, because no request was sent. The guest's status is what it was before."""
        ...

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of guests of all conversations by status; None stands for those not handled yet.

        An intent without an outcome counts as ``MAYBE``.
        """
        ...
