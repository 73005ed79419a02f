"""What an audit may find."""

from enum import StrEnum


class Discrepancy(StrEnum):
    """What is wrong with a created row."""

    NONE = "none"
    """No conversation is found."""
    SEVERAL = "several"
    """Two or more are found."""
    OTHER = "other"
    """The one that is found has another SID than was recorded."""
    SHARED = "shared"
    """The one that is found was recorded for another row, too."""
    UNASKED = "unasked"
    """Twilio could not be asked."""
