"""Plan of the histories: which rows have one, and whether it is still the one of which messages were posted."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from provisioner.ledger import shapes
from provisioner.ledger.history_plans import HistoryPlanner, KnownHistory
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import HistoryEntry, HistoryReport

_HISTORY = queries.load_queries("history")


def write_histories(connection: sqlite3.Connection, entries: Iterable[HistoryEntry]) -> HistoryReport:
    """Replace the plan of the histories by ``entries``; it is not stored when the report has changed rows."""
    planner, is_valid = HistoryPlanner(), _valid_rows(connection)
    with _undone_if_changed(connection, planner):
        connection.execute(_HISTORY["mark"])
        for entry in entries:
            _add(connection, planner, entry, is_valid)
        planner.changed += [checked_row(shapes.KEY, line)[0] for line in connection.execute(_HISTORY["vanished"])]
        for name in ("forget_status", "forget", "unmark"):
            connection.execute(_HISTORY[name])
    return planner.report()


class _Unchanged(Exception):  # noqa: N818 - it ends a transaction, and nothing is wrong
    """Raised to roll the plan back."""


@contextmanager
def _undone_if_changed(connection: sqlite3.Connection, planner: HistoryPlanner) -> Iterator[None]:
    """Run the context in one transaction, and roll it back when rows have changed."""
    try:
        with transaction(connection):
            yield
            _require_same(planner)
    except _Unchanged:
        return


def _require_same(planner: HistoryPlanner) -> None:
    """Raise ``_Unchanged`` when messages that were posted are missing or different."""
    if planner.changed:
        raise _Unchanged


def _valid_rows(connection: sqlite3.Connection) -> bytearray:
    """Return which rows are in the input, a byte for each: the plan has no index of them."""
    is_valid = bytearray()
    for row_id, largest in connection.execute(_HISTORY["valid"]):
        if not is_valid:
            is_valid = bytearray(largest + 1)
        is_valid[row_id] = 1
    return is_valid


def _add(
    connection: sqlite3.Connection, planner: HistoryPlanner, entry: HistoryEntry, is_valid: bytearray
) -> None:
    """Write one entry, unless its key has no row, or its messages came too late."""
    found = connection.execute(_HISTORY["planned"], (entry.key,)).fetchone()
    known = None
    if found is not None and found[0] < len(is_valid) and is_valid[found[0]]:
        row_id, is_closed, *was = checked_row(shapes.PLANNED_HISTORY, found)
        known = KnownHistory(row_id, bool(is_closed), *was)
    planned = planner.decide(entry, known)
    if planned is None:
        return
    connection.execute(_HISTORY["plan"], (planned.row_id, planned.total))
    if planned.is_owed:
        connection.execute(_HISTORY["owe"], (planned.row_id,))
