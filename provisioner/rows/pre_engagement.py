"""Pre-engagement data of a row: one compact JSON object made from JSON text, single values and the friendly name.

JSON values are checked and copied as text, never converted, so that numbers keep all of their digits (1.10, or 30
digits).
"""

import json
from collections.abc import Iterator

import msgspec

from provisioner.models import Mapped, Members, WebChatRequest
from provisioner.system.patterns import late_pattern

from .validation import validate_surrogates

MAX_BYTES = 16_384
"""Largest pre-engagement data, in UTF-8 bytes of the compact JSON (Twilio: error 45731, "under 16 KB").

Twilio does not document how it counts.
"""
HINT_BYTES = 15_000
"""Size in bytes above which a note warns that Twilio may refuse the data."""
MARK_CHARACTERS = 32
"""Length of a row's mark in characters."""

FRIENDLY_NAME = "friendlyName"
"""Member with the customer's name (Twilio: Flex Webchat, pre-engagement data)."""

Fault = tuple[str, str]
"""(field, reason): the field that is not valid and why."""

_MOST_BYTES_PER_CHARACTER = 4
_encode = msgspec.json.Encoder().encode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_POSITION = late_pattern(r"(?:JSON is malformed: )?(?P<what>.*) \(byte (?P<byte>\d+)\)")


def build_json(mapped: Mapped, *, friendly_name: bool, marker: str = "") -> tuple[str, list[Fault]]:
    """Return the pre-engagement JSON text of a row, empty when it has none, and its faults.

    Single values replace members of the same name in the JSON text. ``friendly_name`` is whether to add the
    customer's name as ``friendlyName`` when there is no such member (Twilio: Flex Webchat, pre-engagement data).
    ``marker`` is a member name that rows may not use; its mark of 32 characters is added when the row is sent and
    counts towards the limit.
    """
    name = mapped.request.customer_friendly_name if friendly_name else ""
    try:
        encoded = _composed(mapped.request.pre_engagement_data, mapped.members, name)
    except (ValueError, RecursionError):
        return _unsendable(mapped), [*mapped.faults, *_faults(mapped)]
    if mapped.faults:
        return _unsendable(mapped), list(mapped.faults)
    is_free = not marker and len(encoded) <= MAX_BYTES
    return encoded.decode(), [] if is_free else list(_limits(encoded, marker))


def _limits(encoded: bytes, marker: str) -> Iterator[Fault]:
    most = MAX_BYTES - (len(_encode({marker: "0" * MARK_CHARACTERS})) if marker else 0)
    if len(encoded) > most:
        yield "pre_engagement_data", f"comes to {len(encoded)} bytes of JSON, at most {most} are allowed"
    if marker and encoded and marker in _members_of(encoded):
        yield f"pre_engagement.{marker}", "has the name that --marker uses: give the marker another"


def with_member(data: str, name: str, text: str) -> str:
    """Return the JSON object ``data`` with the member ``name``: ``text`` added, as compact JSON text.

    Empty ``data`` counts as ``{}``. Raise ``ValueError`` or ``RecursionError`` when it is not a JSON object.
    """
    return _composed(data, {name: text}, "").decode()


def is_nearly_full(request: WebChatRequest) -> bool:
    """Return whether the pre-engagement data exceeds ``HINT_BYTES``, so that Twilio may count it as too large."""
    data = request.pre_engagement_data
    return may_be_nearly_full(data) and len(data.encode()) > HINT_BYTES


def may_be_nearly_full(data: str) -> bool:
    """Return whether data is so long that it may exceed ``HINT_BYTES``; if it is not, it is within all limits."""
    return len(data) * _MOST_BYTES_PER_CHARACTER > HINT_BYTES


def _unsendable(mapped: Mapped) -> str:
    """Return the data of an invalid row as a JSON array: a valid row has an object, so their digests differ."""
    members = {
        name: value if isinstance(value, str) else str(bytes(value)) for name, value in mapped.members.items()
    }
    return json.dumps([mapped.request.pre_engagement_data, members])


def _composed(data: str, members: Members, name: str) -> bytes:
    is_blank = _is_blank(data)
    given = {} if is_blank else _members_of(data)
    if name and FRIENDLY_NAME not in given and FRIENDLY_NAME not in members:
        members = {**members, FRIENDLY_NAME: name}
    if is_blank:
        return _encode(members) if members else b""
    whole = _encode({**given, **members}) if members else data.encode()
    return msgspec.json.format(whole, indent=-1)


def _is_blank(data: str) -> bool:
    return not data or data.isspace()


def _faults(mapped: Mapped) -> Iterator[Fault]:
    for reason in _json_faults(mapped.request.pre_engagement_data):
        yield "pre_engagement_data", reason
    for name, value in mapped.members.items():
        for reason in validate_surrogates(name) or (validate_surrogates(value) if isinstance(value, str) else ()):
            yield f"pre_engagement.{name}", reason


def _json_faults(data: str) -> tuple[str, ...]:
    if _is_blank(data):
        return ()
    try:
        _members_of(data)
        msgspec.json.format(data, indent=-1)
    except msgspec.ValidationError:
        return ("must be a JSON object, like {...}",)
    except msgspec.DecodeError as error:
        return (f"is not valid JSON: {_place(error, data)}",)
    except RecursionError:
        return ("is nested too deeply",)
    except UnicodeEncodeError:
        return validate_surrogates(data)
    return ()


def _place(error: msgspec.DecodeError, data: str) -> str:
    found = _POSITION.fullmatch(str(error))
    if found is None:
        return "it ends too early, or has half of a surrogate pair"
    before = data.encode()[: int(found["byte"])].decode(errors="ignore")
    return f"{found['what']} near character {len(before) + 1}"
