"""Parser for the start of a JSON text: returns its structure even when the text is cut off."""

import json
from typing import Any

from provisioner.system.patterns import late_pattern

_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_SPACE = late_pattern(r"[ \t\n\r]*")
_DEEPEST = 6
"""Most nested arrays and objects that are parsed although they are cut off."""

CUT = object()
"""Placeholder for a value that is cut off or broken."""


def outline(text: str) -> Any:
    """Return the value at the start of a text; arrays and objects that are cut off hold their complete parts.

    Numbers stay texts. Anything that cannot be parsed is ``CUT``.
    """
    return _value(text, _skipped(text, 0), _DEEPEST)[0]


def _value(text: str, at: int, depth: int) -> tuple[Any, int | None]:
    """Return the value at offset ``at`` and the offset of its end; None when it is cut off or broken."""
    try:
        return _DECODER.raw_decode(text, at)
    except (json.JSONDecodeError, RecursionError):
        pass
    if depth and text.startswith("{", at):
        return _object(text, at + 1, depth - 1), None
    if depth and text.startswith("[", at):
        return _array(text, at + 1, depth - 1), None
    return CUT, None


def _object(text: str, at: int, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    while True:
        try:
            name, end = _DECODER.raw_decode(text, _skipped(text, at))
        except (json.JSONDecodeError, RecursionError):
            return members
        colon = _skipped(text, end)
        if not isinstance(name, str) or not text.startswith(":", colon):
            return members
        members[name], after = _value(text, _skipped(text, colon + 1), depth)
        if after is None or not text.startswith(",", _skipped(text, after)):
            return members
        at = _skipped(text, after) + 1


def _array(text: str, at: int, depth: int) -> list[Any]:
    elements: list[Any] = []
    while True:
        element, after = _value(text, _skipped(text, at), depth)
        elements.append(element)
        if after is None or not text.startswith(",", _skipped(text, after)):
            return elements
        at = _skipped(text, after) + 1


def _skipped(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at
