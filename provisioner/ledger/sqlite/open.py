"""Functions that open a ledger's file together with its lock, and return the function that closes both."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import msgspec

from provisioner.errors import StorageError
from provisioner.ledger.sqlite import queries, wal
from provisioner.ledger.sqlite.database import SATELLITES, bind_to_job, open_for_writing, require_parent_dir
from provisioner.ledger.sqlite.errors import translate_errors
from provisioner.ledger.sqlite.lock import LedgerLock
from provisioner.models import Manifest

_IS_USED = queries.load_queries("run")["is_used"]


class OpenLedgerFile(msgspec.Struct, frozen=True):
    """Open ledger file, before its writer thread starts.

    ``cleanup`` closes the file and releases the lock. A file that was created just now and holds no plan, row,
    run or note is deleted: it would only refuse the corrected command as that of another job.
    """

    path: Path
    connection: sqlite3.Connection
    manifest: Manifest
    is_new: bool
    cleanup: Callable[[], None]


def open_file(
    path: Path,
    settings: Mapping[str, str],
    *,
    version: str,
    synchronous: str,
    is_kept: bool = True,
    replaces_unsent: bool = False,
) -> OpenLedgerFile:
    """Open or create the ledger of a job. Blocking.

    When ``is_kept`` is False, the ledger has no log, and ``cleanup`` deletes its folder with all that is in it.
    With ``replaces_unsent``, the ledger of another job of which nothing was sent becomes that of this job. Raise
    ``LedgerBusyError``, ``OtherJobError``, ``LedgerError`` or ``StorageError``, as ``open_ledger`` describes.
    """
    with translate_errors(path), ExitStack() as stack:
        if not is_kept:
            stack.callback(shutil.rmtree, path.parent, ignore_errors=True)
        require_parent_dir(path)
        stack.callback(LedgerLock(path).release)
        real = path.resolve()
        was_there = real.exists()
        connection = open_for_writing(path, synchronous=synchronous, is_kept=is_kept)
        close = partial(wal.close_connection, connection, path)
        stack.callback(close if was_there else partial(_close_new, connection, real, real.stat(), close))
        manifest, is_new = bind_to_job(connection, path, settings, version, replaces_unsent=replaces_unsent)
        return OpenLedgerFile(path, connection, manifest, is_new, cleanup=stack.pop_all().close)


def _close_new(
    connection: sqlite3.Connection, real: Path, created: os.stat_result, close: Callable[[], None]
) -> None:
    """Close a ledger that was created just now, and delete its files if it is unused.

    A file that has taken its place since is not deleted, and neither is one that cannot be read.
    """
    is_unused = False
    with suppress(sqlite3.Error):
        is_unused = connection.execute(_IS_USED).fetchone() == (0,)
    close()
    with suppress(OSError):
        if is_unused and os.path.samestat(real.stat(), created):
            for name in (*(Path(f"{real}{ending}") for ending in SATELLITES), real):
                name.unlink(missing_ok=True)


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
