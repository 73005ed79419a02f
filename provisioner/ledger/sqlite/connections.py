"""Connections to a ledger that anybody may have made: nothing in it is run, and no value in it is endless."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 30.0
"""How long another program may hold the file's own lock, a shell for one."""
_LONGEST_VALUE = 16 << 20
"""No text, and no line of a table, is longer in bytes: what is belongs to somebody else."""
_STEPS = 50_000
"""Steps of SQLite's machine between two looks for signals: some milliseconds."""


def connect(path: str, *, is_read_only: bool = False) -> sqlite3.Connection:
    """Open a connection, for any thread, that commits each statement and trusts nothing that stands in the file.

    ``path`` is a URI where it is only read. Functions in the file's schema are not run, damaged pages are noticed,
    and long values refused; Python 3.12 and later switch triggers off as well.
    """
    connection = sqlite3.connect(
        path, uri=is_read_only, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    if is_read_only:
        connection.execute("PRAGMA query_only = ON").fetchone()
    connection.execute("PRAGMA trusted_schema = OFF").fetchone()
    connection.execute("PRAGMA cell_size_check = ON").fetchone()
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    if sys.version_info >= (3, 12):
        # Not defensive where it writes: a plan's staging does without a journal, which that forbids.
        wanted = {sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER: False, sqlite3.SQLITE_DBCONFIG_DEFENSIVE: is_read_only}
        for name, value in wanted.items():
            connection.setconfig(name, value)
    return connection


class Attention:
    """Lets Ctrl-C and SIGTERM end a question that SQLite is busy with on the main thread.

    SQLite drops what a signal's handler raises within a question, so it is kept here and raised behind it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._heard: list[BaseException] = []
        listener = self._listen()
        next(listener)
        connection.set_progress_handler(listener.__next__, _STEPS)

    def _listen(self) -> Iterator[int]:
        """Tell SQLite to go on (0), or to stop (1).

        Python looks for signals where a generator goes on, inside its ``try``; a function begins outside of it.
        """
        answer = 0
        while True:
            try:
                while True:
                    yield answer
                    answer = 0
            except GeneratorExit:
                return
            except BaseException as error:  # noqa: BLE001 - it is raised where the question was asked
                self._heard.append(error)
                answer = 1

    @contextmanager
    def paid(self) -> Iterator[None]:
        """Raise what a signal's handler raised meanwhile."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if self._heard:
                raise self._heard.pop() from None
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:  # nobody else interrupts it
                raise KeyboardInterrupt from None
            raise
