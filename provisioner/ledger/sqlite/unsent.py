"""Jobs of which nothing was sent: another job may take their ledger, as nothing would be created again."""

import sqlite3

from provisioner.ledger.sqlite import queries

_UNSENT = queries.load_queries("unsent")


def is_unsent(connection: sqlite3.Connection) -> bool:
    """Return whether certainly no row of the job exists at Twilio, nor was refused there for its content.

    Attempts that left their rows unsent, such as those with refused credentials, do not count. False for a ledger
    of ``close``, and for one that was rebuilt from results.
    """
    return _is_true(connection, "is_unsent")


def has_made_none(connection: sqlite3.Connection) -> bool:
    """Return whether the job has certainly created nothing, though rows of it may have been rejected."""
    return _is_true(connection, "has_made_none")


def forget_job(connection: sqlite3.Connection) -> None:
    """Delete the job of a ledger, with its plan and its runs, within the caller's transaction."""
    for name, statement in _UNSENT.items():
        if name.startswith("forget_"):
            connection.execute(statement)


def _is_true(connection: sqlite3.Connection, name: str) -> bool:
    return bool(connection.execute(_UNSENT[name]).fetchone()[0])
