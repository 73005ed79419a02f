"""Functions that open a ledger's database: create a new one, or check that an existing one is complete."""

import json
import os
import secrets
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from provisioner.errors import LedgerError, OtherJobError
from provisioner.ledger import shapes
from provisioner.ledger.faults import newer
from provisioner.ledger.shapes import checked_row, decode_settings
from provisioner.ledger.sqlite import queries, schema, unsent, wal
from provisioner.ledger.sqlite.connections import connect
from provisioner.ledger.sqlite.conversation_index import create_conversation_index
from provisioner.ledger.sqlite.create_file import PAGE_BYTES, create_file
from provisioner.ledger.sqlite.errors import damaged, forbidden, foreign_schema, is_folder, not_a_ledger
from provisioner.ledger.sqlite.lock import is_locked
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from provisioner.ledger.sqlite.wal import has_wal, require_wal, wal_path
from provisioner.ledger.sqlite.writer import transaction
from provisioner.models import Manifest
from provisioner.system.printable import printable, quoted, shortened
from provisioner.system.regular_files import refusal_of

APPLICATION_ID = 0x57435042
"""SQLite application ID of a ledger: the ASCII characters ``WCPB`` (WebChats, provisioned in bulk)."""
_FIRST_WITH_LATER_FIELDS = 4
"""First version of the schema whose program fills ``LATER_FIELDS`` from columns of their names."""
_LACKS_LATER_FIELDS = "lacks_later_fields"
"""Fact of the manifest of a ledger that was migrated from a version before."""
SATELLITES = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite creates beside a database."""

_RUN = queries.load_queries("run")
_READ = queries.load_queries("read")
_PRAGMAS = (
    "wal_autocheckpoint = 0",  # ``WalCheckpointer`` runs the checkpoints
    "cache_size = -500",
    "temp.cache_size = -500",  # of the conversation index, whose pages are used at random: more helps little
    "temp.journal_mode = TRUNCATE",  # one in memory would grow by each page of that index that a commit changes
    "journal_size_limit = 16777216",
    "secure_delete = OFF",
    "fullfsync = ON",
)


def require_parent_dir(path: Path) -> None:
    """Raise ``LedgerError`` when the folder of ``path`` is missing, or when ``path`` is not a regular file.

    SQLite's files beside the ledger are checked, too: opening a named pipe in place of one might never return.
    Raise ``OSError`` for a symbolic link that refers to itself.
    """
    if path.is_dir():
        raise is_folder(path)
    real = Path(os.path.realpath(path))
    if real.is_symlink():  # a link that refers to itself: stat() raises the fitting OSError
        real.stat()
    for name in (path, *(real.with_name(f"{real.name}{ending}") for ending in SATELLITES)):
        if what := refusal_of(name):
            raise LedgerError(f"{name} cannot be used: {what}", cure="name another ledger, or remove that file")
    if not path.parent.is_dir():
        raise LedgerError(f"{path}: the folder {path.parent} is not there", cure="create it, or name another")


def open_for_writing(path: Path, *, synchronous: str, is_kept: bool = True) -> sqlite3.Connection:
    """Open a ledger for writing, or create one without a manifest. Migrate a ledger of an older version.

    ``synchronous`` is the value of SQLite's PRAGMA. One that is not kept has no log: its journal is in memory, and
    takes little, since a plan only adds to the file. The caller must hold the ledger's lock, and close the
    connection with ``wal.close_connection``.

    Raise ``LedgerError`` when the file is not a ledger of this program, or is incomplete.
    """
    real = path.resolve()
    is_new = not real.exists()
    if is_new:
        require_no_wal(path)
        create_file(real, create_tables, synchronous=synchronous, has_large_pages=not is_kept)
    _require_content(path)
    _require_writable(path)
    had_log = has_wal(path)
    connection = connect(str(path))
    try:
        _require_whole(connection, path, had_wal=had_log)
        is_changed = is_new or had_log or version_of(connection) < SCHEMA_VERSION
        if version_of(connection) < SCHEMA_VERSION:
            _migrate(connection)
        _require_room(connection)
        _configure(connection, synchronous=synchronous, has_wal=is_kept)
        create_conversation_index(connection)
        # Taking the write lock fails now, and not at the first row, when another program holds it.
        with transaction(connection):
            pass
    except BaseException:
        connection.close()
        raise
    try:
        if is_changed:
            wal.checkpoint(connection)
    except BaseException:
        wal.close_connection(connection, path)
        raise
    return connection


def _configure(connection: sqlite3.Connection, *, synchronous: str, has_wal: bool) -> None:
    journal = "WAL" if has_wal else "MEMORY"
    for pragma in (f"journal_mode = {journal}", f"synchronous = {synchronous}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}").fetchone()


def _require_writable(path: Path) -> None:
    """Raise ``LedgerError`` for a file that cannot be written: SQLite itself fails only at its first write."""
    if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise forbidden(path)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing ledger for reading; a run may be writing it.

    The mode is ``ro`` when a killed run left a write-ahead log, so that the log is not changed. In all other
    cases it is ``rw``: a connection with ``mode=ro`` would leave an empty log and its index behind.

    Raise ``LedgerError`` when the file is missing, is not a ledger of this program, or is incomplete.
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


def require_no_wal(path: Path) -> None:
    """Raise ``LedgerError`` when only the log of a ledger exists: SQLite would apply it to a new ledger."""
    log = wal_path(path)
    if log.exists():
        raise LedgerError(
            f"{path} is missing, but its log {log.name} exists",
            cure="restore the ledger from a copy; without it, the rows it knew would be created again",
        )


def _require_content(path: Path) -> None:
    """Raise ``LedgerError`` for an empty file. No run leaves one, because ``create_file`` is atomic."""
    if not path.stat().st_size:
        raise LedgerError(
            f"{path} is empty",
            cure="restore it from a copy; if no job was ever run with it, remove it",
        )


def _require_whole(connection: sqlite3.Connection, path: Path, *, had_wal: bool) -> None:
    """Raise ``LedgerError`` when the file is not a ledger, lacks its log, or ends in the middle of a page.

    SQLite reads a partial page as if it were complete. It is accepted only with a log, which may hold the page.
    """
    _require_ours(connection, path)
    require_wal(connection, path, had_wal=had_wal)
    if not had_wal and path.stat().st_size % PAGE_BYTES:
        raise damaged(path)


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    """Raise ``LedgerError`` when the file is not a ledger, has an unknown schema, or is of a later version."""
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    version = version_of(connection)
    if mark != APPLICATION_ID or version < 1 or not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise not_a_ledger(path)
    if version > SCHEMA_VERSION:
        raise newer(path, version, SCHEMA_VERSION)
    if not schema.is_known(connection, version):
        raise foreign_schema(path)


def _require_room(connection: sqlite3.Connection) -> None:
    """Raise ``OddLine`` when an ID is so large that SQLite might not number the next record consecutively."""
    checked_row(shapes.LAST_IDS, connection.execute(_READ["last_ids"]).fetchone())


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of a ledger."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def read_manifest(connection: sqlite3.Connection) -> Manifest | None:
    """Return the ledger's manifest, None when it has none yet. Raise ``OddLine`` for a damaged one."""
    values = dict(checked_row(shapes.FACT, line) for line in connection.execute(_READ["manifest"]).fetchall())
    if "settings" not in values:
        return None
    facts = (values.get("job_id"), values.get("created_at"), values.get("created_by"))
    job_id, created_at, created_by = checked_row(shapes.MANIFEST, facts)
    return Manifest(
        job_id=job_id,
        settings=decode_settings(values["settings"]),
        created_at=created_at,
        created_by=created_by,
        lacks_later_fields=_LACKS_LATER_FIELDS in values or version_of(connection) < _FIRST_WITH_LATER_FIELDS,
    )


