"""Batching of writes: one SQL statement is executed once for all rows of a commit that need it.

Executing a statement costs several times as much as one row in it, and releases and takes Python's GIL each time.
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
"""Most rows per statement: 64 rows of 15 values are 960 parameters; old versions of SQLite allow 999."""
_SIZES = (1, 2, 4, *range(8, MOST + 1, 8))
"""Allowed numbers of rows. SQLite compiles a statement for each of them; unused rows are bound to NULL."""


class BulkStatement(IntEnum):
    """Kinds of writes that can be batched, in the order in which ``Batch.write`` executes them.

    The values of one write start with the row's ID. ``SETTLE`` takes the values of the SQL statement
    ``add_attempts``, followed by the row's new status. ``BEGIN`` takes those of the SQL statement ``begin``.
    """

    SETTLE = 1
    BEGIN = 2


class Batch:
    """Collector of writes for many rows, which it executes together.

    Writes for different rows may be reordered. Writes for one row are not: when they do not come in the order of
    ``BulkStatement``, the collected writes are executed first.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: Mapping[BulkStatement, list[Sequence[Any]]] = {kind: [] for kind in BulkStatement}
        self._last: dict[int, BulkStatement] = {}

    def add(self, kind: BulkStatement, values: Sequence[Any]) -> None:
        """Add one write. Execute the collected writes first when the batch is full or the order requires it."""
        waiting, row_id = self._waiting[kind], values[0]
        if self._last.get(row_id, 0) >= kind or len(waiting) == MOST:
            self.write()
        self._last[row_id] = kind
        waiting.append(values)

    def write(self) -> None:
        """Execute the collected writes and empty the batch."""
        if not self._last:
            return
        if came := self._waiting[BulkStatement.SETTLE]:
            self._run(_ADD_ATTEMPTS, [each[:-1] for each in came])
            # The new attempts have consecutive IDs; the SQL function last_insert_rowid() gives the last one.
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
