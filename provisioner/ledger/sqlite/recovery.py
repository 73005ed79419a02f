"""Recovery after a killed run: rows and messages in flight become unknown, because no reply was recorded."""

import sqlite3
import time

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.writer import transaction

_RUN = queries.load_queries("run")
_MESSAGES = queries.load_queries("messages")


def recover(connection: sqlite3.Connection) -> int:
    """Mark every row and every first message in flight as *unknown*; return the number of rows concerned."""
    now = {"now": time.time()}
    with transaction(connection):
        last = {"last": connection.execute(_RUN["last_attempt_id"]).fetchone()[0]}
        rows = connection.execute(_RUN["add_interrupted"], now).rowcount
        connection.execute(_RUN["settle_interrupted"], last)
        messages = connection.execute(_MESSAGES["add_interrupted"], now).rowcount
        connection.execute(_MESSAGES["settle_interrupted"], last)
    return rows + messages
