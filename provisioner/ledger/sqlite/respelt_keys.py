"""Search of a SQLite ledger for keys that a spreadsheet program has written differently; see ``RespeltKeys``."""

import json
import sqlite3
from collections.abc import Iterator
from itertools import chain

from provisioner.ledger import shapes
from provisioner.ledger.respelt_keys import MOST_SAMPLED, KeyedRow, RespeltKeys, sample_steps
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries

_RESPELT = queries.load_queries("respelt")


def find_respelt_keys(connection: sqlite3.Connection, last: int) -> tuple[tuple[str, str], ...]:
    """Return a few pairs (earlier key, new key), of which one is a spreadsheet's form of the other.

    ``last`` is the largest row ID before the present plan.
    """
    search = RespeltKeys(_sample(connection, last), last)
    lines = connection.execute(_RESPELT["rows_of_keys"], (json.dumps(search.sought),)).fetchall()
    search.match((id_, _row(found)) for id_, *found in lines)
    if not (earlier := search.earlier_rows):
        return ()
    planned = {id_ for (id_,) in connection.execute(_RESPELT["still_planned"], (json.dumps(earlier),))}
    return search.pairs(planned)


def _sample(connection: sqlite3.Connection, last: int) -> Iterator[KeyedRow]:
    """Yield earlier rows, rows that were sent, new ones, and those whose keys begin with a zero."""
    (last_attempt, newest) = connection.execute(_RESPELT["last_ids"]).fetchone()
    lines = chain(
        connection.execute(_RESPELT["spread_rows"], _steps(1, last)),
        connection.execute(_RESPELT["spread_sent"], _steps(1, last_attempt)),
        connection.execute(_RESPELT["spread_rows"], _steps(last + 1, newest)),
        connection.execute(_RESPELT["zeros"], {"limit": MOST_SAMPLED}),
    )
    return (_row(line) for line in lines)


def _row(line: tuple[object, ...] | list[object]) -> KeyedRow:
    id_, key, status = checked_row(shapes.KEYED_ROW, line)
    return id_, key, status


def _steps(first: int, last: int) -> dict[str, int]:
    return dict(zip(("first", "last", "step"), sample_steps(first, last), strict=True))
