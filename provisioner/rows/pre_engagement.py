"""The pre-engagement data of a row: one compact JSON object out of JSON text, single values and the name.

Numbers keep their digits (30 of them, or 1.10): what stands in the JSON text is checked and copied, never
computed with.
"""

import json
import re
from collections.abc import Iterator

import msgspec

from provisioner.models import Mapped, Members, WebChatRequest

from .validation import validate_surrogates

MAX_BYTES = 16_384
"""Twilio says "under 16 KB" and not how it counts (error 45731); these are UTF-8 bytes of the compact JSON."""
HINT_BYTES = 15_000
MARK_CHARACTERS = 32
"""The length of a row's mark."""

Fault = tuple[str, str]
"""The field at fault, and the reason."""

_MOST_BYTES_PER_CHARACTER = 4
_FRIENDLY_NAME = "friendlyName"
_encode = msgspec.json.Encoder().encode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_POSITION = re.compile(r"(?:JSON is malformed: )?(?P<what>.*) \(byte (?P<byte>\d+)\)")


def build_json(mapped: Mapped, *, friendly_name: bool, marker: str = "") -> tuple[str, list[Fault]]:
    """Return the JSON text of a row, empty where it has nothing to say, and what is wrong with it.

    Single values replace those of the same name in the JSON text. ``friendly_name`` adds the customer's name
    where neither has a ``friendlyName``, as Twilio's own app does. ``marker`` is a name that is kept free, with
    room for a mark of 32 characters that is added when the row is sent.
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
    """Return the JSON object ``data``, which may be empty, as text with one more member."""
    return _composed(data, {name: text}, "").decode()


def is_nearly_full(request: WebChatRequest) -> bool:
    """Say whether the pre-engagement data is so near Twilio's limit that another way of counting may refuse it."""
    data = request.pre_engagement_data
    return len(data) * _MOST_BYTES_PER_CHARACTER > HINT_BYTES and len(data.encode()) > HINT_BYTES


def _unsendable(mapped: Mapped) -> str:
    """Return an array, which no valid row has: the digest of an invalid row is never that of a valid one."""
    members = {
        name: value if isinstance(value, str) else str(bytes(value)) for name, value in mapped.members.items()
    }
    return json.dumps([mapped.request.pre_engagement_data, members])


def _composed(data: str, members: Members, name: str) -> bytes:
    is_blank = _is_blank(data)
    given = {} if is_blank else _members_of(data)
    if name and _FRIENDLY_NAME not in given and _FRIENDLY_NAME not in members:
        members = {**members, _FRIENDLY_NAME: name}
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
