"""One JSON object as texts by name: nothing guessed, nothing lost, and every fault with its column."""

import json
import re
import reprlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from provisioner.models import Record

from .shapes import page_in

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_STRING = msgspec.json.Decoder(str)
_QUOTE = b'"'
_NESTING = b"[{"
_LIST_OF_OBJECTS = "[{"

_CONSTANT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<found>NaN|-?Infinity)')
_SURROGATE = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F].."  # a pair is fine
    r"|(?P<found>\\u[dD][89a-fA-F]..)"
    r"|\\."
)


class _RepeatedNameError(ValueError):
    """An object gives one name twice, so that readers disagree about its value."""


class _PageError(ValueError):
    """An object is certainly no record but around several."""


def read_object(line: int, raw: bytes) -> Record:
    """Read one JSON object. A fault of it becomes the record's problem.

    That it is certainly around a list of records is a fault too. Strings are decoded; numbers, ``true`` and
    ``false`` stay as they are spelt, and so does what is inside arrays and objects, which only lose the white
    space between; ``null`` is left out.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Record(line, {}, f"is not UTF-8 text at byte {error.start + 1} of the record", raw)
    try:
        return Record(line, _values(raw, text), "", raw)
    except RecursionError:
        problem = _TOO_DEEP
    except msgspec.ValidationError:
        problem = "is not a JSON object"
    except msgspec.DecodeError:
        problem = _problem_of(text)
    except (_RepeatedNameError, _PageError) as error:
        problem = str(error)
    return Record(line, {}, problem, raw)


def members_of(raw: bytes) -> dict[str, msgspec.Raw]:
    """Give each value of an object as it is spelt. Raise ``DecodeError`` of ``msgspec`` for what is no object."""
    return _members(raw)


def _values(raw: bytes, text: str) -> dict[str, str]:
    """Convert what each name stands for.

    A name given twice shows by its quotes: there are more of them than the names and values that remain
    account for. Then it is looked for in earnest, as it always is inside nested objects.
    """
    values = {}
    has_lists = False
    objects = _members(raw)
    quotes = raw.count(_QUOTE) - 2 * len(objects)
    for name, value in objects.items():
        spelt = bytes(value)
        quotes -= spelt.count(_QUOTE)
        if spelt.startswith(_QUOTE):
            values[name] = _STRING.decode(spelt)
        elif spelt != b"null":
            values[name] = _compact(spelt).decode()
            if b"{" in spelt:
                _check_nested(name, values[name])
                if _LIST_OF_OBJECTS in values[name]:
                    has_lists = True
    if quotes:
        _check_names(text)
    if has_lists:
        _check_page(text)
    return values


def _compact(spelt: bytes) -> bytes:
    return msgspec.json.format(spelt, indent=-1) if spelt[0] in _NESTING else spelt


def _check_names(text: str) -> None:
    for name, count in Counter(name for name, _ in _PAIRS.decode(text)).items():
        if count > 1:
            raise _RepeatedNameError(f"gives the name {reprlib.repr(name)} twice")


def _check_nested(name: str, text: str) -> None:
    """Keep names inside a value to ourselves: unlike a column's, they may be a customer's data."""
    try:
        _NESTED.decode(text)
    except _RepeatedNameError as error:
        raise _RepeatedNameError(f"gives a name twice inside {reprlib.repr(name)}") from error


def _check_page(text: str) -> None:
    if page := page_in(_PLAIN.decode(text)):
        raise _PageError(f"is no record but an object around several, in {page}; write one record at a time")


def _refuse_repeated(pairs: Sequence[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _RepeatedNameError


_PLAIN = json.JSONDecoder(parse_int=str, parse_float=str)
_PAIRS = json.JSONDecoder(object_pairs_hook=list, parse_int=str, parse_float=str)
_NESTED = json.JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)


_TOO_DEEP = "is nested too deeply"


def _problem_of(text: str) -> str:
    """Say what is wrong with a text that is not JSON; Python's own reader may bear less nesting than the other."""
    try:
        return f"is not valid JSON: {_fault(text)}"
    except RecursionError:
        return _TOO_DEEP


def _fault(text: str) -> str:
    """Say why a text is not JSON, and where. Python's own reader takes a little more, so look for that."""
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return f"{error.msg[0].lower()}{error.msg[1:].removesuffix(' at')} at column {error.pos + 1}"
    for what, pattern in (("NaN or Infinity", _CONSTANT), ("half a surrogate pair", _SURROGATE)):
        for match in pattern.finditer(text):
            if match["found"]:
                return f"{what} at column {match.start() + 1}"
    return "a fault in its spelling"
