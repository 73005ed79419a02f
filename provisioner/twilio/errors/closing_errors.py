"""Meaning of Twilio's replies to closing or deleting a conversation, or setting its timer. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors and
https://www.twilio.com/docs/conversations/api/conversation-resource.
"""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import structs

from provisioner.models import Verdict
from provisioner.models.closing import CloseStatus

from . import common_errors
from .error_table import Classifications, ErrorTable, ReplyClassification, overlaid, stops
from .reply_parsing import read_error_code

_IS_CLOSED = 50377
_NOT_FOUND = {20404, 50350}
_FORBIDDEN = stops("the API key may not change conversations: use a Standard API key of this account")
_NO_ENDPOINT = stops("Twilio's API is not at this address: check --base-url and the region")

CODES: Classifications = overlaid(
    common_errors.CONVERSATIONS,
    {20008: _FORBIDDEN, 20403: _FORBIDDEN, 20404: _NO_ENDPOINT},
)

STATUSES: Classifications = overlaid(
    common_errors.CONVERSATION_STATUSES,
    {403: _FORBIDDEN, 404: _NO_ENDPOINT, 405: _NO_ENDPOINT},
)

CLOSE_STATUSES = {
    Verdict.REFUSED: CloseStatus.REFUSED,
    Verdict.NOT_PROCESSED: CloseStatus.NOT_PROCESSED,
    Verdict.MAYBE: CloseStatus.MAYBE,
}
"""Status of the conversation by the verdict on a request that did not succeed."""

_ERROR_TABLE = ErrorTable(CODES, STATUSES)
DONE = ReplyClassification(verdict=Verdict.CREATED)
"""Classification of a request that succeeded, now or earlier."""


def classify_close_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> tuple[CloseStatus, ReplyClassification]:
    """Return status and classification of a reply other than success; arguments as in ``ErrorTable.classify``.

    A conversation that was already closed or deleted counts as ``CLOSED`` or ``GONE``. A 404 counts as ``GONE``
    only with one of Twilio's codes, because any other server may answer 404 too.
    """
    code = read_error_code(body)
    if code == _IS_CLOSED:
        return CloseStatus.CLOSED, DONE
    if status == HTTPStatus.NOT_FOUND and code in _NOT_FOUND:
        return CloseStatus.GONE, DONE
    classification = _ERROR_TABLE.classify_code(status, code, headers, now=now)
    error = _error_text(classification, status, code)
    return CLOSE_STATUSES[classification.verdict], structs.replace(classification, error=error)


def _error_text(classification: ReplyClassification, status: int, code: int) -> str:
    """Return the table's text if it stops or postpones requests; otherwise a text with status and code."""
    if classification.stops_run or classification.verdict is Verdict.NOT_PROCESSED:
        return classification.error
    verb = "refused it" if classification.verdict is Verdict.REFUSED else "did not confirm it"
    named = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    return f"Twilio {verb} ({named})"
