"""Counts of rows, first messages and settings by status, in a ledger of any version."""

import sqlite3

from provisioner.ledger.sqlite import queries, shapes
from provisioner.ledger.sqlite.database import version_of
from provisioner.ledger.sqlite.shapes import checked_row
from provisioner.models import Counts, MessageCounts, SettingsCounts

_COUNTS = queries.load_queries("read")["counts"]
_MESSAGE_COUNTS = queries.load_queries("messages")["counts"]
_SETTINGS_COUNTS = queries.load_queries("settings")["counts"]
_WITH_MESSAGES, _WITH_SETTINGS = 2, 4
"""Versions of the first ledgers that have them."""


def read_counts(connection: sqlite3.Connection) -> Counts:
    """Return the number of rows of the current input by status. Raise ``OddLine`` for a damaged ledger."""
    counts = dict(checked_row(shapes.STATUS_COUNT, line) for line in connection.execute(_COUNTS).fetchall())
    return Counts(input=sum(counts.values()), **counts)


def read_message_counts(connection: sqlite3.Connection) -> MessageCounts:
    """Return the number of first messages by status, for the created rows of the current input.

    Raise ``OddLine`` for a damaged ledger.
    """
    if version_of(connection) < _WITH_MESSAGES:
        return MessageCounts()
    lines = connection.execute(_MESSAGE_COUNTS).fetchall()
    return MessageCounts(**dict(checked_row(shapes.MESSAGE_COUNT, line) for line in lines))


def read_settings_counts(connection: sqlite3.Connection) -> SettingsCounts:
    """Return the number of settings by status, for the created rows of the current input; errors as above."""
    if version_of(connection) < _WITH_SETTINGS:
        return SettingsCounts()
    lines = connection.execute(_SETTINGS_COUNTS).fetchall()
    return SettingsCounts(**dict(checked_row(shapes.SETTINGS_COUNT, line) for line in lines))