def bind_to_job(
    connection: sqlite3.Connection,
    path: Path,
    settings: Mapping[str, str],
    version: str,
    *,
    replaces_unsent: bool = False,
) -> tuple[Manifest, bool]:
    """Return the ledger's manifest, and True when it was written just now.

    With ``replaces_unsent``, a job of which nothing was sent makes room for one with other settings. Otherwise
    raise ``OtherJobError`` when the manifest has other settings; the message lists the differences.
    """
    known = read_manifest(connection)
    if known is None:
        return begin_job(connection, settings, version), True
    if known.settings == settings:
        return known, False
    if replaces_unsent and unsent.is_unsent(connection):
        return begin_job(connection, settings, version, replaces_job=True), True
    cure = "undo the change, or start a job of its own with another -o or --ledger"
    if replaces_unsent and unsent.has_made_none(connection):
        cure += f"; or remove {path}, with which nothing was created, and begin anew (run: with --new-job)"
    raise OtherJobError(f"{path} belongs to another job:\n{_difference(known.settings, settings)}", cure=cure)


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of a new ledger, and mark it as ours."""
    with transaction(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        schema.create_schema(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate a ledger of an older version to the current one, in one transaction."""
    with transaction(connection):
        if version_of(connection) < _FIRST_WITH_LATER_FIELDS:
            connection.execute(_RUN["set_manifest"], (_LACKS_LATER_FIELDS, ""))
        schema.migrate_schema(connection, version_of(connection))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def begin_job(
    connection: sqlite3.Connection,
    settings: Mapping[str, str],
    version: str,
    *,
    begun: float | None = None,
    replaces_job: bool = False,
) -> Manifest:
    """Write down what a ledger belongs to; ``begun`` is when, in Unix seconds, None for now.

    With ``replaces_job``, the job that the ledger has is deleted.
    """
    manifest = Manifest(
        job_id=secrets.token_hex(16),
        settings=dict(settings),
        created_at=datetime.fromtimestamp(time.time() if begun is None else begun, UTC).isoformat(
            timespec="seconds"
        ),
        created_by=version,
    )
    facts = {
        "job_id": manifest.job_id,
        "settings": json.dumps(manifest.settings, sort_keys=True),
        "created_at": manifest.created_at,
        "created_by": manifest.created_by,
    }
    with transaction(connection):
        if replaces_job:
            unsent.forget_job(connection)
        connection.executemany(_RUN["set_manifest"], facts.items())
    return manifest


def _difference(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    return "\n".join(
        f"  {printable(shortened(name))}: was {_shown(was, name)}, now {_shown(now, name)}" for name in names
    )


def _shown(settings: Mapping[str, str], name: str) -> str:
    return quoted(settings[name]) if name in settings else "not set"
