"""Index of the conversations of a ledger, which shows whether one is named for two rows.

Only the connection that writes the ledger has it, in temporary tables; ``conversations.sql`` says why.
"""

import sqlite3

from provisioner.ledger.sqlite import queries

_CONVERSATIONS = queries.load_queries("conversations")
_CREATE = tuple(text for name, text in _CONVERSATIONS.items() if name.startswith("create_"))
_MARKS, _EXTEND, _MOVE_MARK = (_CONVERSATIONS[name] for name in ("marks", "extend_index", "move_mark"))
_PORTION = 5_000
"""Attempts that are sorted at once, in half a megabyte."""


def create_conversation_index(connection: sqlite3.Connection) -> None:
    """Create the index of a ledger that was just opened for writing; it is empty until it is updated."""
    for statement in _CREATE:
        connection.execute(statement)


def update_conversation_index(connection: sqlite3.Connection) -> None:
    """Add the conversations of the attempts that were recorded since the last call, at the first call of all.

    Call it before a statement that reads ``temp.conversations``. A transaction that is rolled back takes back what
    was added in it.
    """
    covered, last = connection.execute(_MARKS).fetchone()
    if covered == last:
        return
    for start in range(covered, last, _PORTION):
        connection.execute(_EXTEND, (start, start + _PORTION))
    connection.execute(_MOVE_MARK, (last,))
