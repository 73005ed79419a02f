"""What became of a row, in words."""

from enum import StrEnum


class Status(StrEnum):
    """Where a row stands; its last word is one of the five outcomes."""

    PENDING = "pending"
    """Planned and valid; no attempt was begun."""
    IN_FLIGHT = "in_flight"
    """An attempt was begun and has not been settled. After a crash this reads as *unknown*."""
    CREATED = "created"
    """Twilio answered 201 with a conversation SID, or reconciling found the conversation."""
    REJECTED = "rejected"
    """Twilio refused the row for good."""
    UNKNOWN = "unknown"
    """The conversation may or may not exist; never sent again before it was looked up."""
    UNSENT = "unsent"
    """Certainly not created: nothing left, or only 429s came back."""
    INVALID = "invalid"
    """The row itself cannot be sent."""


class MessageStatus(StrEnum):
    """Where the first message of a created row stands; a row that asks for none has no such status."""

    PENDING = "pending"
    """To be posted: not tried yet, or certainly not there."""
    IN_FLIGHT = "in_flight"
    """A request was begun and has not been settled. After a crash this reads as *unknown*."""
    POSTED = "posted"
    """Twilio answered 201 with a message SID, or a look at the conversation showed it."""
    REJECTED = "rejected"
    """Twilio refused the message for good."""
    UNKNOWN = "unknown"
    """It may or may not have been posted; never posted again before the conversation was looked at."""
    UNSENT = "unsent"
    """Certainly not posted, and tried often enough for one run."""


class Step(StrEnum):
    """What a request was made for."""

    CREATE = "create"
    LOOKUP = "lookup"
    MESSAGE = "message"
    MESSAGE_LOOKUP = "message_lookup"


class Verdict(StrEnum):
    """The four answers to one attempt, decided by evidence."""

    CREATED = "created"
    """Done: the conversation, or the message, exists."""
    REFUSED = "refused"
    NOT_PROCESSED = "not_processed"
    """Never sent, or turned away by a limit before it was processed: safe to send again."""
    MAYBE = "maybe"
    """It left this machine and nothing trustworthy came back."""
