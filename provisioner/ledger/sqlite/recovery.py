"""Finds what a run that died had begun, and calls it unknown: it may have left, and nobody has the answer."""

import sqlite3
import time

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.writer import transaction

_RUN = queries.load_queries("run")
_MESSAGES = queries.load_queries("messages")


def recover(connection: sqlite3.Connection) -> int:
    """Make every row, and every first message, that is in flight *unknown*; return how many rows that concerns."""
    now = {"now": time.time()}
    with transaction(connection):
        last = {"last": connection.execute(_RUN["last_attempt_id"]).fetchone()[0]}
        rows = connection.execute(_RUN["add_interrupted"], now).rowcount
        connection.execute(_RUN["settle_interrupted"], last)
        messages = connection.execute(_MESSAGES["add_interrupted"], now).rowcount
        connection.execute(_MESSAGES["settle_interrupted"], last)
    return rows + messages
