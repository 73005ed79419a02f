"""Meaning of Twilio's error replies to requests for one conversation, in addition to the common table. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors.
"""

from http import HTTPStatus

from . import common_errors
from .error_table import ErrorTable, overlaid, stops

_NOT_FOUND = {20404, 50350}
_FORBIDDEN = stops("the API key may not read conversations: use a Standard API key of this account")
_NO_ENDPOINT = stops("Twilio's API is not at this address: check --base-url and the region")

STATE_ERRORS = ErrorTable(
    overlaid(common_errors.CONVERSATIONS, {20008: _FORBIDDEN, 20403: _FORBIDDEN}),
    overlaid(common_errors.STATUSES, {403: _FORBIDDEN, 404: _NO_ENDPOINT, 405: _NO_ENDPOINT}),
)
"""Replies of another kind than a conversation, or that there is none."""


def is_not_found(status: int, code: int) -> bool:
    """Return whether a reply says that the service has no such conversation.

    A 404 without one of Twilio's codes does not say so, because any other server may answer 404 too.
    """
    return status == HTTPStatus.NOT_FOUND and code in _NOT_FOUND
