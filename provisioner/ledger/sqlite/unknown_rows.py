"""Queries for reconciling: unknown rows, and what proves that a look-up finds what was created."""

import json
import sqlite3
from collections.abc import Sequence

from provisioner.ledger import shapes
from provisioner.ledger.row_codec import decode_unknown
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.conversation_index import update_conversation_index
from provisioner.ledger.sqlite.row_scope import SqliteRowScope
from provisioner.models import UnknownRow

_RUN = queries.load_queries("run")


def read_unknown(
    connection: sqlite3.Connection, scope: SqliteRowScope, after: int, limit: int
) -> list[UnknownRow]:
    """Return the next unknown rows after input row number ``after``, at most ``limit``, in input order."""
    update_conversation_index(connection)
    lines = connection.execute(scope.query(_RUN["unknown"]), (after, limit)).fetchall()
    return [decode_unknown(line) for line in lines]


def read_latest_created(
    connection: sqlite3.Connection, scope: SqliteRowScope, *, by_identity: bool
) -> UnknownRow | None:
    """Return the most recent row that Twilio's own reply reported as created; see ``UnknownRowStore``."""
    line = connection.execute(scope.query(_RUN["control"]), {"by_identity": by_identity}).fetchone()
    return None if line is None else decode_unknown(line)


def has_other_identity(connection: sqlite3.Connection, scope: SqliteRowScope) -> bool:
    """Return whether any reply of Twilio had another identity than the requested one."""
    return bool(connection.execute(scope.query(_RUN["other_identity"])).fetchone()[0])


def read_assigned(connection: sqlite3.Connection, conversation_sids: Sequence[str]) -> set[str]:
    """Return those of the given SIDs whose conversations already belong to a row."""
    update_conversation_index(connection)
    lines = connection.execute(_RUN["taken"], (json.dumps(list(conversation_sids)),)).fetchall()
    return {checked_row(shapes.SID, line)[0] for line in lines}
