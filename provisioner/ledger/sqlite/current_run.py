"""The current run of an open ledger. All parts of the ledger record their attempts for it."""

import sqlite3

import msgspec

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.writer import transaction

_RUN = queries.load_queries("run")


class CurrentRun(msgspec.Struct):
    """The current run. ``id`` is its ID in the table ``runs``, None before ``start_run``.

    ``changes`` is how often this process has asked for rows to be changed.
    """

    id: int | None = None
    changes: int = 0


def add_run(connection: sqlite3.Connection, record: tuple[object, ...]) -> int | None:
    """Add the record of a run (run ID, start, version, process ID), and return its ID in the table ``runs``."""
    with transaction(connection):
        return connection.execute(_RUN["start_run"], record).lastrowid
