"""What is written for many rows at once: a statement is run once for all the rows of a commit that want it.

Running one costs several times what a row in it does, and each run hands the interpreter's lock over twice.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import chain
from typing import Any

from provisioner.ledger.sqlite import queries

_RUN = queries.load_queries("run")
_BEGIN, _ADD_ATTEMPTS, _SETTLE = _RUN["begin"], _RUN["add_attempts"], _RUN["settle"]

MOST = 64
"""Rows per statement; of 15 values each that is 960, and the oldest SQLite takes 999."""
_SIZES = (1, 2, 4, *range(8, MOST + 1, 8))
"""A statement is compiled for each number of rows, so there are few; unused places are bound to NULL."""


class BulkStatement(IntEnum):
    """What can be written for many rows, in the order in which it is.

    The first value of a row is its id. ``SETTLE`` takes what ``add_attempts`` does, and the status behind it.
    """

    SETTLE = 1
    BEGIN = 2


class Batch:
    """Collects rows, and writes them together.

    Writes for different rows may be reordered; writes for one row are not:
    where that is not the order of ``BulkStatement``, what was collected is written first.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: Mapping[BulkStatement, list[Sequence[Any]]] = {kind: [] for kind in BulkStatement}
        self._last: dict[int, BulkStatement] = {}

    def add(self, kind: BulkStatement, values: Sequence[Any]) -> None:
        """Take one row in."""
        waiting, row_id = self._waiting[kind], values[0]
        if self._last.get(row_id, 0) >= kind or len(waiting) == MOST:
            self.write()
        self._last[row_id] = kind
        waiting.append(values)

    def write(self) -> None:
        """Write what was collected."""
        if not self._last:
            return
        if came := self._waiting[BulkStatement.SETTLE]:
            self._run(_ADD_ATTEMPTS, [each[:-1] for each in came])
            # New attempts have ids in a row, the last of which SQLite knows.
            last = len(came) - 1
            self._run(_SETTLE, [(each[0], each[-1], last - place) for place, each in enumerate(came)])
        if asked := self._waiting[BulkStatement.BEGIN]:
            self._run(_BEGIN, asked)
        for waiting in self._waiting.values():
            waiting.clear()
        self._last.clear()

    def _run(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        size = next(size for size in _SIZES if size >= len(rows))
        nothing = (None,) * (len(rows[0]) * (size - len(rows)))
        self._connection.execute(queries.repeat_values(statement, size), (*chain.from_iterable(rows), *nothing))
