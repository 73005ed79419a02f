"""Statuses of rows and first messages, kinds of requests, and verdicts on attempts."""

from enum import StrEnum


class Status(StrEnum):
    """Status of a row. All but ``PENDING`` and ``IN_FLIGHT`` are outcomes."""

    PENDING = "pending"
    """The row is planned and valid; no attempt was begun."""
    IN_FLIGHT = "in_flight"
    """An attempt was begun and has no result yet. After a crash such a row counts as *unknown*."""
    CREATED = "created"
    """Twilio answered 201 with a conversation SID, or reconciling found the conversation."""
    REJECTED = "rejected"
    """Twilio refused the row permanently."""
    UNKNOWN = "unknown"
    """The conversation may or may not exist; the row is not sent again before a look-up."""
    UNSENT = "unsent"
    """The conversation was certainly not created: no request was sent, or all were answered with 429."""
    INVALID = "invalid"
    """The row cannot be sent because of its own content."""


class MessageStatus(StrEnum):
    """Status of the first message of a row, or of the history of its old chat; a row without one has none.

    That of a history is the status of the first message that is not posted yet, or ``POSTED`` after the last.
    """

    PENDING = "pending"
    """To be posted: no attempt was begun, or a look-up has shown that it was not posted."""
    IN_FLIGHT = "in_flight"
    """An attempt was begun and has no result yet. After a crash such a message counts as *unknown*."""
    POSTED = "posted"
    """Twilio answered 201 with a message SID, or a look-up found the message in the conversation."""
    REJECTED = "rejected"
    """Twilio refused the message permanently."""
    UNKNOWN = "unknown"
    """The message may or may not have been posted; it is not posted again before a look-up."""
    UNSENT = "unsent"
    """The message was certainly not posted, and the run has used up its attempts."""
    HELD = "held"
    """Not posted, because a step before it was rejected; posted once that step is done."""


class SettingsStatus(StrEnum):
    """Status of the settings of a created row; a row that asks for none has no status.

    Setting them twice does no harm, so they need no intent: what is not known to be set is set again.
    """

    PENDING = "pending"
    """To be set: no attempt has come to an end."""
    SET = "set"
    """Twilio's reply shows the conversation after the update."""
    REJECTED = "rejected"
    """Twilio refused them permanently."""
    DUPLICATE = "duplicate"
    """The unique name belongs to another conversation: this one is its twin."""
    UNSENT = "unsent"
    """Not known to be set, and the run has used up its attempts."""


class Step(StrEnum):
    """Purpose of a request."""

    CREATE = "create"
    """Create a WebChat."""
    LOOKUP = "lookup"
    """Look up the conversation of an unknown row."""
    SETTINGS = "settings"
    """Set the unique name, the attributes and the timers of a created conversation."""
    MESSAGE = "message"
    """Post a first message."""
    MESSAGE_LOOKUP = "message_lookup"
    """Look up a first message in its conversation."""
    HISTORY = "history"
    """Post a message of an old chat."""
    HISTORY_LOOKUP = "history_lookup"
    """Look up a message of an old chat in its conversation."""


class Verdict(StrEnum):
    """What one attempt did, as far as its reply or its failure proves it."""

    CREATED = "created"
    """The conversation or the message exists."""
    REFUSED = "refused"
    """Twilio refused the request; a retry would be refused, too."""
    NOT_PROCESSED = "not_processed"
    """The request was not sent, or a limit refused it (429) before it was processed: a retry is safe."""
    MAYBE = "maybe"
    """The request was sent, and no reply or no clear reply came back."""
