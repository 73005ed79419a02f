"""Counts of rows, first messages, histories and settings by status, in a ledger of any version."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

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
    line = connection.execute(scope.query(_READ["counts"])).fetchone()
    statuses = ("created", "rejected", "unknown", "unsent", "invalid", "pending", "in_flight")
    counts = _by_status(shapes.ROW_COUNTS, line, statuses)
    return Counts(input=sum(counts.values()), **counts)


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
    line = connection.execute(scope.query(query)).fetchone()
    statuses = ("posted", "rejected", "unknown", "unsent", "held", "pending", "in_flight")
    return MessageCounts(**_by_status(shapes.MESSAGE_COUNTS, line, statuses))


def read_settings_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> SettingsCounts:
    """Return the number of settings by status, for the created rows of the current input; errors as above."""
    if version_of(connection) < _WITH_SETTINGS:
        return SettingsCounts()
    line = connection.execute(scope.query(_SETTINGS_COUNTS)).fetchone()
    statuses = ("set", "rejected", "duplicate", "unsent", "pending")
    return SettingsCounts(**_by_status(shapes.SETTINGS_COUNTS, line, statuses))


def read_history_counts(connection: sqlite3.Connection, scope: SqliteRowScope = ALL_ROWS) -> MessageCounts:
    """Return the number of messages of histories by status, for those rows; raise ``OddLine`` as above."""
    if version_of(connection) < _WITH_HISTORIES:
        return MessageCounts()
    names = ("posted", "rejected", "unknown", "unsent", "pending", "in_flight", "held")
    line = connection.execute(scope.query(_HISTORY["counts"])).fetchone()
    return MessageCounts(**dict(zip(names, checked_row(shapes.HISTORY_COUNTS, line), strict=True)))


def _by_status(shape: type[Struct], line: Sequence[Any], statuses: Sequence[str]) -> Mapping[str, int]:
    """Return the counts by status of a line that begins with their sum; raise ``OddLine`` for another sum."""
    number, *counts = checked_row(shape, line)
    if sum(counts) != number:
        raise OddLine
    return dict(zip(statuses, counts, strict=True))
