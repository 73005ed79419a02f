"""Reads a few created rows from both ends of a results file; the cost does not grow with the file."""

import csv
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from provisioner.models import Result, Status
from provisioner.models.sids import SidKind
from provisioner.sources.delimited.formula_guard import unguarded
from provisioner.system.regular_files import open_regular

from .layout import Layout
from .reading import read_whole_results
from .writing import COLUMNS

_FIRST_LINES = 1_000
_MOST = 10
"""Rows from each end."""
_TAIL_SIZE = 64 * 1024
_OURS = tuple(map(COLUMNS.index, ("key", "status", "conversation_sid")))
_LINE = msgspec.json.Decoder(Result)


class CreatedSample(NamedTuple):
    """A created row: its conversation SID, and its key with and without the escapes of the formula guard."""

    keys: Sequence[str]
    conversation_sid: str


def created_samples(path: Path) -> Sequence[CreatedSample]:
    """Return some created rows of a results file.

    Raise ``InputError`` where its first lines are not those of one, and ``OSError`` where it cannot be read.
    """
    lines = islice(read_whole_results(path, formula_guard=False), _FIRST_LINES)
    first = (_sample(found.key, found.conversation_sid) for _, found in lines if found.status == Status.CREATED)
    return [*islice(filter(None, first), _MOST), *islice(_last(path), _MOST)]


def _last(path: Path) -> Iterator[CreatedSample]:
    """Yield the created rows of the last 64 KiB, from the end; one whose line is cut or has breaks is skipped."""
    with os.fdopen(open_regular(path), "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_SIZE))
        tail = stream.read(_TAIL_SIZE).decode("utf-8", "replace")
        stream.seek(0)
        layout = Layout.of_text(stream.read(_TAIL_SIZE).decode("utf-8-sig", "replace"))
    for line in reversed(tail.splitlines()[1:]):
        key, status, sid = _fields(line, layout)
        if status == Status.CREATED and (sample := _sample(key, sid)):
            yield sample


def _fields(line: str, layout: Layout) -> tuple[str | None, str, str | None]:
    if line.startswith("{"):
        try:
            found = _LINE.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            return None, "", None
        return found.key, found.status, found.conversation_sid
    try:
        cells = next(csv.reader([line], strict=True, delimiter=layout.delimiter), [])
    except csv.Error:
        return None, "", None
    if len(cells) != layout.width:
        return None, "", None
    key, status, sid = (cells[place] if (place := layout.places[each]) is not None else "" for each in _OURS)
    return key, status, sid


def _sample(key: str | None, sid: str | None) -> CreatedSample | None:
    if not key or not sid or not SidKind.CONVERSATION.matches(sid):
        return None
    return CreatedSample((key, unguarded(key)), sid)
