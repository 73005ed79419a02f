"""Values inside a value: ``contact.name`` where the record has ``contact``, an object."""

from collections.abc import Callable, Sequence

import msgspec

from .templates import Getter, Values

_MOST_DIGITS = 9
"""No place in any list has more, and no number is made of them."""
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text_of = msgspec.json.Decoder(str).decode


def path_getter(get: Getter, steps: Sequence[str], on_found: Callable[[], None]) -> Getter:
    """Return what follows ``steps`` into the JSON text that ``get`` gives; empty where they lead nowhere.

    ``on_found`` is called for every row where they lead somewhere.
    """

    def walk(values: Values) -> str:
        found = get_path(get(values), steps)
        if found is None:
            return ""
        on_found()
        return found

    return walk


def get_path(text: str, steps: Sequence[str]) -> str | None:
    """Return what stands at the end of a path into JSON text: names of objects, places in lists from 0.

    Texts are decoded, everything else stays as it is spelt; ``null`` is an empty text.
    """
    try:
        spelt = text.encode()
        for step in steps:
            inner = _step(spelt, step)
            if inner is None:
                return None
            spelt = bytes(inner)
        return _describe_step(spelt)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


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
    return "" if spelt == b"null" else spelt.decode()
