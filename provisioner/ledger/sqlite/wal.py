"""Write-ahead log (WAL) of a ledger: the file beside it that holds the last commits until the next checkpoint.

A main file that was copied without its WAL opens without an error and lacks the rows that were sent last. So the
main file, while it is open, carries a flag "needs its WAL"; the record that clears the flag is written to the WAL.
A main file without its WAL is therefore recognised and refused.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from provisioner.errors import LedgerError
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.create_file import PAGE_BYTES

_NOTE = "log"
_MISSED, _MERGED = "belongs to it", "is merged"
_SET_NOTE = queries.load_queries("run")["set_note"]
_GET_NOTE = queries.load_queries("read")["note"]
_LONG = 2_000
"""Changed database rows after which a checkpoint is run; the log then has a few megabytes."""


def wal_path(ledger: Path) -> Path:
    """Return the path of a ledger's write-ahead log."""
    real = ledger.resolve()
    return real.with_name(f"{real.name}-wal")


def has_wal(ledger: Path) -> bool:
    """Return whether the ledger has a write-ahead log of more than one page; a shorter one holds no run's data."""
    try:
        return wal_path(ledger).stat().st_size > PAGE_BYTES
    except FileNotFoundError:
        return False


class WalCheckpointer:
    """Checkpoints of a ledger that is open for writing, in place of SQLite's automatic checkpoints."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._merged_at = connection.total_changes

    def checkpoint_if_long(self) -> None:
        """Run a checkpoint after 2,000 changes. Ignore a failure: a full disk is reported by the next commit."""
        if self._connection.total_changes - self._merged_at < _LONG:
            return
        self._merged_at = self._connection.total_changes
        with suppress(sqlite3.Error):
            checkpoint(self._connection)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Run a checkpoint. From then on, the main file counts as incomplete without its WAL, until it is closed."""
    _set_wal_note(connection, _MISSED)
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    _set_wal_note(connection, _MERGED)


def close_connection(connection: sqlite3.Connection, path: Path) -> None:
    """Close a ledger. SQLite then runs a checkpoint and removes the log; on a full disk the log is kept.

    A ledger to which nothing was written keeps its bytes.
    """
    try:
        if not _is_untouched(path):
            _set_wal_note(connection, _MERGED)
    except sqlite3.Error:
        with suppress(sqlite3.Error), closing(_open_read_only(path)) as onlooker:
            onlooker.execute(_GET_NOTE, (_NOTE,)).fetchone()
            connection.close()  # while a read-only connection is open: the last one to close would delete the WAL
    connection.close()


def _is_untouched(path: Path) -> bool:
    try:
        return not wal_path(path).stat().st_size
    except OSError:
        return False


def require_wal(connection: sqlite3.Connection, path: Path, *, had_wal: bool) -> None:
    """Raise ``LedgerError`` when a ledger needs its log and ``had_wal`` (it existed before opening) is False."""
    if had_wal or connection.execute(_GET_NOTE, (_NOTE,)).fetchone() != (_MISSED,):
        return
    raise LedgerError(
        f"{path} is incomplete: its log {path.name}-wal is missing or empty",
        cure="restore both files from a copy; without the log, rows that were sent would be created again",
    )


def _set_wal_note(connection: sqlite3.Connection, what: str) -> None:
    connection.execute(_SET_NOTE, (_NOTE, what))


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
