"""Conversations that are closed or deleted after a job, their interactions and guests, and the results."""

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
    KEPT = "kept"
    """Of a guest only: it is not deleted, because it is in another conversation, or may be older than the job."""


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


class Guest(OpenConversation, frozen=True, gc=False):
    """The guest of a conversation that is closed: its ``identity``, and the ``key`` of its row.

    ``asked_identity`` is the identity that the row's request named, empty when it named none. ``is_rebuilt`` says
    that the row comes from a results file whose ledger was lost, so that the ID of its job is not known.
    """

    key: str
    identity: str
    asked_identity: str
    is_rebuilt: bool


class InteractionChannel(msgspec.Struct, frozen=True, gc=False):
    """Channel of an interaction, by which Flex routes a conversation to agents; both values are SIDs."""

    interaction_sid: str
    sid: str


class CloseResult(RequestResult, frozen=True, gc=False):
    """Result of one attempt to close or delete a conversation, an interaction's channel or a guest."""

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
    "delete_user": frozenset({CloseStatus.DELETED, CloseStatus.GONE}),
}
"""The statuses after which a conversation needs no further attempt, by step (``close`` or ``delete``).

``delete_user`` is the step that deletes the guest of a conversation.
"""
