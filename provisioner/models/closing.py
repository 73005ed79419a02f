"""Conversations that are closed or deleted after a job, and the results of closing them."""

from enum import StrEnum

import msgspec

from .attempts import RequestResult


class CloseStatus(StrEnum):
    """Result of one attempt to close or delete a conversation. A retry is safe after each of them."""

    CLOSED = "closed"
    """The conversation is closed, by this attempt or an earlier one."""
    DELETED = "deleted"
    """This attempt deleted the conversation."""
    GONE = "gone"
    """The conversation does not exist any more."""
    REFUSED = "refused"
    """Twilio refused to close or delete it."""
    MAYBE = "maybe"
    """The request was sent, and no reply or no clear reply came back."""
    NOT_PROCESSED = "not_processed"
    """The request was not sent, or was answered with 429."""


class ConversationState(StrEnum):
    """State of a conversation, as far as one request tells it."""

    OPEN = "open"
    """Twilio shows it, and it is not closed: active, inactive, or being set up."""
    CLOSED = "closed"
    """Twilio shows it as closed."""
    GONE = "gone"
    """Twilio answers that there is no such conversation."""
    NOT_KNOWN = "not_known"
    """There was no clear reply."""


class OpenConversation(msgspec.Struct, frozen=True, gc=False):
    """A conversation that is to be closed; ``id`` is its row's id in the ledger, ``sid`` its SID."""

    id: int
    sid: str


class CloseResult(RequestResult, frozen=True, gc=False):
    """Result of one attempt to close or delete a conversation, with its status."""

    status: CloseStatus

    @property
    def is_final(self) -> bool:
        """Whether another attempt would not change the result."""
        return self.stops_run or self.status not in {CloseStatus.MAYBE, CloseStatus.NOT_PROCESSED}


class StateResult(RequestResult, frozen=True, gc=False):
    """Result of one request for the state of a conversation."""

    state: ConversationState

    @property
    def is_final(self) -> bool:
        """Always True: the conversation is asked for again at another time."""
        return True


FINAL_STATUSES = {
    "close": frozenset({CloseStatus.CLOSED, CloseStatus.DELETED, CloseStatus.GONE}),
    "delete": frozenset({CloseStatus.DELETED, CloseStatus.GONE}),
}
"""The statuses after which a conversation needs no further attempt, by step (``close`` or ``delete``)."""
