"""Counts of rows, first messages, histories and settings by status, in a ledger of any version."""

import sqlite3
from collections.abc import Mapping, Sequence

from provisioner.ledger import shapes
from provisioner.ledger.row_codec import counts_by_account
from provisioner.ledger.shapes import OddLine, checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.database import version_of
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.models import Counts, MessageCounts, SettingsCounts

_READ = queries.load_queries("read")
_MESSAGES, _HISTORY = queries.load_queries("messages"), queries.load_queries("history")
_SETTINGS_COUNTS = queries.load_queries("settings")["counts"]
_WITH_MESSAGES, _WITH_SETTINGS, _WITH_HISTORIES, _WITH_ACCOUNTS = 2, 4, 4, 5
"""Versions of the first ledgers that have them."""


def read_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> Counts:
    """Return the number of rows of the current input by status. Raise ``OddLine`` for a damaged ledger."""
    found = connection.execute(scope.query(_READ["counts"])).fetchone()
    number, *counts = checked_row(shapes.ROW_COUNTS, found)
    names = ("created", "rejected", "unknown", "unsent", "invalid", "pending", "in_flight")
    return Counts(input=number, **_by_status(number, names, counts))


def read_account_counts(connection: sqlite3.Connection) -> Mapping[str, Counts]:
    """Return those numbers for each account of a job for many, by its SID. Raise ``OddLine`` as above."""
    if version_of(connection) < _WITH_ACCOUNTS:
        return {}
    lines = connection.execute(_READ["account_counts"]).fetchall()
    return counts_by_account(checked_row(shapes.ACCOUNT_COUNT, line) for line in lines)


def read_message_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> MessageCounts:
    """Return the number of first messages by status, for the created rows of the current input.

    Raise ``OddLine`` for a damaged ledger.
    """
    if (version := version_of(connection)) < _WITH_MESSAGES:
        return MessageCounts()
    query = _MESSAGES["counts" if version >= _WITH_HISTORIES else "counts_before_4"]
    number, *counts = checked_row(shapes.MESSAGE_COUNTS, connection.execute(scope.query(query)).fetchone())
    names = ("posted", "rejected", "unknown", "unsent", "held", "pending", "in_flight")
    return MessageCounts(**_by_status(number, names, counts))


def read_settings_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> SettingsCounts:
    """Return the number of settings by status, for the created rows of the current input; errors as above."""
    if version_of(connection) < _WITH_SETTINGS:
        return SettingsCounts()
    found = connection.execute(scope.query(_SETTINGS_COUNTS)).fetchone()
    number, *counts = checked_row(shapes.SETTINGS_COUNTS, found)
    return SettingsCounts(**_by_status(number, ("set", "rejected", "duplicate", "unsent", "pending"), counts))


def read_history_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> MessageCounts:
    """Return the number of messages of histories by status, for those rows; raise ``OddLine`` as above."""
    if version_of(connection) < _WITH_HISTORIES:
        return MessageCounts()
    names = ("posted", "rejected", "unknown", "unsent", "pending", "in_flight", "held")
    line = connection.execute(scope.query(_HISTORY["counts"])).fetchone()
    return MessageCounts(**dict(zip(names, checked_row(shapes.HISTORY_COUNTS, line), strict=True)))


def _by_status(number: int, statuses: Sequence[str], counts: Sequence[int]) -> Mapping[str, int]:
    """Return the counts by status; raise ``OddLine`` when they are not all that there are."""
    if sum(counts) != number:
        raise OddLine
    return dict(zip(statuses, counts, strict=True))
