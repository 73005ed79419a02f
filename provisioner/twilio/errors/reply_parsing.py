"""Reading of bodies and headers of replies, also malformed ones. Pure; no function raises an exception."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from provisioner.models.sids import SidKind
from provisioner.system.patterns import late_pattern

LONGEST_RETRY_AFTER_S = 300.0
"""Maximum seconds for which a ``Retry-After`` header can pause a run."""

MOST_IDENTITY_CHARACTERS = 256
"""Maximum characters of an identity. Source: Twilio, WebChats resource, parameter ``Identity``."""
_NAMED = late_pattern(rb'"conversation_sid"\s*:\s*"([0-9A-Za-z]{1,64})"')
_REQUEST_ID = late_pattern(r"[!-~]{1,64}")
_CODE = late_pattern(r"[1-9][0-9]{3,5}")

_T = TypeVar("_T")


class _Created(msgspec.Struct, gc=False):
    """Body of a 201; the identity may have any type, so that a wrong one does not make the SID unreadable."""

    conversation_sid: str | None = None
    identity: Any = None


class _Posted(msgspec.Struct, gc=False):
    sid: str | None = None


class _Refusal(msgspec.Struct, gc=False):
    """Twilio's error object, or a problem of RFC 9457, whose ``type`` is a URL that ends with the error code."""

    code: int | str | None = None
    type: str | None = None


_CREATED = msgspec.json.Decoder(_Created)
_POSTED = msgspec.json.Decoder(_Posted)
_REFUSAL = msgspec.json.Decoder(_Refusal)


def decode(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T | None:
    """Return the decoded body, or None if it is not JSON of the decoder's type."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def read_created(body: bytes) -> tuple[str, str]:
    """Return the conversation SID and the guest's identity of a 201; each is empty if it cannot be read.

    A malformed SID, and an identity that is longer than ``MOST_IDENTITY_CHARACTERS`` or not printable, count as
    unreadable. The SID is also read from a whole object of which another value is no valid JSON text.
    """
    try:
        created = _CREATED.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _read_named(body), ""
    sid, identity = created.conversation_sid or "", created.identity
    is_kept = isinstance(identity, str) and len(identity) <= MOST_IDENTITY_CHARACTERS and identity.isprintable()
    return sid if SidKind.CONVERSATION.matches(sid) else "", identity if is_kept else ""


def _read_named(body: bytes) -> str:
    """Return the only SID that an object with an unreadable value names; empty if it was cut or names several."""
    text = body.strip()
    named = set(_NAMED.findall(text)) if text[:1] == b"{" and text[-1:] == b"}" else set()
    sid = named.pop().decode() if len(named) == 1 else ""
    return sid if SidKind.CONVERSATION.matches(sid) else ""


def read_message_sid(body: bytes) -> str:
    """Return the message SID of a 201, empty if it is missing or malformed."""
    posted = decode(_POSTED, body)
    sid = (posted.sid if posted else "") or ""
    return sid if SidKind.MESSAGE.matches(sid) else ""


def read_request_id(headers: Mapping[str, str]) -> str:
    """Return the header ``Twilio-Request-Id``; empty if missing, over 64 characters or not printable ASCII."""
    request_id = headers.get("Twilio-Request-Id", "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else ""


def read_error_code(body: bytes) -> int:
    """Return Twilio's error code of 4 to 6 digits, 0 if the body contains none."""
    refusal = decode(_REFUSAL, body)
    if refusal is None:
        return 0
    code = str(refusal.code or (refusal.type or "").rpartition("/")[2])
    return int(code) if _CODE.fullmatch(code) else 0


def read_retry_after_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds of ``Retry-After``, at most ``LONGEST_RETRY_AFTER_S``; None if missing or malformed.

    The header holds seconds or an HTTP date. A date is compared with the reply's own ``Date`` header, so that a
    wrong system clock has no effect, or with ``now`` (Unix seconds) without one. Source: RFC 9110, section 10.2.3.
    """
    text = headers.get("Retry-After")
    if text is None:
        return None
    seconds = _read_seconds(text)
    if seconds is None and (until := _read_date(text)) is not None:
        sent = _read_date(headers.get("Date", ""))
        seconds = max(until - (now if sent is None else sent), 0.0)
    return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER_S)


def _read_seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _read_date(text: str) -> float | None:
    try:
        date: datetime = parsedate_to_datetime(text)
        return date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
