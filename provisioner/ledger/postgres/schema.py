"""Schema of a job: its creation, the check of one that is there, and the job that it belongs to."""

import json
import os
import secrets
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncpg

from provisioner.errors import LedgerError, OtherJobError
from provisioner.ledger import shapes
from provisioner.ledger.faults import newer
from provisioner.ledger.postgres import errors
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.shapes import checked_row, decode_settings
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Manifest
from provisioner.system.printable import printable, quoted, shortened

POSTGRES_SCHEMA_VERSION = 2
"""Version of the schema that this program writes, the largest number in the table ``versions``."""
_STATEMENTS = {
    name: statement
    for file in ("schema", "sharing", "leaving", "shards", "sweeps")
    for name, statement in read_statements(__package__, file).items()
}
_OPEN = read_statements(__package__, "open")
_MIGRATE = read_statements(__package__, "migrate")
_REPLACED = [
    statement.replace("CREATE ", "CREATE OR REPLACE ", 1)
    for name, statement in _STATEMENTS.items()
    if name == "results" or "CREATE FUNCTION " in statement
]
"""Functions, and the view of the results, in place of those of an older version."""


async def lock(connection: asyncpg.Connection, address: PostgresAddress) -> None:
    """Take the lock of a job for the life of the connection; raise ``LedgerBusyError`` when it is taken."""
    if not await connection.fetchval(_OPEN["lock"], address.lock_key):
        raise errors.busy(address)


async def require_schema(connection: asyncpg.Connection, address: PostgresAddress) -> int:
    """Return the version of the job's schema, 0 where it is not there.

    Raise ``LedgerError`` when it is another program's, or that of a newer version.
    """
    tables = await connection.fetchval(_OPEN["count_tables"], address.schema)
    if not tables:
        return 0
    if not await connection.fetchval(_OPEN["is_ours"], address.schema):
        raise errors.foreign(address)
    if not await connection.fetchval(_OPEN["may_use"], address.schema):
        raise errors.to_error(asyncpg.InsufficientPrivilegeError(), address)
    version = int(await connection.fetchval(_OPEN["version"]) or 1)
    if version > POSTGRES_SCHEMA_VERSION:
        raise newer(address.shown, version, POSTGRES_SCHEMA_VERSION)
    return version


async def install_schema(connection: asyncpg.Connection, address: PostgresAddress, version: str) -> None:
    """Create the schema where it is missing, and its tables, in one transaction."""
    async with connection.transaction():
        if not await connection.fetchval(_OPEN["has_schema"], address.schema):
            await connection.execute(f'CREATE SCHEMA "{address.schema}"')
        await connection.execute("\n".join(_STATEMENTS.values()))
        await connection.execute(_OPEN["add_version"], POSTGRES_SCHEMA_VERSION, version)


async def upgrade_schema(connection: asyncpg.Connection, known: int, version: str) -> None:
    """Bring a schema of the ``known`` version to that of this program, in one transaction; see ``migrate.sql``.

    Functions and views are replaced in place, so that the rights to use them stay.
    """
    async with connection.transaction():
        for each in range(known + 1, POSTGRES_SCHEMA_VERSION + 1):
            await connection.execute(_MIGRATE[f"version_{each}"])
            await connection.execute(_OPEN["add_version"], each, version)
        await connection.execute("\n".join(_REPLACED))


async def drop_unused(connection: asyncpg.Connection, address: PostgresAddress) -> None:
    """Drop a schema that was created just now and holds no plan, row, run or note."""
    if not await connection.fetchval(_OPEN["is_used"]):
        await connection.execute(f'DROP SCHEMA "{address.schema}" CASCADE')


async def add_worker(connection: asyncpg.Connection, version: str) -> int:
    """Record that this process writes the ledger, and return its ID, which is never used twice."""
    return int(
        await connection.fetchval(_OPEN["add_worker"], time.time(), socket.gethostname(), os.getpid(), version)
    )


async def read_job_manifest(connection: asyncpg.Connection) -> Manifest | None:
    """Return the ledger's manifest, None when it has none yet. Raise ``OddLine`` for a damaged one."""
    values = dict(map(tuple, await connection.fetch(_OPEN["manifest"])))
    if "settings" not in values:
        return None
    facts = (values.get("job_id"), values.get("created_at"), values.get("created_by"))
    job_id, created_at, created_by = checked_row(shapes.MANIFEST, facts)
    return Manifest(
        job_id=job_id, settings=decode_settings(values["settings"]), created_at=created_at, created_by=created_by
    )


async def bind_schema(
    connection: asyncpg.Connection,
    address: PostgresAddress,
    settings: Mapping[str, str],
    version: str,
    *,
    replaces_unsent: bool,
) -> Manifest:
    """Return the ledger's manifest, after writing it where there is none.

    With ``replaces_unsent``, a job of which nothing was sent makes room for one with other settings. Otherwise
    raise ``OtherJobError`` when the manifest has other settings; the message lists the differences.
    """
    known = await read_job_manifest(connection)
    if known is not None and known.settings == settings:
        return known
    if known is not None and not (replaces_unsent and await _is_surely_unsent(connection)):
        raise _other_job(address, known.settings, settings)
    manifest = Manifest(
        job_id=secrets.token_hex(16),
        settings=dict(settings),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        created_by=version,
    )
    facts = {
        "job_id": manifest.job_id,
        "settings": json.dumps(manifest.settings, sort_keys=True),
        "created_at": manifest.created_at,
        "created_by": manifest.created_by,
    }
    async with connection.transaction():
        if known is not None:
            await connection.execute(_OPEN["forget_job"])
        await connection.executemany(_OPEN["set_manifest"], list(facts.items()))
    return manifest


async def _is_surely_unsent(connection: asyncpg.Connection) -> bool:
    """Return whether nothing of the job was sent; if so, workers of an earlier run begin nothing more, either."""
    if not await connection.fetchval(_OPEN["is_unsent"]):
        return False
    await connection.execute(_OPEN["replace_run"])
    return bool(await connection.fetchval(_OPEN["is_unsent"]))


def _other_job(address: PostgresAddress, was: Mapping[str, str], now: Mapping[str, str]) -> LedgerError:
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    lines = (f"  {printable(shortened(name))}: was {_shown(was, name)}, now {_shown(now, name)}" for name in names)
    return OtherJobError(
        "\n".join((f"{address.shown} belongs to another job:", *lines)),
        cure="undo the change, or name another job in the address",
    )


def _shown(settings: Mapping[str, str], name: str) -> str:
    return quoted(settings[name]) if name in settings else "not set"
