"""One record of a history to one message, and why it cannot be posted. Pure.

Source of the limits: Twilio, https://www.twilio.com/docs/conversations/conversations-limits and
https://www.twilio.com/docs/conversations/api/conversation-message-resource.
"""

import json
from datetime import UTC, datetime

from provisioner.models import HistoryMessage

MOST_BODY_BYTES = 32 * 1024
"""Longest text of a chat's message, in bytes of UTF-8."""
MOST_ATTRIBUTES_BYTES = 4 * 1024
"""Longest attributes of a message, in bytes of UTF-8."""
MOST_AUTHOR = 256
"""Longest author in characters; that of an identity is taken, since Twilio publishes none."""


class BadMessage(Exception):  # noqa: N818 - it says what is wrong with a record; its reader makes an error of it
    """Raised when a record is not a message; ``cure`` says what to do. It holds no value of the record."""

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.reason, self.cure = reason, cure


def read_message(author: str, body: str, date: str, attributes: str) -> tuple[datetime, HistoryMessage]:
    """Return the moment of a message and the message. Raise ``BadMessage`` when it cannot be posted."""
    if not author.strip():
        raise BadMessage("the message has no author", "say who wrote it, such as the customer's or agent's name")
    if len(author) > MOST_AUTHOR:
        raise BadMessage(f"the author has {len(author):,} characters", f"shorten it to {MOST_AUTHOR}")
    if not body.strip():
        raise BadMessage("the message has no text", "remove the line, or say what was sent, such as [picture]")
    _require_size("text", body, MOST_BODY_BYTES)
    moment = _moment(date)
    if attributes:
        _require_object(attributes)
        _require_size("attributes", attributes, MOST_ATTRIBUTES_BYTES)
    return moment, HistoryMessage(author, body, moment.strftime("%Y-%m-%dT%H:%M:%SZ"), attributes)


def _moment(text: str) -> datetime:
    cure = "write it in ISO 8601 with its offset, as 2025-03-01T10:00:00Z or 2025-03-01T11:00:00+01:00"
    if not text.strip():
        raise BadMessage("the message has no date", cure)
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            raise BadMessage("the date has no time zone", cure)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadMessage("the date is not in ISO 8601", cure) from None
    if moment.year < 1970:  # noqa: PLR2004 - the first year of Unix time
        raise BadMessage("the date is before 1970", "correct it")
    return moment


def _require_size(what: str, text: str, most: int) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise BadMessage(f"the {what} cannot be sent: it has half a character", "export it again") from None
    if size > most:
        raise BadMessage(
            f"the {what} has {size:,} bytes", f"Twilio takes {most:,}: shorten it, or split it in two"
        )


def _require_object(text: str) -> None:
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise BadMessage(
            "the attributes are not a JSON object", 'write them like {"channel": "web"}, or omit them'
        )
