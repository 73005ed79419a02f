"""Tables that classify a reply by Twilio's error code and the HTTP status. Pure.

The error code is looked up first, then the status, because Twilio does not publish the statuses of most codes.
Twilio's own message is never passed on, since it may repeat a value of the row.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from msgspec import structs

from provisioner.models import Verdict

from .reply_parsing import read_error_code, read_retry_after_s


class ReplyClassification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Meaning of a reply; the fields are those of ``models.AttemptResult``.

    A table's entries have no values of a single reply (SIDs, ``retry_after_s``). The ``error_code`` of an entry is
    the word that is used when the reply contains no error code.
    """

    verdict: Verdict
    error_code: str = ""
    error: str = ""
    conversation_sid: str = ""
    identity: str = ""
    message_sid: str = ""
    retry_after_s: float | None = None
    is_throttled: bool = False
    stops_run: bool = False
    may_leave_orphan: bool = False
    is_gone: bool = False
    is_sure: bool = False
    """Whether the verdict counts whatever the HTTP status is, also for a 5xx."""


Classifications = Mapping[int, ReplyClassification]
"""Table of classifications by Twilio's error code or by HTTP status."""


def overlaid(*layers: Classifications) -> Classifications:
    """Return the layers as one read-only table, sorted by number; a later layer overrides an earlier one."""
    merged = {number: classification for layer in layers for number, classification in layer.items()}
    return MappingProxyType(dict(sorted(merged.items())))


def rejects(error: str, *, may_leave_orphan: bool = False) -> ReplyClassification:
    """Return the classification of a reply that refuses this request because of its own content."""
    return ReplyClassification(
        verdict=Verdict.REFUSED, error_code="refused", error=error, may_leave_orphan=may_leave_orphan
    )


def stops(error: str, *, word: str = "refused", may_leave_orphan: bool = False) -> ReplyClassification:
    """Return the classification of a reply that stops the run, because every other request would be refused too.

    ``word`` is the error code for a reply without one of Twilio's.
    """
    return ReplyClassification(
        verdict=Verdict.REFUSED,
        error_code=word,
        error=error,
        stops_run=True,
        may_leave_orphan=may_leave_orphan,
    )


def postpones(error: str) -> ReplyClassification:
    """Return the classification of a reply that did not process this request now; it is repeated later."""
    return ReplyClassification(verdict=Verdict.NOT_PROCESSED, error_code="busy", error=error)


def throttles(error: str, *, may_leave_orphan: bool = False, is_sure: bool = False) -> ReplyClassification:
    """Return the classification of a reply by a rate limit: nothing was processed, and all requests must pause."""
    return ReplyClassification(
        verdict=Verdict.NOT_PROCESSED,
        error_code="throttled",
        error=error,
        is_throttled=True,
        may_leave_orphan=may_leave_orphan,
        is_sure=is_sure,
    )


def ambiguous(error: str, *, word: str = "server_error") -> ReplyClassification:
    """Return the classification of a reply after which the request may or may not have been processed.

    ``ErrorTable.open_end`` is appended to ``error``. ``word`` is the error code for a reply without one of
    Twilio's.
    """
    return ReplyClassification(verdict=Verdict.MAYBE, error_code=word, error=error)


_REDIRECTED = stops(
    "the server redirects elsewhere, so it is not Twilio's API: check --base-url", word="bad_reply"
)
_DONE_ELSEWHERE = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
"""Redirects that a server may send after it has processed the request; the result is not known then."""
_NOT_CREATED = ambiguous("the server answered neither 201 nor an error", word="bad_reply")


class ErrorTable(msgspec.Struct, frozen=True):
    """Classifies the replies of one endpoint, other than success.

    ``codes`` and ``statuses`` are the tables by error code and by HTTP status. ``open_end`` is appended to the
    error text of an ambiguous reply, such as "the conversation may or may not exist"; empty if nothing is to be
    appended.
    """

    codes: Classifications
    statuses: Classifications
    open_end: str = ""

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> ReplyClassification:
        """Return the classification of a reply.

        ``headers`` must be case-insensitive. ``body`` holds the bytes that arrived, also when the body was cut.
        ``now`` is the end of the reply in Unix seconds. An unknown 4xx refuses the request. A 5xx is always
        ambiguous, whatever its body says, and so are the redirects 301, 302 and 303; codes that are sure are the
        exception.
        """
        return self.classify_code(status, read_error_code(body), headers, now=now)

    def classify_code(
        self, status: int, code: int, headers: Mapping[str, str], *, now: float
    ) -> ReplyClassification:
        """Return the classification of a reply whose error code has already been read; 0 means it has none."""
        classification = self.codes.get(code) or self.statuses.get(status) or _classify_by_status(status, code)
        is_open_status = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _DONE_ELSEWHERE
        if is_open_status and not classification.is_sure:
            classification = structs.replace(classification, verdict=Verdict.MAYBE)
        is_open = classification.verdict is Verdict.MAYBE and self.open_end
        return structs.replace(
            classification,
            error=f"{classification.error}; {self.open_end}" if is_open else classification.error,
            error_code=str(code) if code else classification.error_code,
            retry_after_s=read_retry_after_s(headers, now=now),
        )


def _classify_by_status(status: int, code: int) -> ReplyClassification:
    named = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    match status // 100:
        case 1 | 2:
            return _NOT_CREATED
        case 3:
            return _REDIRECTED
        case 4:
            return rejects(f"Twilio refused the request ({named})")
        case _:
            return ambiguous(f"Twilio failed ({named})")
