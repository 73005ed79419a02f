"""Layouts of JSON records, detected from the start of the text."""

import json
from enum import Enum
from typing import Any

from provisioner.system.patterns import late_pattern

from .outline import outline
from .shapes import shape_of


class JsonLayout(Enum):
    """Layout of JSON records; each value is the ``--input-format`` and the reason for detecting it."""

    LINES = ("jsonl", "starts like a JSON object")
    SEQUENCE = ("jsonl", "starts with the record separator of JSON text sequences (RFC 7464)")
    ARRAY = ("json", "starts like a JSON array")
    TREE = ("json", "starts like a JSON object with a list of records")

    @property
    def format(self) -> str:
        """Value of ``--input-format``: ``jsonl`` or ``json``."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Reason for the detection, for the user."""
        return self.value[1]


SEPARATOR = "\x1e"
"""Record separator, which precedes each text of a JSON text sequence (RFC 7464, section 2.2)."""

_FEW = 10
_SEQUENCE = late_pattern(rf"\s*{SEPARATOR}")
_ARRAY = late_pattern(r"\s*\[\s*[\[{\]]")
_OBJECT = late_pattern(r"\s*\{\s*[\"}]")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def detect_layout(text: str) -> JsonLayout | None:
    """Return the layout of a text by its start; None when it does not look like JSON."""
    if _SEQUENCE.match(text):
        return JsonLayout.SEQUENCE
    if _ARRAY.match(text):
        return JsonLayout.ARRAY
    if not _OBJECT.match(text):
        return None
    return JsonLayout.LINES if _is_first_of_lines(text) or shape_of(object_in(text)) is None else JsonLayout.TREE


def layout_within(input_format: str, text: str) -> JsonLayout:
    """Return the layout of a text whose format, ``jsonl`` or ``json``, is known already."""
    if input_format == JsonLayout.LINES.format:
        return JsonLayout.SEQUENCE if _SEQUENCE.match(text) else JsonLayout.LINES
    return JsonLayout.TREE if text.lstrip().startswith("{") else JsonLayout.ARRAY


def object_in(text: str) -> dict[str, Any]:
    """Return the object at the start of a text, as far as it is complete; empty when there is none."""
    found = outline(text)
    return found if isinstance(found, dict) else {}


def is_list_of_arrays(text: str) -> bool:
    """Return whether all elements at the start of an array are arrays themselves, with a value."""
    found = outline(text)
    elements = found if isinstance(found, list) else []
    return bool(elements) and all(isinstance(each, list) and each for each in elements[:_FEW])


def is_spread_over_lines(text: str) -> bool:
    """Return whether the first object of a text extends over more than one line."""
    text = text.lstrip()
    line, _, rest = text.partition("\n")
    if not line.startswith("{") or not rest:
        return False
    return line.strip() == "{" or _first_end(text) > len(line)


def _is_first_of_lines(text: str) -> bool:
    """Return whether the first line is a complete object and more lines follow."""
    text = text.lstrip()
    line, _, rest = text.partition("\n")
    return bool(rest.strip()) and _first_end(line) == len(line.rstrip())


def _first_end(text: str) -> int:
    """Return the offset at which the first value of a text ends; 0 if it is incomplete."""
    try:
        return _DECODER.raw_decode(text)[1]
    except (json.JSONDecodeError, RecursionError):
        return 0
