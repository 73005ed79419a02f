"""Finds new rows whose keys are those of earlier rows as a spreadsheet program has saved one of them.

The question is whether a table was saved again, which changes all keys of a kind alike. So a sample of the rows is
enough, and the search costs the same for ten thousand rows as for a million. A change counts only when it
explains more keys of the changed table than it would still change: keys that differ in nothing but their case, as
those of Salesforce may, or in their sixteenth digit, are the keys of different rows.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from provisioner.ledger.sqlite import queries, shapes
from provisioner.ledger.sqlite.shapes import checked_row
from provisioner.models import Status
from provisioner.models.spreadsheet_forms import spreadsheet_forms

_RESPELT = queries.load_queries("respelt")
_SAMPLE = 250
"""Rows to look at of each kind."""
_NAMED = 3
"""Pairs that are returned."""
_OUTCOMES = frozenset({Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.IN_FLIGHT})

_Row = tuple[int, str, str]
"""ID, key and status."""


def find_respelt_keys(connection: sqlite3.Connection, last: int) -> tuple[tuple[str, str], ...]:
    """Return a few pairs (earlier key, new key), of which one is a spreadsheet's form of the other.

    ``last`` is the largest row ID before the present plan, so rows with larger ones are new. An earlier row counts
    when it has an outcome and is no longer in the input.
    """
    sample = {row[0]: row for row in _sample(connection, last)}
    forms = {id_: spreadsheet_forms(key) for id_, key, _ in sample.values()}
    pairs = list(_pairs(connection, last, sample, forms))
    if not pairs:
        return ()
    asked = json.dumps([pair.earlier for pair in pairs])
    still_there = {id_ for (id_,) in connection.execute(_RESPELT["still_planned"], (asked,))}
    gone = [pair for pair in pairs if pair.earlier not in still_there]
    explained = Counter(change for change, _ in {(pair.change, pair.changed) for pair in gone})
    changeable = Counter((id_ <= last, change) for id_, each in forms.items() for change in set(each.values()))
    found = (pair for pair in gone if explained[pair.change] > changeable[pair.change])
    return tuple(dict.fromkeys((pair.was, pair.now) for pair in found))[:_NAMED]


class _Change(NamedTuple):
    """Change of keys; ``in_earlier`` is whether the earlier rows have the changed keys, and not the new ones."""

    in_earlier: bool
    what: str


class _Pair(NamedTuple):
    """Key of an earlier row and that of a new row, and which of the two rows has the changed key."""

    earlier: int
    was: str
    now: str
    change: _Change
    changed: int


def _pairs(
    connection: sqlite3.Connection, last: int, sample: dict[int, _Row], forms: dict[int, dict[str, str]]
) -> Iterator[_Pair]:
    sought = [(form, id_) for id_, changes in forms.items() for form in changes]
    for id_, *found in connection.execute(_RESPELT["rows_of_keys"], (json.dumps(sought),)).fetchall():
        one, other = sample[id_], checked_row(shapes.KEYED_ROW, found)
        earlier, new = sorted((one, other))
        if earlier[0] <= last < new[0] and earlier[2] in _OUTCOMES:
            change = _Change(other[0] <= last, forms[id_][other[1]])
            yield _Pair(earlier[0], earlier[1], new[1], change, other[0])


def _sample(connection: sqlite3.Connection, last: int) -> Iterator[_Row]:
    """Yield earlier rows, rows that were sent, new ones, and those whose keys begin with a zero."""
    (last_attempt, newest) = connection.execute(_RESPELT["last_ids"]).fetchone()
    lines = chain(
        connection.execute(_RESPELT["spread_rows"], _steps(1, last)),
        connection.execute(_RESPELT["spread_sent"], _steps(1, last_attempt)),
        connection.execute(_RESPELT["spread_rows"], _steps(last + 1, newest)),
        connection.execute(_RESPELT["zeros"], {"limit": _SAMPLE}),
    )
    return (checked_row(shapes.KEYED_ROW, line) for line in lines)


def _steps(first: int, last: int) -> dict[str, int]:
    return {"first": first, "last": last, "step": 1 + (last - first) // _SAMPLE}
