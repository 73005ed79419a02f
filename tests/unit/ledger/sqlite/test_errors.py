"""Which of our errors stands for which of SQLite's and the file system's."""

import errno
import sqlite3
from pathlib import Path

import pytest

from provisioner.errors import ExitCode, LedgerError, ProvisionerError, StorageError
from provisioner.ledger.sqlite.errors import translate_errors

PATH = Path("job.ledger")


def error_of(code: int) -> sqlite3.Error:
    """Make SQLite's error as it arrives."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (sqlite3.SQLITE_FULL, StorageError, "no room is left on the disk"),
        (sqlite3.SQLITE_IOERR, StorageError, "reading or writing failed"),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageError, "reading or writing failed"),
        (sqlite3.SQLITE_CORRUPT, LedgerError, "is damaged"),
        (sqlite3.SQLITE_NOTADB, LedgerError, "is not a ledger"),
        (sqlite3.SQLITE_READONLY, LedgerError, "cannot be opened for reading and writing"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, LedgerError, "cannot be opened for reading and writing"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, LedgerError, "is locked by another program"),
        (sqlite3.SQLITE_ERROR, LedgerError, "cannot be used: disk I/O error"),
    ],
)
def test_no_error_of_sqlite_gets_out(code: int, kind: type[ProvisionerError], message: str) -> None:
    """A full or broken disk is the storage's, everything else the ledger's fault, and all have a cure."""
    with pytest.raises(kind, match=message) as raised, translate_errors(PATH):
        raise error_of(code)

    assert raised.value.message.startswith("job.ledger")
    assert raised.value.cure
    assert raised.value.exit_code == (ExitCode.GUARD if kind is StorageError else ExitCode.USAGE)
    assert isinstance(raised.value.__cause__, sqlite3.Error)


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.ENOSPC, StorageError, "no room is left"),
        (errno.EDQUOT, StorageError, "no room is left"),
        (errno.EIO, StorageError, "reading or writing failed"),
        (errno.EROFS, LedgerError, "cannot be opened for reading and writing"),
        (errno.EACCES, LedgerError, "cannot be opened for reading and writing"),
        (errno.ENAMETOOLONG, LedgerError, "cannot be used: File name too long"),
    ],
)
def test_no_error_of_the_file_system_gets_out(number: int, kind: type[ProvisionerError], message: str) -> None:
    """The same holds for the lock and the file itself."""
    with pytest.raises(kind, match=message), translate_errors(PATH):
        raise OSError(number, errno.errorcode[number] if number != errno.ENAMETOOLONG else "File name too long")


def test_errors_of_others_pass() -> None:
    """Only the edge's own exceptions are translated."""
    with pytest.raises(ZeroDivisionError), translate_errors(PATH):
        raise ZeroDivisionError
