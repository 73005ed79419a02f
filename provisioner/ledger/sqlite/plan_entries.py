"""Writing of plan entries: into the staging database, or straight into a ledger without rows."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, islice, repeat
from typing import Any

import msgspec

from provisioner.ledger.sqlite import queries
from provisioner.models import PlanEntry
from provisioner.models.plan_entries import ValidEntries

_PLAN = queries.load_queries("plan")
_TOGETHER = 128
"""Staged entries per SQL statement, with five parameters each; old versions of SQLite allow 999 parameters."""

_FIRST = _PLAN["set_row_account"], _PLAN["set_planned_account"]
_STAGED = (_PLAN["set_staged_account"],)
"""Statements that set the account of an entry in a ledger without rows, and of a staged entry."""

_encode = msgspec.json.Encoder().encode


class PlanEntryWriter:
    """Writer of the entries of one plan pass.

    With ``is_first`` the ledger has no rows: each valid entry gets a row, whose ID is the entry's number.
    Otherwise all entries are staged.
    """

    def __init__(self, connection: sqlite3.Connection, *, is_first: bool) -> None:
        self._connection, self._is_first = connection, is_first
        self._accounts: dict[str, int] = dict(connection.execute(_PLAN["accounts"]).fetchall())

    def write(self, entries: Sequence[PlanEntry]) -> None:
        """Write at most 5,000 entries, consecutive valid ones together; SQLite limits the JSON of their keys."""
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
        if self._is_first:
            self._write_new(entries)
        else:
            self._stage(entries)
        if entries.accounts:
            rows = range(entries.first, entries.first + len(entries))
            named = [(row, account) for row, account in zip(rows, entries.accounts, strict=True) if account]
            self._write_accounts(_FIRST if self._is_first else _STAGED, named)

    def _write_new(self, entries: ValidEntries) -> None:
        """Write entries of a ledger without rows with few bound values: binding takes most of the time."""
        lines, keys = _encode(entries.lines).decode(), _encode(entries.final_keys).decode()
        self._connection.execute(_PLAN["plan_new"], (entries.first, entries.source, lines))
        self._connection.execute(_PLAN["add_new"], (entries.first, b"".join(entries.digests), keys))

    def _stage(self, entries: ValidEntries) -> None:
        rows = range(entries.first, entries.first + len(entries))
        columns = rows, entries.lines, repeat(entries.source), entries.final_keys, entries.digests
        staged = zip(*columns, strict=False)  # a constant column repeats without end
        whole = len(entries) // _TOGETHER
        for _ in range(whole):
            values = list(chain.from_iterable(islice(staged, _TOGETHER)))
            self._connection.execute(queries.repeat_values(_PLAN["stage_valid"], _TOGETHER), values)
        self._connection.executemany(_PLAN["stage_valid"], staged)

    def _write_accounts(self, statements: Sequence[str], accounts: Sequence[tuple[int, str]]) -> None:
        """Set the accounts of (row, SID) pairs, after adding those that the ledger does not know."""
        for sid in dict.fromkeys(sid for _, sid in accounts):
            if sid not in self._accounts:
                (self._accounts[sid],) = self._connection.execute(_PLAN["add_account"], (sid,)).fetchone()
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
