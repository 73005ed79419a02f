"""Guard against the removal of a ledger's file while a run writes it.

SQLite continues to write to a file that was removed. Its content would be lost when the process ends, and the
next run would create the same rows again.
"""

import os
import sqlite3
from itertools import chain, count
from pathlib import Path

from provisioner.errors import LedgerError, StorageError
from provisioner.ledger.sqlite.create_file import create_file


class FileGuard:
    """Check that an open ledger's file is still at its path.

    When it was moved, removed or replaced, its committed content is written back once, to the same path or, when
    that is taken, to a ``.rescued`` file beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._real = path, path.resolve()
        self._file = self._real.stat()
        beside = (self._real.with_name(f"{self._real.name}{ending}") for ending in ("-wal", "-shm"))
        self._beside = {name: name.stat() for name in beside if name.exists()}
        self._lost: StorageError | None = None

    def require(self, connection: sqlite3.Connection) -> None:
        """Raise ``StorageError`` when the file is no longer at its path, after writing it back.

        ``connection`` is the open connection to the ledger, which still reads the content.
        """
        if self._lost is not None:
            raise self._lost
        if not self._is_there():
            self._lost = self._write_back(connection)
            raise self._lost

    def _is_there(self) -> bool:
        return _is_same(self._real, self._file)

    def _free_name(self) -> Path:
        """Return an unused name beside the ledger: ``<ledger>.rescued``, or ``.rescued-2`` and so on."""
        rescued = self._real.with_name(f"{self._real.name}.rescued")
        further = (rescued.with_name(f"{rescued.name}-{number}") for number in count(2))
        return next(name for name in chain([rescued], further) if not os.path.lexists(name))

    def _write_back(self, connection: sqlite3.Connection) -> StorageError:
        is_taken = self._real.exists()
        copy = self._free_name() if is_taken else self._real
        what = "replaced" if is_taken else "moved or removed"
        told = f"{self._path} was {what} while it was in use, so nothing more is sent"
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            create_file(copy, connection.backup)
            for name, status in self._beside.items():  # -wal and -shm of the old file; the copy includes them
                if _is_same(name, status):
                    name.unlink()
        except (OSError, sqlite3.Error, LedgerError):
            return StorageError(
                f"{told}; it could not be written back",
                cure="restore it from a copy; without it, the rows it knew would be created again",
            )
        if is_taken:
            return StorageError(
                f"{told}; its content was saved in {copy.name} beside it",
                cure="put that file in its place, then run the same command again",
            )
        return StorageError(
            f"{told}; its content was written back there", cure="leave it there, then run the same command again"
        )


def _is_same(name: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(name.stat(), status)
    except OSError:
        return False
