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


class Verdict(StrEnum):
    """The four answers to one attempt, decided by evidence."""

    CREATED = "created"
    REFUSED = "refused"
    NOT_PROCESSED = "not_processed"
    """Never sent, or turned away by a limit before it was processed: safe to send again."""
    MAYBE = "maybe"
    """It left this machine and nothing trustworthy came back."""
