"""What can be read out of a reply, however broken it is. Pure; nothing here raises."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from provisioner.models.sids import SidKind

LONGEST_RETRY_AFTER_S = 300.0
"""No ``Retry-After`` holds a run for longer."""

MOST_IDENTITY_CHARACTERS = 256
"""What Twilio allows an identity to have."""
_REQUEST_ID = re.compile(r"[!-~]{1,64}")
_CODE = re.compile(r"[1-9][0-9]{3,5}")

_T = TypeVar("_T")


class _Created(msgspec.Struct, gc=False):
    """What is kept of a 201; an odd identity, of whatever type, does not cost the SID beside it."""

    conversation_sid: str | None = None
    identity: Any = None


class _Posted(msgspec.Struct, gc=False):
    sid: str | None = None


class _Refusal(msgspec.Struct, gc=False):
    """Twilio's error object and an RFC 9457 problem alike; the problem's ``type`` ends with the code."""

    code: int | str | None = None
    type: str | None = None


_CREATED = msgspec.json.Decoder(_Created)
_POSTED = msgspec.json.Decoder(_Posted)
_REFUSAL = msgspec.json.Decoder(_Refusal)


def decode(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T | None:
    """Decode a reply, or return None where it is not what the decoder reads."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def read_created(body: bytes) -> tuple[str, str]:
    """Return the conversation's SID and the guest's identity; either is empty where it cannot be read.

    What is not a SID is none, and an identity that is too long or not printable is none either.
    """
    try:
        created = _CREATED.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "", ""
    sid, identity = created.conversation_sid or "", created.identity
    is_kept = isinstance(identity, str) and len(identity) <= MOST_IDENTITY_CHARACTERS and identity.isprintable()
    return sid if SidKind.CONVERSATION.matches(sid) else "", identity if is_kept else ""


def read_message_sid(body: bytes) -> str:
    """Return the SID of a message, empty where it cannot be read."""
    posted = decode(_POSTED, body)
    sid = (posted.sid if posted else "") or ""
    return sid if SidKind.MESSAGE.matches(sid) else ""


def read_request_id(headers: Mapping[str, str]) -> str:
    """Return ``Twilio-Request-Id``, empty where there is none, or one that is too long or not printable."""
    request_id = headers.get("Twilio-Request-Id", "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else ""


def read_error_code(body: bytes) -> int:
    """Return Twilio's error code, 0 where the reply names none."""
    refusal = decode(_REFUSAL, body)
    if refusal is None:
        return 0
    code = str(refusal.code or (refusal.type or "").rpartition("/")[2])
    return int(code) if _CODE.fullmatch(code) else 0


def read_retry_after_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return how long ``Retry-After`` asks to wait, capped; None where it is absent or makes no sense.

    It may be seconds or an HTTP date; a date is taken against the reply's own ``Date``, so that a wrong
    clock here does no harm. Source: RFC 9110, section 10.2.3.
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
