"""Meaning of Twilio's replies to posting a message, in addition to the common table. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors and
https://www.twilio.com/docs/conversations/api/conversation-message-resource.
"""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import structs

from provisioner.models import Verdict

from . import common_errors
from .error_table import (
    Classifications,
    ErrorTable,
    ReplyClassification,
    ambiguous,
    overlaid,
    rejects,
    stops,
    throttles,
)
from .reply_parsing import read_message_sid

_KEY = "check that the API key may use Conversations"
_GONE = structs.replace(rejects("the conversation is gone"), is_gone=True)
_TOO_LARGE = rejects("the message is too large for Twilio")

CODES: Classifications = overlaid(
    common_errors.CONVERSATIONS,
    {
        20003: stops(f"Twilio did not accept the credentials for messages: {_KEY}"),
        20403: stops(f"the API key may not post messages: {_KEY}"),
        20404: _GONE,
        20413: _TOO_LARGE,
        50056: rejects("a webhook of the Conversations service refused the message"),
        50057: ambiguous("a webhook of the Conversations service failed", word="webhook"),
        50076: ambiguous("a webhook of the Conversations service timed out", word="webhook"),
        50350: _GONE,
        50377: rejects("the conversation is closed"),
    },
)

STATUSES: Classifications = overlaid(
    common_errors.CONVERSATION_STATUSES,
    {
        401: stops(f"the credentials were not accepted for messages: {_KEY}"),
        403: stops(f"the credentials do not allow messages: {_KEY}"),
        404: _GONE,
        413: _TOO_LARGE,
        429: throttles("too many messages"),
    },
)

_ERROR_TABLE = ErrorTable(CODES, STATUSES, open_end="the message may or may not have been posted")
_NAMELESS = ReplyClassification(
    verdict=Verdict.MAYBE,
    error_code="bad_reply",
    error="Twilio posted the message, but its SID cannot be read from the reply",
)


def classify_message_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> ReplyClassification:
    """Return the classification of a reply to posting a message; arguments as in ``ErrorTable.classify``.

    A 201 whose message SID cannot be read is ambiguous.
    """
    if status != HTTPStatus.CREATED:
        return _ERROR_TABLE.classify(status, headers, body, now=now)
    sid = read_message_sid(body)
    return ReplyClassification(verdict=Verdict.CREATED, message_sid=sid) if sid else _NAMELESS
