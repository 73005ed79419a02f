"""What the start of a JSON text says of its structure, also where the text is cut."""

import json
import re
from typing import Any

_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\n\r]*")
_DEEPEST = 6
"""How many arrays and objects inside each other are followed up to the cut."""

CUT = object()
"""Stands for a value of which the text holds nothing that could be told."""


def outline(text: str) -> Any:
    """Read the value that a text starts with; of arrays and objects that are cut, what there is of them."""
    return _value(text, _skipped(text, 0), _DEEPEST)[0]


def _value(text: str, at: int, depth: int) -> tuple[Any, int | None]:
    """Read a value, and return where it ends; None where it is cut or broken."""
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
