"""Functions that open a ledger's file together with its lock, and return the function that closes both."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import StorageError
from provisioner.ledger.sqlite import wal
from provisioner.ledger.sqlite.database import bind_to_job, open_for_writing, require_parent_dir
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.lock import LedgerLock
from provisioner.models import Manifest


@dataclass(frozen=True, slots=True)
class OpenLedgerFile:
    """Open ledger file, before its writer thread starts. ``cleanup`` closes the file and releases the lock."""

    path: Path
    connection: sqlite3.Connection
    manifest: Manifest
    is_new: bool
    cleanup: Callable[[], None]


def open_file(
    path: Path, settings: Mapping[str, str], *, version: str, synchronous: str, is_kept: bool
) -> OpenLedgerFile:
    """Open or create the ledger of a job. Blocking.

    When ``is_kept`` is False, ``cleanup`` deletes the ledger's folder with everything in it. Raise
    ``LedgerBusyError``, ``OtherJobError``, ``LedgerError`` or ``StorageError``, as ``open_ledger`` describes.
    """
    with translate_errors(path), ExitStack() as stack:
        if not is_kept:
            stack.callback(shutil.rmtree, path.parent, ignore_errors=True)
        require_parent_dir(path)
        stack.callback(LedgerLock(path).release)
        connection = open_for_writing(path, synchronous=synchronous)
        stack.callback(wal.close_connection, connection, path)
        manifest, is_new = bind_to_job(connection, path, settings, version)
        return OpenLedgerFile(path, connection, manifest, is_new, cleanup=stack.pop_all().close)


def open_temporary(settings: Mapping[str, str], *, version: str) -> OpenLedgerFile:
    """Create a ledger in a temporary folder; ``cleanup`` deletes it. Blocking.

    Raise ``StorageError`` when the folder for temporary files cannot be written.
    """
    try:
        folder = tempfile.mkdtemp(prefix="provisioner-")
    except OSError as error:
        raise StorageError(
            "the folder for temporary files cannot be written",
            cure="make room there, or name another one in TMPDIR",
        ) from error
    path = Path(folder, "temporary.ledger")
    return open_file(path, settings, version=version, synchronous="OFF", is_kept=False)
