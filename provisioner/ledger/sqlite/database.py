"""Opens the file behind a ledger: makes a new one, or makes sure that an old one is ours and whole."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from provisioner.errors import LedgerError, OtherJobError
from provisioner.ledger.sqlite import queries, schema, shapes, wal
from provisioner.ledger.sqlite.connections import connect
from provisioner.ledger.sqlite.create_file import PAGE_BYTES, create_file
from provisioner.ledger.sqlite.errors import damaged, foreign_schema, not_a_ledger
from provisioner.ledger.sqlite.lock import is_locked
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from provisioner.ledger.sqlite.shapes import checked_row, decode_settings
from provisioner.ledger.sqlite.wal import has_wal, require_wal, wal_path
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import Manifest
from provisioner.system.printable import printable, quoted, shortened
from provisioner.system.regular_files import refusal_of

APPLICATION_ID = 0x57435042
"""Marks the file as ours: ``WCPB``, WebChats, provisioned in bulk."""
SATELLITES = ("-wal", "-shm", "-journal")
"""What SQLite puts behind the name of a ledger for files of its own."""

_RUN = queries.load_queries("run")
_READ = queries.load_queries("read")
_PRAGMAS = (
    "wal_autocheckpoint = 0",  # the log is merged by ``journal``
    "cache_size = -2000",
    "journal_size_limit = 16777216",
    "secure_delete = OFF",
    "fullfsync = ON",
)


def require_parent_dir(path: Path) -> None:
    """Raise ``LedgerError`` when there can be no file at ``path``, or when something else is there.

    Opening a named pipe that stands for the ledger, or for SQLite's files beside it, might never return.
    """
    if path.is_dir():
        raise not_a_ledger(path)
    real = Path(os.path.realpath(path))
    if real.is_symlink():  # one that leads round in circles, which opening says
        real.stat()
    for name in (path, *(real.with_name(f"{real.name}{ending}") for ending in SATELLITES)):
        if what := refusal_of(name):
            raise LedgerError(f"{name} cannot be used: {what}", cure="name another ledger, or remove that file")
    if not path.parent.is_dir():
        raise LedgerError(f"{path}: the folder {path.parent} is not there", cure="create it, or name another")


def open_for_writing(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """Open a ledger, or make one without a job.

    Whoever calls holds its lock, and ends it with ``journal.close_connection``.

    Raise ``LedgerError`` for what is no ledger of ours, or not whole.
    """
    real = path.resolve()
    if not real.exists():
        _require_no_wal(path)
        create_file(real, _create_schema, synchronous=synchronous)
    _require_content(path)
    had_log = has_wal(path)
    connection = connect(str(path))
    try:
        _require_whole(connection, path, had_wal=had_log)
        if version_of(connection) < SCHEMA_VERSION:
            _migrate(connection)
        _require_room(connection)
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        for pragma in (f"synchronous = {synchronous}", *_PRAGMAS):
            connection.execute(f"PRAGMA {pragma}").fetchone()
        # Written anew, so that a file that cannot be written is refused now and not at the first row.
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.close()
        raise
    try:
        wal.checkpoint(connection)
    except BaseException:
        wal.close_connection(connection, path)
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a ledger that is there; a run may be writing it.

    What a run that died has left beside it stays as it is. Elsewhere not with ``mode=ro``: such a connection
    leaves a log and its index behind that nobody removes.
    """
    if not path.exists():
        raise LedgerError(f"{path} is not there", cure="name the ledger of a job that was run")
    require_parent_dir(path)
    _require_content(path)
    is_written = is_locked(path)
    had_log = has_wal(path)
    mode = "ro" if had_log and not is_written else "rw"
    connection = connect(f"{path.absolute().as_uri()}?mode={mode}", is_read_only=True)
    try:
        _require_whole(connection, path, had_wal=had_log or is_written)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_no_wal(path: Path) -> None:
    """Raise ``LedgerError`` when the log of a ledger is there without it: a new one would be mixed up with it."""
    log = wal_path(path)
    if log.exists():
        raise LedgerError(
            f"{path} is not there, but its log {log.name} is",
            cure="restore it from a copy; without it, the rows it knew would be created again",
        )


