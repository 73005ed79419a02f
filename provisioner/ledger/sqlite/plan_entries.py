"""Writing of plan entries: into the staging database, or straight into a ledger without rows."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, repeat
from typing import Any

from provisioner.ledger.sqlite import queries
from provisioner.models import PlanEntry
from provisioner.models.plan_entries import ValidEntries

_PLAN = queries.load_queries("plan")
_TOGETHER = 128
"""Entries per SQL statement, with five parameters each; old versions of SQLite allow 999 parameters."""

_COLUMNS = {"plan_new": 4, "add_new": 3, "stage_valid": 5}
"""Number of columns that each query for valid entries has."""

_FIRST = _PLAN["set_row_account"], _PLAN["set_planned_account"]
_STAGED = (_PLAN["set_staged_account"],)
"""Statements that set the account of an entry in a ledger without rows, and of a staged entry."""


class PlanEntryWriter:
    """Writer of the entries of one plan pass.

    With ``is_first`` the ledger has no rows: each valid entry gets a row, whose ID is the entry's number.
    Otherwise all entries are staged.
    """

    def __init__(self, connection: sqlite3.Connection, *, is_first: bool) -> None:
        self._connection, self._is_first = connection, is_first
        self._waiting: dict[str, list[Any]] = {}
        """Values by the name of their query, one row after the other, which are too few for a statement."""
        self._accounts: dict[str, int] = dict(connection.execute(_PLAN["accounts"]).fetchall())

    def write(self, entries: Sequence[PlanEntry]) -> None:
        """Write entries, 128 valid ones per SQL statement; the last ones are only written by ``flush``."""
        if isinstance(entries, ValidEntries):
            self._write_valid(entries)
            return
        invalid = [entry for entry in entries if entry.problems]
        valid = [entry for entry in entries if not entry.problems] if invalid else entries
        for run in _runs_of(valid):
            self._write_valid(run)
        if invalid:
            self._connection.executemany(_PLAN["stage_invalid"], map(_invalid, invalid))
            self._connection.executemany(_PLAN["stage_fault"], _faults(invalid))
            self._write_accounts(_STAGED, [(entry.row, entry.account) for entry in invalid if entry.account])

    def _write_valid(self, entries: ValidEntries) -> None:
        rows, keys = range(entries.first, entries.first + len(entries)), entries.final_keys
        if self._is_first:
            self._insert("plan_new", rows, entries.lines, repeat(entries.source), rows)
            self._insert("add_new", rows, keys, entries.digests)
        else:
            self._insert("stage_valid", rows, entries.lines, repeat(entries.source), keys, entries.digests)
        if entries.accounts:
            named = [(row, account) for row, account in zip(rows, entries.accounts, strict=True) if account]
            self._write_accounts(_FIRST if self._is_first else _STAGED, named)

    def _insert(self, name: str, *columns: Iterable[Any]) -> None:
        """Execute the query ``name`` with rows made of ``columns``, many per SQL statement; some of them later."""
        waiting = self._waiting.setdefault(name, [])
        waiting.extend(chain.from_iterable(zip(*columns, strict=False)))  # a constant column repeats without end
        size = _TOGETHER * len(columns)
        whole = len(waiting) - len(waiting) % size
        for start in range(0, whole, size):
            self._execute(name, _TOGETHER, waiting[start : start + size])
        del waiting[:whole]

    def _execute(self, name: str, rows: int, values: Sequence[Any]) -> None:
        self._connection.execute(queries.repeat_values(_PLAN[name], rows), values)

    def flush(self) -> None:
        """Execute what waits for more entries, so that all entries are written."""
        for name, waiting in self._waiting.items():
            if waiting:
                self._execute(name, len(waiting) // _COLUMNS[name], waiting)
        self._waiting.clear()

    def _write_accounts(self, statements: Sequence[str], accounts: Sequence[tuple[int, str]]) -> None:
        """Set the accounts of (row, SID) pairs, after adding those that the ledger does not know."""
        for sid in dict.fromkeys(sid for _, sid in accounts):
            if sid not in self._accounts:
                (self._accounts[sid],) = self._connection.execute(_PLAN["add_account"], (sid,)).fetchone()
        self.flush()
        values = [(self._accounts[sid], row) for row, sid in accounts]
        for statement in statements:
            self._connection.executemany(statement, values)


def _runs_of(entries: Sequence[PlanEntry]) -> Iterator[ValidEntries]:
    """Yield runs of valid entries whose rows follow each other in one source."""
    for (_, source), group in groupby(enumerate(entries), lambda each: (each[1].row - each[0], each[1].source)):
        run = [entry for _, entry in group]
        accounts = [entry.account for entry in run]
        yield ValidEntries(
            run[0].row,
            source,
            [entry.line for entry in run],
            keys=[entry.key for entry in run],
            digests=[entry.digest for entry in run],
            accounts=accounts if any(accounts) else (),
        )


def _invalid(entry: PlanEntry) -> tuple[Any, ...]:
    error = "; ".join(map(str, entry.problems))
    return entry.row, entry.line, entry.source, entry.key or None, entry.digest, entry.error_code, error


def _faults(entries: Sequence[PlanEntry]) -> Iterator[tuple[Any, ...]]:
    return (
        (entry.row, number, problem.field, problem.column, problem.reason)
        for entry in entries
        for number, problem in enumerate(entry.problems, start=1)
    )
