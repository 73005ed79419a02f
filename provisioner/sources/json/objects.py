"""Reader of one JSON object as a record: texts by name, unchanged, and faults with their column."""

import json
import reprlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from provisioner.models import NestedValues, Record
from provisioner.system.patterns import late_pattern

from .shapes import page_in
from .tables import is_table_by_index

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_STRING = msgspec.json.Decoder(str)
_QUOTE = b'"'
_NESTING = b"[{"
_LIST_OF_OBJECTS = "[{"

_CONSTANT = late_pattern(r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<found>NaN|-?Infinity)')
_SURROGATE = late_pattern(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F].."  # a pair is fine
    r"|(?P<found>\\u[dD][89a-fA-F]..)"
    r"|\\."
)


class _RepeatedNameError(ValueError):
    """Raised when an object has one name twice, since parsers disagree about which value counts."""


class _PageError(ValueError):
    """Raised when an object is certainly not a record, but contains a list of records."""


def read_object(line: int, raw: bytes) -> Record:
    """Return one JSON object as a record; ``raw`` is its UTF-8 text, ``line`` its first line. Never raise.

    Strings are decoded. Numbers, ``true`` and ``false`` keep their JSON text, and so do arrays and objects,
    without the white space between their parts; their names are in ``NestedValues.nested``. ``null`` values are
    omitted. The record has a ``problem`` when the text is not valid, has a name twice, or is certainly an object
    that contains a list of records.
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
    """Return the JSON text of each value of an object, by name.

    Raise ``msgspec.DecodeError`` when ``raw`` is not a JSON object.
    """
    return _members(raw)


def one_line_members_of(raw: bytes) -> dict[str, msgspec.Raw]:
    """Return the same as ``members_of``; a value that extends over several lines is brought onto one."""
    members = _members(raw)
    if b"\n" in raw or b"\r" in raw:
        return {name: msgspec.Raw(_compact(bytes(value))) for name, value in members.items()}
    return members


def _values(raw: bytes, text: str) -> dict[str, str]:
    """Return the value of each name as text.

    A repeated name is suspected when the text has more quotes than the distinct names and their values account
    for; only then is the object parsed again to find it. Nested objects are always searched.
    """
    values = {}
    nested: list[str] = []
    objects = _members(raw)
    quotes = raw.count(_QUOTE) - 2 * len(objects)
    for name, value in objects.items():
        spelt = bytes(value)
        quotes -= spelt.count(_QUOTE)
        if spelt.startswith(_QUOTE):
            values[name] = _STRING.decode(spelt)
        elif spelt != b"null":
            values[name] = _compact(spelt).decode()
            if spelt[0] in _NESTING:
                nested.append(name)
    if quotes:
        _check_names(text)
    if nested:
        _check_inside([(name, values[name]) for name in nested], text)
        if len(nested) == len(objects):
            _check_table(text)
        return NestedValues(values, nested)
    return values


def _compact(spelt: bytes) -> bytes:
    return msgspec.json.format(spelt, indent=-1) if spelt[0] in _NESTING else spelt


def _check_inside(nested: Sequence[tuple[str, str]], text: str) -> None:
    """Raise for a name that is given twice inside one of the values, and for a list of records in them."""
    for name, spelt in nested:
        if "{" in spelt:
            _check_nested(name, spelt)
    if any(_LIST_OF_OBJECTS in spelt for _, spelt in nested):
        _check_page(text)


def _check_names(text: str) -> None:
    for name, count in Counter(name for name, _ in _PAIRS.decode(text)).items():
        if count > 1:
            raise _RepeatedNameError(f"gives the name {reprlib.repr(name)} twice")


def _check_nested(name: str, text: str) -> None:
    """Raise for a repeated name inside a value, without repeating it: it may be customer data."""
    try:
        _NESTED.decode(text)
    except _RepeatedNameError as error:
        raise _RepeatedNameError(f"gives a name twice inside {reprlib.repr(name)}") from error


def _check_page(text: str) -> None:
    if page := page_in(_PLAIN.decode(text)):
        raise _PageError(
            f"is not a record but an object that contains several, in {page}; write one record at a time"
        )


def _check_table(text: str) -> None:
    if is_table_by_index(_PLAIN.decode(text)):
        raise _PageError("is not a record but a whole table by its columns; write one record at a time")


def _refuse_repeated(pairs: Sequence[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _RepeatedNameError


_PLAIN = json.JSONDecoder(parse_int=str, parse_float=str)
_PAIRS = json.JSONDecoder(object_pairs_hook=list, parse_int=str, parse_float=str)
_NESTED = json.JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str)


_TOO_DEEP = "is nested too deeply"


def _problem_of(text: str) -> str:
    """Return the problem of a text that is not JSON; Python's parser allows less nesting than ``msgspec``."""
    try:
        return f"is not valid JSON: {_fault(text)}"
    except RecursionError:
        return _TOO_DEEP


def _fault(text: str) -> str:
    """Return why a text is not JSON, with the column.

    Python's parser also accepts NaN, Infinity and lone surrogates, so these are searched for separately.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return f"{error.msg[0].lower()}{error.msg[1:].removesuffix(' at')} at column {error.pos + 1}"
    for what, pattern in (("NaN or Infinity", _CONSTANT), ("half a surrogate pair", _SURROGATE)):
        for match in pattern.finditer(text):
            if match["found"]:
                return f"{what} at column {match.start() + 1}"
    return "a fault in its spelling"
