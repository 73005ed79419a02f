"""Recovery after a killed run: what was in flight becomes unknown, because no reply was recorded."""

import sqlite3
import time

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.writer import transaction

_RUN = queries.load_queries("run")
_MESSAGES, _HISTORY = queries.load_queries("messages"), queries.load_queries("history")


def recover(connection: sqlite3.Connection) -> int:
    """Mark every row and every message in flight as *unknown*; return the number of rows concerned."""
    now = {"now": time.time()}
    with transaction(connection):
        if not connection.execute(_RUN["has_in_flight"]).fetchone()[0]:
            return 0
        last = {"last": connection.execute(_RUN["last_attempt_id"]).fetchone()[0]}
        rows = connection.execute(_RUN["add_interrupted"], now).rowcount
        connection.execute(_RUN["settle_interrupted"], last)
        messages = connection.execute(_MESSAGES["add_interrupted"], now).rowcount
        connection.execute(_MESSAGES["settle_interrupted"], last)
        histories = connection.execute(_HISTORY["add_interrupted"], now).rowcount
        connection.execute(_HISTORY["note_interrupted"], last)
        connection.execute(_HISTORY["settle_interrupted"])
    return rows + messages + histories
