"""Rebuilds a lost ledger from its results file and the input.

The ledger is written completely under another name and then renamed, so that a crash leaves no incomplete ledger,
with which rows would be sent again.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event

from provisioner.errors import InputError, LedgerError
from provisioner.ledger import shapes
from provisioner.ledger.rebuilding import RebuildPlan, RebuildReport
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.create_file import create_file
from provisioner.ledger.sqlite.database import begin_job, create_tables, require_no_wal, require_parent_dir
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.lock import hold_lock
from provisioner.ledger.sqlite.plan import write_plan
from provisioner.ledger.sqlite.rebuilt_row import RebuiltRow, rebuilt_row, sent_at
from provisioner.ledger.sqlite.respelt_keys import find_respelt_keys
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import Result, Status

_PLAN = queries.load_queries("plan")
_SET_NOTE = queries.load_queries("run")["set_note"]
_NAMED = 3
"""Keys that are named."""


def rebuild_sqlite_ledger(
    path: Path,
    settings: Mapping[str, str],
    results: Iterable[tuple[int, Result]],
    *,
    planned: RebuildPlan,
    version: str,
    on_rebuilt: Callable[[RebuildReport], None],
) -> None:
    """Rebuild the file of a ledger; see ``rebuild_ledger``."""

    def fill(connection: sqlite3.Connection) -> None:
        create_tables(connection)
        connection.execute(_PLAN["create_places"])
        with transaction(connection):
            rows = _add_results(connection, results, planned)
        begin_job(connection, settings, version, begun=rows.begun)
        write_plan(
            connection,
            planned.entries,
            planned.fingerprints,
            on_progress=lambda _rows: None,
            is_cancelled=Event(),
        )
        on_rebuilt(_report(connection, rows))
        with transaction(connection):
            connection.execute(_PLAN["forget_digests"])
            connection.executemany(_SET_NOTE, [*planned.notes().items(), ("rebuilt", planned.source)])

    with translate_errors(path):
        require_parent_dir(path)
        with hold_lock(path):
            real = path.resolve()
            if real.exists():
                raise LedgerError(f"{path} is there, so it need not be rebuilt", cure="omit --rebuild-from")
            require_no_wal(path)
            create_file(real, fill)


class _Added:
    """The rows that were added: their number, and the time at which the first of them was sent."""

    def __init__(self) -> None:
        self.counts: dict[Status, int] = {}
        self.rows = 0
        self.begun = time.time()

    def add(self, row: RebuiltRow, result: Result) -> None:
        """Count one row."""
        self.rows += 1
        self.counts[row.status] = self.counts.get(row.status, 0) + 1
        self.begun = min(self.begun, sent_at(result) or self.begun)


def _add_results(
    connection: sqlite3.Connection, results: Iterable[tuple[int, Result]], planned: RebuildPlan
) -> _Added:
    """Add all rows except the invalid ones, which the input tells again.

    Raise ``InputError`` for results that lack rows: those would be taken for new ones.
    """
    added, now = _Added(), time.time()
    for line, result in results:
        if result.status == Status.INVALID:
            _add_place(connection, result, None, planned.source, line)
            continue
        if not result.key:
            raise _not_of_a_job(planned.source, line, "has no key")
        row = rebuilt_row(result, now=now, is_asked=planned.is_asked)
        added.add(row, result)
        try:
            _add_row(connection, added.rows, result.key, row)
        except sqlite3.IntegrityError:
            raise _not_of_a_job(planned.source, line, "has the key of an earlier line") from None
        _add_place(connection, result, added.rows, planned.source, line)
    _require_complete(connection, planned.source)
    return added


def _add_place(connection: sqlite3.Connection, result: Result, row_id: int | None, source: str, line: int) -> None:
    """Add the row number of a result; a row that has left the input has none."""
    if result.row:
        try:
            connection.execute(_PLAN["add_place"], (result.row, row_id, None if row_id else result.key))
        except sqlite3.IntegrityError:
            raise _not_of_a_job(source, line, f"has the row number {result.row:,} of an earlier line") from None


def _require_complete(connection: sqlite3.Connection, source: str) -> None:
    """Raise ``InputError`` when the row numbers are not those from 1 to the last one."""
    if missing := connection.execute(_PLAN["missing_place"]).fetchone():
        raise InputError(
            f"row {missing[0]:,} is missing, and the customers of missing rows would be created again",
            source=source,
            cure="take the results as the run wrote them, with all rows, or put the ledger back",
        )


def _add_row(connection: sqlite3.Connection, row_id: int, key: str, row: RebuiltRow) -> None:
    """Add a row with its attempt to create it (an odd id) and to post its message (an even id), if any."""
    creation, posting = 2 * row_id - 1, 2 * row_id
    values = (row_id, key, row.status.value, row.asked_identity, row.attempts)
    message = row.message.value if row.message else None
    settings = row.settings.value if row.settings else None
    ends = (creation if row.creation else None, message, posting if row.posting else None, settings)
    connection.execute(_PLAN["add_rebuilt_row"], (*values, *ends))
    for number, attempt in ((creation, row.creation), (posting, row.posting)):
        if attempt:
            connection.execute(_PLAN["add_rebuilt_attempt"], (number, row_id, *attempt))


def _report(connection: sqlite3.Connection, added: _Added) -> RebuildReport:
    last = added.rows
    outcomes, found = connection.execute(_PLAN["count_outcomes"]).fetchone()
    new_rows, first_new = connection.execute(_PLAN["count_added"], (last,)).fetchone()
    return RebuildReport(
        counts=added.counts,
        outcomes=outcomes,
        found=found,
        missing_keys=_keys(connection, "missing_keys", _NAMED),
        new_rows=new_rows,
        first_new_row=first_new,
        new_keys=_keys(connection, "added_keys", last, _NAMED),
        respelt_keys=find_respelt_keys(connection, last) if found < outcomes else (),
    )


def _keys(connection: sqlite3.Connection, name: str, *parameters: int) -> tuple[str, ...]:
    lines = connection.execute(_PLAN[name], parameters).fetchall()
    return tuple(checked_row(shapes.KEY, line)[0] for line in lines)


def _not_of_a_job(source: str, line: int, reason: str) -> InputError:
    return InputError(
        f"{reason}, so no ledger can be made of it",
        source=source,
        line=line,
        cure="take the results as the run wrote them, or put the ledger back",
    )
