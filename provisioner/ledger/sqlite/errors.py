"""Translation of exceptions of SQLite and of the file system into this program's errors with a cure."""

import errno
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import LedgerError, ProvisionerError, StorageError
from provisioner.ledger.faults import OddSid, odd_sid
from provisioner.ledger.shapes import OddLine
from provisioner.system.os_errors import os_reason

_PRIMARY = 0xFF
"""Mask for the lowest byte of SQLite's extended result codes, which is the primary result code."""

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Translate SQLite and file system exceptions that are raised inside the context.

    Raise ``LedgerError`` when the ledger cannot be used, and ``StorageError`` when the disk is full or fails.
    ``path`` is the ledger's path for the message.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise to_ledger_error(error, path) from error
    except OddSid as error:
        raise odd_sid(path, error.row, what="ledger") from error
    except (OddLine, UnicodeDecodeError) as error:  # the latter: SQLite's message quotes bytes that are not UTF-8
        raise damaged(path) from error
    except OSError as error:
        raise _file_fault(error, path) from error


def to_ledger_error(error: sqlite3.Error, path: Path) -> ProvisionerError:
    """Return the ``LedgerError`` or ``StorageError`` for an exception of SQLite."""
    if isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode"):
        return damaged(path)  # raised by Python for a text that is not UTF-8; its message would quote the text
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _FAULTS:
        return _FAULTS[code](path)
    return LedgerError(f"{path} cannot be used: {error}", cure="name another ledger, or restore this one")


def not_a_ledger(path: Path) -> LedgerError:
    """Return the error for a file that is not a ledger; results have theirs beside them."""
    beside = Path(f"{path}.ledger")
    cure = (
        f"name the ledger beside it: {beside}" if beside.is_file() else "name another file, or move this one away"
    )
    return LedgerError(f"{path} is not a ledger", cure=cure)


def is_folder(path: Path) -> LedgerError:
    """Return the error for a folder in place of a ledger."""
    return LedgerError(
        f"{path} is not a ledger: it is a folder", cure="name a file in it, such as results.csv.ledger"
    )


def damaged(path: Path) -> LedgerError:
    """Return the error for a damaged ledger. A run without it would create its rows again."""
    return LedgerError(
        f"{path} is damaged",
        cure=_RESTORE,
    )


_RESTORE = "restore it from a copy; without it, the rows it knows would be created again"


def foreign_schema(path: Path) -> LedgerError:
    """Return the error for a ledger with other tables, views or triggers than this program creates."""
    return LedgerError(
        f"{path} is damaged: its tables are not those of a ledger, or something was added to them",
        cure=_RESTORE,
    )


def _file_fault(error: OSError, path: Path) -> ProvisionerError:
    if error.errno in _FULL_DISK:
        return _no_room(path)
    if error.errno == errno.EIO:
        return _failing(path)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return forbidden(path)
    return LedgerError(f"{path} cannot be used: {os_reason(error)}", cure="name another ledger")


def _no_room(path: Path) -> StorageError:
    return StorageError(
        f"{path}: no room is left on the disk, or in the folder for temporary files",
        cure="make room, then run the same command again",
    )


def forbidden(path: Path) -> LedgerError:
    """Return the error for a ledger that this user may not read and write."""
    return LedgerError(
        f"{path} cannot be opened for reading and writing",
        cure="allow reading and writing for the file and its folder, or copy it to a folder of your own",
    )


def _failing(path: Path) -> StorageError:
    return StorageError(
        f"{path}: reading or writing failed",
        cure="look at the disk and its free space, then run the same command again",
    )


def _locked(path: Path) -> LedgerError:
    return LedgerError(f"{path} is locked by another program", cure="close whatever has it open")


_FAULTS: Mapping[int, Callable[[Path], ProvisionerError]] = {
    sqlite3.SQLITE_FULL: _no_room,
    sqlite3.SQLITE_IOERR: _failing,
    sqlite3.SQLITE_NOTADB: not_a_ledger,
    sqlite3.SQLITE_CORRUPT: damaged,
    sqlite3.SQLITE_TOOBIG: damaged,
    sqlite3.SQLITE_MISMATCH: damaged,
    sqlite3.SQLITE_READONLY: forbidden,
    sqlite3.SQLITE_CANTOPEN: forbidden,
    sqlite3.SQLITE_PERM: forbidden,
    sqlite3.SQLITE_AUTH: forbidden,
    sqlite3.SQLITE_BUSY: _locked,
    sqlite3.SQLITE_LOCKED: _locked,
}
