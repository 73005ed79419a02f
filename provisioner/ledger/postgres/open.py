"""Opening of a job's ledger in a PostgreSQL database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg

from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.postgres import schema
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection, terminated_on_error
from provisioner.ledger.postgres.errors import translated
from provisioner.ledger.postgres.ledger import PostgresLedger
from provisioner.ledger.postgres.parts import LedgerParts
from provisioner.ledger.postgres.session import Session


@asynccontextmanager
async def open_postgres_ledger(
    location: LedgerLocation,
    settings: Mapping[str, str],
    *,
    version: str,
    replaces_unsent: bool = False,
    give_up_s: float,
) -> AsyncIterator[PostgresLedger]:
    """Open the ledger of a job in a PostgreSQL database, or create it; see ``open_ledger``.

    A schema that was created just now and is unused at the end is dropped: it would only refuse the corrected
    command as that of another job.
    """
    address = location.postgres_address()
    with translated(address):
        connection = await open_connection(address)
        with terminated_on_error(connection):
            is_new = await _opened(connection, address, version)
            manifest = await schema.bind_schema(
                connection, address, settings, version, replaces_unsent=replaces_unsent
            )
            worker = await schema.add_worker(connection, version)
    session = Session(address, connection, worker)
    ledger = PostgresLedger(
        LedgerParts.of_session(session, location, manifest, version=version, give_up_s=give_up_s)
    )
    try:
        yield ledger
    finally:
        await ledger.close(drops_unused=is_new)


async def _opened(connection: asyncpg.Connection, address: PostgresAddress, version: str) -> bool:
    """Lock the job, create or migrate its schema, and return whether it was missing."""
    await schema.lock(connection, address)
    known = await schema.require_schema(connection, address)
    if not known:
        await schema.install_schema(connection, address, version)
    elif known < schema.POSTGRES_SCHEMA_VERSION:
        await schema.upgrade_schema(connection, known, version)
    return not known
