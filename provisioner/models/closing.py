"""What becomes of conversations at their end, when a job is cleaned up."""

from enum import StrEnum

import msgspec

from .attempts import RequestResult


class CloseStatus(StrEnum):
    """What one attempt to close or delete a conversation came to. Repeating any of them does no harm."""

    CLOSED = "closed"
    """It is closed, by this attempt or before."""
    DELETED = "deleted"
    """It is gone for good, by this attempt."""
    GONE = "gone"
    """Twilio has no such conversation any more."""
    REFUSED = "refused"
    """Twilio refuses to close it."""
    MAYBE = "maybe"
    """The request left and nothing trustworthy came back."""
    NOT_PROCESSED = "not_processed"
    """It never left, or came back as a 429."""


class OpenConversation(msgspec.Struct, frozen=True, gc=False):
    """A conversation that a job made and that is to be closed; ``id`` names its row in the ledger."""

    id: int
    sid: str


class CloseResult(RequestResult, frozen=True, gc=False):
    """What one attempt to close or delete a conversation came to."""

    status: CloseStatus

    @property
    def is_final(self) -> bool:
        """Say whether another attempt would change nothing."""
        return self.stops_run or self.status not in {CloseStatus.MAYBE, CloseStatus.NOT_PROCESSED}


FINAL_STATUSES = {
    "close": frozenset({CloseStatus.CLOSED, CloseStatus.DELETED, CloseStatus.GONE}),
    "delete": frozenset({CloseStatus.DELETED, CloseStatus.GONE}),
}
"""The statuses after which nothing is left to do, by the step that was asked for."""
