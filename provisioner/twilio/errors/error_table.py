"""What a reply means to whoever sent the request, and how a table of such meanings is read. Pure.

Classified by code first, then by status: most statuses of these families are not published. Twilio's own
message is never passed on, since it may repeat a value of the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from msgspec import structs

from provisioner.models import Verdict

from .reply_parsing import read_error_code, read_retry_after_s


class ReplyClassification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reply comes to; the fields are those of ``models.AttemptResult``.

    The tables hold classifications without the particulars of one reply; their ``error_code`` is the word for a
    reply that names no code.
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


Classifications = Mapping[int, ReplyClassification]
"""Classifications by Twilio's error code, or by HTTP status."""


def overlaid(*layers: Classifications) -> Classifications:
    """Return one table, in the order of its numbers; where several layers have a number, the last one counts."""
    merged = {number: classification for layer in layers for number, classification in layer.items()}
    return MappingProxyType(dict(sorted(merged.items())))


def rejects(error: str, *, may_leave_orphan: bool = False) -> ReplyClassification:
    """Return the classification of a reply after which the row is at fault."""
    return ReplyClassification(
        verdict=Verdict.REFUSED, error_code="refused", error=error, may_leave_orphan=may_leave_orphan
    )


def stops(error: str, *, word: str = "refused", may_leave_orphan: bool = False) -> ReplyClassification:
    """Return the classification of a reply after which every other row would be refused as well."""
    return ReplyClassification(
        verdict=Verdict.REFUSED,
        error_code=word,
        error=error,
        stops_run=True,
        may_leave_orphan=may_leave_orphan,
    )


def throttles(error: str, *, may_leave_orphan: bool = False) -> ReplyClassification:
    """Return the classification of a reply that processed nothing; every request has to wait."""
    return ReplyClassification(
        verdict=Verdict.NOT_PROCESSED,
        error_code="throttled",
        error=error,
        is_throttled=True,
        may_leave_orphan=may_leave_orphan,
    )


def ambiguous(error: str, *, word: str = "server_error") -> ReplyClassification:
    """Return the classification of a reply that leaves open what happened; ``ErrorTable`` adds what that means."""
    return ReplyClassification(verdict=Verdict.MAYBE, error_code=word, error=error)


_REDIRECTED = stops(
    "the server redirects elsewhere, so it is not Twilio's API: check --base-url", word="bad_reply"
)
_DONE_ELSEWHERE = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
"""Redirects that may follow upon a request that was carried out."""
_NOT_CREATED = ambiguous("the server answered neither 201 nor an error", word="bad_reply")


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """What the replies of one endpoint mean, other than those that say that it is done.

    ``open_end`` says what a reply in doubt leaves open; empty where the endpoint has its own sentences.
    """

    codes: Classifications
    statuses: Classifications
    open_end: str = ""

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> ReplyClassification:
        """Decide what a reply means.

        ``headers`` must be case-insensitive. ``body`` is whatever arrived, also when it was cut. ``now`` (Unix
        seconds) is when it ended. An unknown 4xx refuses the row. A 5xx leaves it open whatever its body says, and
        so does a redirect to a page that tells of a success.
        """
        return self.classify_code(status, read_error_code(body), headers, now=now)

    def classify_code(
        self, status: int, code: int, headers: Mapping[str, str], *, now: float
    ) -> ReplyClassification:
        """Decide the same for a reply whose error code has been read already; 0: it names none."""
        classification = self.codes.get(code) or self.statuses.get(status) or _classify_by_status(status, code)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _DONE_ELSEWHERE:
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
