"""The forms in which JSON records come, told by how the text starts."""

import json
import re
from enum import Enum
from typing import Any

from .outline import outline
from .shapes import shape_of


class JsonLayout(Enum):
    """A form, by the value ``--input-format`` has for it and the reason to recognise it."""

    LINES = ("jsonl", "starts like a JSON object")
    SEQUENCE = ("jsonl", "starts with the record separator of JSON text sequences (RFC 7464)")
    ARRAY = ("json", "starts like a JSON array")
    TREE = ("json", "starts like a JSON object with a list of records")

    @property
    def format(self) -> str:
        """The value of ``--input-format``."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """How it is recognised."""
        return self.value[1]


SEPARATOR = "\x1e"
"""What stands before each text of a sequence (RFC 7464, section 2.2)."""

_SEQUENCE = re.compile(rf"\s*{SEPARATOR}")
_ARRAY = re.compile(r"\s*\[\s*[\[{\]]")
_OBJECT = re.compile(r"\s*\{\s*[\"}]")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def detect_layout(text: str) -> JsonLayout | None:
    """Tell the form by the start of a text, or that it does not look like JSON."""
    if _SEQUENCE.match(text):
        return JsonLayout.SEQUENCE
    if _ARRAY.match(text):
        return JsonLayout.ARRAY
    if not _OBJECT.match(text):
        return None
    return JsonLayout.LINES if _is_first_of_lines(text) or shape_of(object_in(text)) is None else JsonLayout.TREE


def layout_within(input_format: str, text: str) -> JsonLayout:
    """Tell the form where the format is settled already."""
    if input_format == JsonLayout.LINES.format:
        return JsonLayout.SEQUENCE if _SEQUENCE.match(text) else JsonLayout.LINES
    return JsonLayout.TREE if text.lstrip().startswith("{") else JsonLayout.ARRAY


def object_in(text: str) -> dict[str, Any]:
    """Read the object that a text starts with, as far as it goes; an empty one where it starts otherwise."""
    found = outline(text)
    return found if isinstance(found, dict) else {}


def is_spread_over_lines(text: str) -> bool:
    """Say whether the first object of a text goes on after its first line."""
    text = text.lstrip()
    line, _, rest = text.partition("\n")
    if not line.startswith("{") or not rest:
        return False
    return line.strip() == "{" or _first_end(text) > len(line)


def _is_first_of_lines(text: str) -> bool:
    """Say whether the first line is an object of its own, with more lines after it."""
    text = text.lstrip()
    line, _, rest = text.partition("\n")
    return bool(rest.strip()) and _first_end(line) == len(line.rstrip())


def _first_end(text: str) -> int:
    """Return where the first value of a text ends; 0 if it does not."""
    try:
        return _DECODER.raw_decode(text)[1]
    except (json.JSONDecodeError, RecursionError):
        return 0
