"""Meaning of Twilio's replies to closing or deleting a conversation, an interaction's channel or a user. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors,
https://www.twilio.com/docs/conversations/api/conversation-resource,
https://www.twilio.com/docs/conversations/api/user-resource and
https://www.twilio.com/docs/flex/developer/conversations/interactions-api/channels-subresource.
"""

from collections.abc import Collection, Mapping
from http import HTTPStatus

import msgspec
from msgspec import structs

from provisioner.models import Verdict
from provisioner.models.closing import CloseStatus

from . import common_errors
from .error_table import Classifications, ErrorTable, ReplyClassification, overlaid, stops
from .reply_parsing import read_error_code

_IS_CLOSED = 50377
_NO_CONVERSATION = 50350
_NO_USER = 50200
_NOT_FOUND = 20404
_NO_ENDPOINT = stops("Twilio's API is not at this address: check --base-url and the region")

CLOSE_STATUSES = {
    Verdict.REFUSED: CloseStatus.REFUSED,
    Verdict.NOT_PROCESSED: CloseStatus.NOT_PROCESSED,
    Verdict.MAYBE: CloseStatus.MAYBE,
}
"""Status of the conversation by the verdict on a request that did not succeed."""
DONE = ReplyClassification(verdict=Verdict.CREATED)
"""Classification of a request that succeeded, now or earlier."""


class ClosingErrors(msgspec.Struct, frozen=True):
    """Errors of one kind of resource: its table, and the codes of a 404 that mean that it does not exist."""

    table: ErrorTable
    not_found: Collection[int]


def _closing_errors(
    codes: Classifications, statuses: Classifications, *not_found: int, forbidden: str
) -> ClosingErrors:
    """Return the errors of a resource; ``forbidden`` is what is wrong with an API key that is not allowed it."""
    stopped = stops(f"{forbidden}: use a Standard API key of this account")
    return ClosingErrors(
        ErrorTable(
            overlaid(codes, {20008: stopped, 20403: stopped, _NOT_FOUND: _NO_ENDPOINT}),
            overlaid(statuses, {403: stopped, 404: _NO_ENDPOINT, 405: _NO_ENDPOINT}),
        ),
        {_NOT_FOUND, *not_found},
    )


CONVERSATION_ERRORS = _closing_errors(
    common_errors.CONVERSATIONS,
    common_errors.CONVERSATION_STATUSES,
    _NO_CONVERSATION,
    forbidden="the API key may not change conversations",
)
CHANNEL_ERRORS = _closing_errors(
    common_errors.CODES, common_errors.STATUSES, forbidden="the API key may not change interactions"
)
USER_ERRORS = _closing_errors(
    common_errors.CONVERSATIONS,
    common_errors.CONVERSATION_STATUSES,
    _NO_USER,
    forbidden="the API key may not delete users of conversations",
)


def classify_close_reply(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    errors: ClosingErrors = CONVERSATION_ERRORS,
) -> tuple[CloseStatus, ReplyClassification]:
    """Return status and classification of a reply other than success; arguments as in ``ErrorTable.classify``.

    What was already closed or deleted counts as ``CLOSED`` or ``GONE``. A 404 counts as ``GONE`` only with one of
    Twilio's codes, because any other server may answer 404 too.
    """
    code = read_error_code(body)
    if code == _IS_CLOSED:
        return CloseStatus.CLOSED, DONE
    if status == HTTPStatus.NOT_FOUND and code in errors.not_found:
        return CloseStatus.GONE, DONE
    classification = errors.table.classify_code(status, code, headers, now=now)
    error = _error_text(classification, status, code)
    return CLOSE_STATUSES[classification.verdict], structs.replace(classification, error=error)


def _error_text(classification: ReplyClassification, status: int, code: int) -> str:
    """Return the table's text if it stops or postpones requests; otherwise a text with status and code."""
    if classification.stops_run or classification.verdict is Verdict.NOT_PROCESSED:
        return classification.error
    verb = "refused it" if classification.verdict is Verdict.REFUSED else "did not confirm it"
    named = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    return f"Twilio {verb} ({named})"