def _require_content(path: Path) -> None:
    """Raise ``LedgerError`` for an empty file, which no run leaves: a ledger is whole from the first moment."""
    if not path.stat().st_size:
        raise LedgerError(
            f"{path} is empty",
            cure="restore it from a copy; if no job was ever run with it, remove it",
        )


def _require_whole(connection: sqlite3.Connection, path: Path, *, had_wal: bool) -> None:
    """Raise ``LedgerError`` for what is no ledger of ours, has lost its log, or ends within a page.

    SQLite takes the part of a page for a page; only a log can make up for the rest.
    """
    _require_ours(connection, path)
    require_wal(connection, path, had_wal=had_wal)
    if not had_wal and path.stat().st_size % PAGE_BYTES:
        raise damaged(path)


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` for any file that is not a ledger, or one of a later version."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    version = version_of(connection)
    if mark != APPLICATION_ID or version < 1 or not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise not_a_ledger(path)
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"{path} was written by a newer version of this program (schema {version}, known is {SCHEMA_VERSION})",
            cure="install that version or a later one",
        )
    if not schema.is_known(connection, version):
        raise foreign_schema(path)


def _require_room(connection: sqlite3.Connection) -> None:
    """Raise ``OddLine`` where the next line would not get the next number."""
    checked_row(shapes.LAST_IDS, connection.execute(_READ["last_ids"]).fetchone())


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of the schema that a ledger has."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def read_manifest(connection: sqlite3.Connection) -> Manifest | None:
    """Return what the ledger belongs to, None when nobody has said yet."""
    values = dict(checked_row(shapes.FACT, line) for line in connection.execute(_READ["manifest"]).fetchall())
    if "settings" not in values:
        return None
    facts = (values.get("job_id"), values.get("created_at"), values.get("created_by"))
    job_id, created_at, created_by = checked_row(shapes.MANIFEST, facts)
    return Manifest(
        job_id=job_id, settings=decode_settings(values["settings"]), created_at=created_at, created_by=created_by
    )


def bind_to_job(
    connection: sqlite3.Connection, path: Path, settings: Mapping[str, str], version: str
) -> tuple[Manifest, bool]:
    """Return the ledger's manifest and whether it is new; ``OtherJobError`` when it is another job's."""
    known = read_manifest(connection)
    if known is None:
        return _write_manifest(connection, settings, version), True
    if known.settings != settings:
        raise OtherJobError(
            f"{path} belongs to another job:\n{_difference(known.settings, settings)}",
            cure="undo the change, or start a job of its own with another -o or --ledger",
        )
    return known, False


def _create_schema(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        schema.create_schema(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger of version 1 up to date, wholly or not at all."""
    with transaction(connection):
        schema.migrate_schema(connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _write_manifest(connection: sqlite3.Connection, settings: Mapping[str, str], version: str) -> Manifest:
    manifest = Manifest(
        job_id=secrets.token_hex(16),
        settings=dict(settings),
        created_at=datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"),
        created_by=version,
    )
    facts = {
        "job_id": manifest.job_id,
        "settings": json.dumps(manifest.settings, sort_keys=True),
        "created_at": manifest.created_at,
        "created_by": manifest.created_by,
    }
    with transaction(connection):
        connection.executemany(_RUN["set_manifest"], facts.items())
    return manifest


def _difference(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return "\n".join(
        f"  {printable(shortened(name))}: was {_shown(was, name)}, now {_shown(now, name)}" for name in names
    )


def _shown(settings: Mapping[str, str], name: str) -> str:
    return quoted(settings[name]) if name in settings else "not set"
