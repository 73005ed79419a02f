"""SQLite connections that do not trust the file: none of its code is run, and its values are limited in size."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 30.0
"""Seconds to wait while another program, such as the ``sqlite3`` shell, holds SQLite's own lock on the file."""
_LONGEST_VALUE = 16 << 20
"""Most bytes of a value or of a table row. This program writes none that is longer."""
_READ_CACHE_KIB = 500
"""Most memory for pages of a connection that only reads: it reads from start to end, so more would not help."""
_STEPS = 50_000
"""SQLite virtual-machine instructions between two checks for signals: a few milliseconds."""

# None and truth values are stored in the same way without this, but then the module looks in vain for an adapter
# of each of them, which takes ten times as long as to bind a number.
_AS_IT_IS: dict[None, None] = {None: None}
sqlite3.register_adapter(type(None), _AS_IT_IS.__getitem__)  # called without a frame of Python
sqlite3.register_adapter(bool, int)


def connect(path: str, *, is_read_only: bool = False) -> sqlite3.Connection:
    """Open a connection in autocommit mode, usable on any thread, that does not trust the content of the file.

    ``path`` is a URI when ``is_read_only``, and a file path otherwise. Functions in the file's schema are not
    run, damaged pages are detected, and values above 16 MiB are refused. Python 3.12 and later also disable
    triggers.
    """
    connection = sqlite3.connect(
        path, uri=is_read_only, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    if is_read_only:
        connection.execute("PRAGMA query_only = ON").fetchone()
        connection.execute(f"PRAGMA cache_size = -{_READ_CACHE_KIB}").fetchone()
    connection.execute("PRAGMA trusted_schema = OFF").fetchone()
    connection.execute("PRAGMA cell_size_check = ON").fetchone()
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    if sys.version_info >= (3, 12):
        # The defensive mode forbids journal_mode = OFF, which the staging database of a plan uses.
        wanted = {sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER: False, sqlite3.SQLITE_DBCONFIG_DEFENSIVE: is_read_only}
        for name, value in wanted.items():
            connection.setconfig(name, value)
    return connection


class QuerySignals:
    """Signal check for long queries, so that Ctrl-C and SIGTERM end a query that runs on the main thread.

    SQLite discards an exception that a signal handler raises during a query. So the exception is stored here and
    raised after the query. Run the queries inside ``raised_after``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._raised: list[BaseException] = []
        listener = self._listen()
        next(listener)
        connection.set_progress_handler(listener.__next__, _STEPS)

    def _listen(self) -> Iterator[int]:
        """Yield 0 to let SQLite continue, 1 to interrupt the query.

        This is a generator because Python runs signal handlers when a generator resumes, which is inside the
        ``try``. A function would be entered outside of its ``try``.
        """
        answer = 0
        while True:
            try:
                while True:
                    yield answer
                    answer = 0
            except GeneratorExit:
                return
            except BaseException as error:  # noqa: BLE001 - ``raised_after`` raises it after the query
                self._raised.append(error)
                answer = 1

    @contextmanager
    def raised_after(self) -> Iterator[None]:
        """Run queries inside this context; raise the exception that a signal handler raised during one of them."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if self._raised:
                raise self._raised.pop() from None
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:  # only a signal interrupts
                raise KeyboardInterrupt from None
            raise
