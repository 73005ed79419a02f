"""Puts a new database where a ledger shall be: whole, or not at all.

So a file that is empty, or without tables, is never a ledger in the making: it is one that has lost everything.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from provisioner.errors import LedgerError
from provisioner.system.regular_files import open_regular

PAGE_BYTES = 4_096
"""A ledger is made of whole pages."""
SQLITE_MAGIC = b"SQLite format 3\x00"
"""The first bytes of a database. Source: https://www.sqlite.org/fileformat.html."""
_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""The first bytes of a rollback journal; they are zeros once it is of no use. Source: the same."""


def create_file(path: Path, fill: Callable[[sqlite3.Connection], None], *, synchronous: str = "FULL") -> None:
    """Make a database at ``path``, readable by its owner only, that holds what ``fill`` wrote.

    Whoever calls holds the ledger's lock, so that a draft that is found was left by a process that died. Raise
    ``LedgerError`` for a file of the draft's name that is something else; it stays as it is.
    """
    for name in draft_files(path):
        _require_left(name)
    _remove(path)
    draft, _ = draft_files(path)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            fill(connection)
        draft.rename(path)
    except BaseException:
        _remove(path)
        raise
    _sync(path.parent)


def draft_files(path: Path) -> tuple[Path, Path]:
    """Return where a ledger is made before it is put in its place, and SQLite's journal beside that."""
    return path.with_name(f".{path.name}.draft"), path.with_name(f".{path.name}.draft-journal")


def _remove(path: Path) -> None:
    for name in draft_files(path):
        name.unlink(missing_ok=True)


def _require_left(name: Path) -> None:
    """Raise ``LedgerError`` for a file that no process of this program can have left."""
    if not os.path.lexists(name):
        return
    try:
        descriptor = open_regular(name, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise _foreign(name) from error
    try:
        status, start = os.fstat(descriptor), os.pread(descriptor, len(SQLITE_MAGIC), 0)
    finally:
        os.close(descriptor)
    is_ours = status.st_uid == os.geteuid() and status.st_nlink <= 1
    if not is_ours or not (start.startswith((SQLITE_MAGIC, _JOURNAL_MAGIC)) or start.count(0) == len(start)):
        raise _foreign(name)


def _foreign(name: Path) -> LedgerError:
    return LedgerError(
        f"{name} is in the place of a draft, and is not one of this program's",
        cure="choose another name with --ledger or -o, or remove that file if nothing needs it",
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
