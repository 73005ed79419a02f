"""Findings of an audit of created rows."""

from enum import StrEnum


class Discrepancy(StrEnum):
    """Difference between a created row in the ledger and the conversations that Twilio lists for it."""

    NONE = "none"
    """Twilio lists no conversation for the row."""
    SEVERAL = "several"
    """Twilio lists two or more conversations for the row."""
    OTHER = "other"
    """The conversation has another SID than the recorded one."""
    SHARED = "shared"
    """The conversation is recorded for another row, too."""
    UNASKED = "unasked"
    """The look-up failed, so the row could not be checked."""
