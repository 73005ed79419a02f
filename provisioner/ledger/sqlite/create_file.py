"""Atomic creation of a ledger's file: it appears complete at its path, or not at all.

So an empty file, or one without tables, is never an unfinished ledger: it is a ledger that has lost its content.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from provisioner.errors import LedgerError
from provisioner.system.regular_files import open_regular

PAGE_BYTES = 4_096
"""Size of a database page in bytes. The size of a ledger's file is a multiple of it."""
_LARGE_PAGE_BYTES = 4 * PAGE_BYTES
"""Size of a large page, with which writing a whole file from start to end takes a tenth less processor time."""
SQLITE_MAGIC = b"SQLite format 3\x00"
"""First bytes of a SQLite database. Source: https://www.sqlite.org/fileformat.html."""
_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""First bytes of a rollback journal; SQLite zeroes them when the journal is no longer valid. Source: the same."""


def create_file(
    path: Path,
    fill: Callable[[sqlite3.Connection], None],
    *,
    synchronous: str = "FULL",
    has_large_pages: bool = False,
) -> None:
    """Create a database at ``path`` with mode 0600 and the content that ``fill`` writes.

    The database is written to a draft file in the same folder, which is then renamed. The caller must hold the
    ledger's lock: a draft that exists was then left by a killed process and is replaced. Raise ``LedgerError``
    when another file has the name of the draft; that file is not changed.
    """
    for name in draft_files(path):
        _require_left(name)
    _remove(path)
    draft, _ = draft_files(path)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            page_bytes = _LARGE_PAGE_BYTES if has_large_pages else PAGE_BYTES
            connection.execute(f"PRAGMA page_size = {page_bytes}")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            fill(connection)
        draft.rename(path)
    except BaseException:
        _remove(path)
        raise
    _sync(path.parent)


def draft_files(path: Path) -> tuple[Path, Path]:
    """Return the paths of the draft file and of SQLite's journal beside it, for the ledger at ``path``."""
    return path.with_name(f".{path.name}.draft"), path.with_name(f".{path.name}.draft-journal")


def _remove(path: Path) -> None:
    for name in draft_files(path):
        name.unlink(missing_ok=True)


def _require_left(name: Path) -> None:
    """Raise ``LedgerError`` when the file exists and is not a draft that this program left."""
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
        f"{name} has the name of this program's draft file, and is another file",
        cure="choose another name with --ledger or -o, or remove that file if nothing needs it",
    )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
