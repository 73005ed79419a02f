"""What Twilio's replies mean where a conversation was to be closed or deleted, or to get a timer. Pure.

Source: Twilio's error dictionary and the Conversation resource of the Conversations API.
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
    common_errors.CODES,
    {20008: _FORBIDDEN, 20403: _FORBIDDEN, 20404: _NO_ENDPOINT},
)

STATUSES: Classifications = overlaid(
    common_errors.STATUSES,
    {403: _FORBIDDEN, 404: _NO_ENDPOINT, 405: _NO_ENDPOINT},
)

CLOSE_STATUSES = {
    Verdict.REFUSED: CloseStatus.REFUSED,
    Verdict.NOT_PROCESSED: CloseStatus.NOT_PROCESSED,
    Verdict.MAYBE: CloseStatus.MAYBE,
}
"""What became of the conversation, by the verdict on a request that was not done."""

_ERROR_TABLE = ErrorTable(CODES, STATUSES)
DONE = ReplyClassification(verdict=Verdict.CREATED)
"""It is as was asked for."""


def classify_close_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> tuple[CloseStatus, ReplyClassification]:
    """Decide what a reply means that does not say that it is done; see ``ErrorTable.classify``.

    What was closed or deleted before counts as such. A 404 counts as gone only with Twilio's own code: any server
    has a 404.
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
    """Say what is wrong, in the words of the tables where all conversations are concerned."""
    if classification.stops_run or classification.is_throttled:
        return classification.error
    verb = "refused it" if classification.verdict is Verdict.REFUSED else "did not confirm it"
    named = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    return f"Twilio {verb} ({named})"
