"""Writing of plan entries: into the staging database, or straight into a ledger without rows."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from provisioner.ledger.sqlite import queries
from provisioner.models import PlanEntry

_PLAN = queries.load_queries("plan")
_TOGETHER = 100
"""Entries per SQL statement, with five parameters each; old versions of SQLite allow 999 parameters."""

_FIRST = _PLAN["set_row_account"], _PLAN["set_planned_account"]
_STAGED = (_PLAN["set_staged_account"],)
"""Statements that set the account of an entry in a ledger without rows, and of a staged entry."""


class PlanEntryWriter:
    """Writer of the entries of one plan pass.

    With ``is_first`` the ledger has no rows: each valid entry gets a row, whose ID is the entry's number.
    Otherwise all entries are staged.
    """

    def __init__(self, connection: sqlite3.Connection, *, is_first: bool) -> None:
        self._connection = connection
        self._write_valid = self._add if is_first else self._stage
        self._set_accounts = _FIRST if is_first else _STAGED
        self._accounts: dict[str, int] = dict(connection.execute(_PLAN["accounts"]).fetchall())

    def write(self, entries: Sequence[PlanEntry]) -> None:
        """Write entries, up to 100 valid ones per SQL statement."""
        invalid = [entry for entry in entries if entry.problems]
        valid = [entry for entry in entries if not entry.problems] if invalid else entries
        for start in range(0, len(valid), _TOGETHER):
            self._write_valid(valid[start : start + _TOGETHER])
        self._write_accounts(self._set_accounts, valid)
        if invalid:
            self._connection.executemany(_PLAN["stage_invalid"], map(_invalid, invalid))
            self._connection.executemany(_PLAN["stage_fault"], _faults(invalid))
            self._write_accounts(_STAGED, invalid)

    def _stage(self, batch: Sequence[PlanEntry]) -> None:
        """Stage valid entries. A row without a key gets its content's digest as key."""
        values: list[Any] = []
        for entry in batch:
            values += (entry.row, entry.line, entry.source, entry.key or entry.digest.hex(), entry.digest)
        self._connection.execute(queries.repeat_values(_PLAN["stage_valid"], len(batch)), values)

    def _add(self, batch: Sequence[PlanEntry]) -> None:
        """Add rows for valid entries and plan them, as ``_stage`` stages them."""
        planned: list[Any] = []
        added: list[Any] = []
        for entry in batch:
            planned += (entry.row, entry.line, entry.source, entry.row)
            added += (entry.row, entry.key or entry.digest.hex(), entry.digest)
        self._connection.execute(queries.repeat_values(_PLAN["plan_new"], len(batch)), planned)
        self._connection.execute(queries.repeat_values(_PLAN["add_new"], len(batch)), added)

    def _write_accounts(self, statements: Sequence[str], entries: Sequence[PlanEntry]) -> None:
        """Set the account of each entry that has one, after adding the accounts that the ledger does not know."""
        named = [entry for entry in entries if entry.account]
        for sid in dict.fromkeys(entry.account for entry in named):
            if sid not in self._accounts:
                (self._accounts[sid],) = self._connection.execute(_PLAN["add_account"], (sid,)).fetchone()
        values = [(self._accounts[entry.account], entry.row) for entry in named]
        for statement in statements:
            self._connection.executemany(statement, values)


def _invalid(entry: PlanEntry) -> tuple[Any, ...]:
    error = "; ".join(map(str, entry.problems))
    return entry.row, entry.line, entry.source, entry.key or None, entry.digest, entry.error_code, error


def _faults(entries: Sequence[PlanEntry]) -> Iterator[tuple[Any, ...]]:
    return (
        (entry.row, number, problem.field, problem.column, problem.reason)
        for entry in entries
        for number, problem in enumerate(entry.problems, start=1)
    )
