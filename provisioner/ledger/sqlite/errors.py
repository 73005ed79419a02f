"""Turns what SQLite and the file system complain about into errors that say what to do."""

import errno
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import LedgerError, ProvisionerError, StorageError
from provisioner.ledger.sqlite.shapes import OddLine
from provisioner.ledger.sqlite.sids import OddSid
from provisioner.models.sids import SidKind
from provisioner.system.os_errors import os_reason

_PRIMARY = 0xFF
"""SQLite's extended result codes carry the primary one in their lowest byte."""

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Let no SQLite or file system exception out; ``path`` is the ledger's, for the message."""
    try:
        yield
    except sqlite3.Error as error:
        raise to_ledger_error(error, path) from error
    except OddSid as error:
        raise odd_sid(path, error.row) from error
    except (
        OddLine,
        UnicodeDecodeError,
    ) as error:  # the latter for what SQLite says of damaged bytes, quoting them
        raise damaged(path) from error
    except OSError as error:
        raise _file_fault(error, path) from error


def to_ledger_error(error: sqlite3.Error, path: Path) -> ProvisionerError:
    """Return our error for one of SQLite's."""
    if isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode"):
        return damaged(path)  # Python's own: a text that is none, which its message would repeat
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code in _FAULTS:
        return _FAULTS[code](path)
    return LedgerError(f"{path} cannot be used: {error}", cure="name another ledger, or restore this one")


def not_a_ledger(path: Path) -> LedgerError:
    """Say that a file is something else."""
    return LedgerError(f"{path} is not a ledger", cure="name another file, or move this one away")


def damaged(path: Path) -> LedgerError:
    """Say that a ledger has lost something; starting without it would create its rows again."""
    return LedgerError(
        f"{path} is damaged",
        cure=_RESTORE,
    )


_RESTORE = "restore it from a copy; without it, the rows it knows would be created again"


def foreign_schema(path: Path) -> LedgerError:
    """Say that a ledger has other tables, views or triggers than this program makes."""
    return LedgerError(
        f"{path} is damaged: its tables are not those of a ledger, or something was added to them",
        cure=_RESTORE,
    )


def odd_sid(path: Path, row: int | None) -> LedgerError:
    """Say that the conversation of a created row, by its number in the input, is named by no SID."""
    place = "a row that left the input" if row is None else f"row {row}"
    return LedgerError(
        f"{path}: {place} is created, and its conversation_sid is none ({SidKind.CONVERSATION.form})",
        cure="restore it from a copy: it was changed by something else than this program",
    )


def _file_fault(error: OSError, path: Path) -> ProvisionerError:
    if error.errno in _FULL_DISK:
        return _no_room(path)
    if error.errno == errno.EIO:
        return _failing(path)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return _forbidden(path)
    return LedgerError(f"{path} cannot be used: {os_reason(error)}", cure="name another ledger")


def _no_room(path: Path) -> StorageError:
    return StorageError(
        f"{path}: no room is left on the disk, or in the folder for temporary files",
        cure="make room, then run the same command again",
    )


def _forbidden(path: Path) -> LedgerError:
    return LedgerError(
        f"{path} cannot be opened as it needs to be",
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
    sqlite3.SQLITE_READONLY: _forbidden,
    sqlite3.SQLITE_CANTOPEN: _forbidden,
    sqlite3.SQLITE_PERM: _forbidden,
    sqlite3.SQLITE_AUTH: _forbidden,
    sqlite3.SQLITE_BUSY: _locked,
    sqlite3.SQLITE_LOCKED: _locked,
}
