"""Values inside nested JSON: ``contact.name`` for a record whose ``contact`` is an object."""

from collections.abc import Callable, Sequence

import msgspec

from .templates import Getter, Values

_MOST_DIGITS = 9
"""Most digits of an index into a list; a longer one is not converted to a number."""
_NESTING = (b"[", b"{")
_NULL = b"null"
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text_of = msgspec.json.Decoder(str).decode


def path_getter(get: Getter, steps: Sequence[str], on_found: Callable[[], None]) -> Getter:
    """Return a getter that follows the path ``steps`` in the JSON text that ``get`` returns; see ``get_path``.

    It gives an empty text for rows in which the path does not exist, and calls ``on_found`` for rows in which it
    does.
    """

    def walk(values: Values) -> str:
        found = get_path(get(values), steps)
        if found is None:
            return ""
        on_found()
        return found

    return walk


def leads_to_nested(text: str, steps: Sequence[str]) -> bool:
    """Return whether the value at a path in a JSON text is an array or an object."""
    found = _follow(text, steps)
    return found is not None and found[:1] in _NESTING


def has_null_at(text: str, steps: Sequence[str]) -> bool:
    """Return whether a path in a JSON text leads to ``null``, at its end or before it."""
    return any(_follow(text, steps[:count]) == _NULL for count in range(1, len(steps) + 1))


def get_path(text: str, steps: Sequence[str]) -> str | None:
    """Return the value at a path in a JSON text; None when the path does not exist or the text is not JSON.

    A step is the name of an object's member or an index into a list, from 0. A string is decoded, ``null`` becomes
    an empty text, and any other value is returned as its JSON text.
    """
    try:
        spelt = _follow(text, steps)
        return None if spelt is None else _describe_step(spelt)
    except msgspec.DecodeError:
        return None


def _follow(text: str, steps: Sequence[str]) -> bytes | None:
    """Return the JSON text of the value at a path; None when the path does not exist or ``text`` is not JSON."""
    try:
        spelt = text.encode()
        for step in steps:
            inner = _step(spelt, step)
            if inner is None:
                return None
            spelt = bytes(inner)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return spelt


def _step(spelt: bytes, step: str) -> msgspec.Raw | None:
    if spelt.startswith(b"{"):
        return _members_of(spelt).get(step)
    if spelt.startswith(b"[") and step.isascii() and step.isdecimal():
        items = _items_of(spelt)
        return items[int(step)] if len(step) <= _MOST_DIGITS and int(step) < len(items) else None
    return None


def _describe_step(spelt: bytes) -> str:
    if spelt.startswith(b'"'):
        return _text_of(spelt)
    return "" if spelt == _NULL else spelt.decode()
