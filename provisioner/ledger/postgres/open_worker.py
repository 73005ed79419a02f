"""Opening of a shared run's ledger by one of its workers."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from provisioner.errors import LedgerBusyError
from provisioner.ledger.location import LedgerLocation
from provisioner.ledger.postgres import errors, schema
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection, terminated_on_error
from provisioner.ledger.postgres.heartbeat import Heartbeat
from provisioner.ledger.postgres.lease import PostgresLease, boot_time
from provisioner.ledger.postgres.parts import LedgerParts
from provisioner.ledger.postgres.session import Session
from provisioner.ledger.postgres.shared_run import decode_stored
from provisioner.ledger.postgres.worker_ledger import Membership, PostgresWorkerLedger
from provisioner.ledger.sharing import RunSpec
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Manifest
from provisioner.system.processes import machine_id, process_start

_SHARED = read_statements(__package__, "shared")


@asynccontextmanager
async def open_postgres_worker_ledger(
    location: LedgerLocation, *, version: str, give_up_s: float
) -> AsyncIterator[PostgresWorkerLedger]:
    """Join the current run of a job in a PostgreSQL database as a worker; see ``open_worker_ledger``."""
    address = location.postgres_address()
    with errors.translated(address):
        connection = await open_connection(address)
        with terminated_on_error(connection):
            asked_at = boot_time()
            manifest, membership = await _joined(connection, address, version)
    session = Session(address, connection, membership.worker, has_lock=False)
    lease = PostgresLease(membership.spec.lease_s, asked_at)
    parts = LedgerParts.of_session(session, location, manifest, version=version, give_up_s=give_up_s)
    parts.current_run.id, parts.writer.on_stopped = membership.run, lease.lose
    heartbeat = Heartbeat(address, membership.worker, lease, give_up_s=give_up_s)
    ledger = PostgresWorkerLedger(parts, membership, heartbeat)
    beats = asyncio.create_task(heartbeat.run(parts.writer.stop), name="ledger-lease")
    try:
        yield ledger
    finally:
        await ledger.close()
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


async def _joined(
    connection: asyncpg.Connection, address: PostgresAddress, version: str
) -> tuple[Manifest, Membership]:
    if not await schema.require_schema(connection, address):
        raise errors.missing(address)
    manifest = await schema.read_job_manifest(connection)
    process = (time.time(), socket.gethostname(), os.getpid(), version, machine_id(), process_start(os.getpid()))
    line = None if manifest is None else await connection.fetchrow(_SHARED["join"], *process)
    if manifest is None or line is None:
        raise LedgerBusyError(
            f"{address.shown}: there is no run to join now",
            cure="begin one with 'provisioner run' and the same --ledger, then start the worker again",
        )
    worker, generation, run, spec = line
    accounts = {sid: account for account, sid, _ in await connection.fetch(_SHARED["accounts"], generation)}
    return manifest, Membership(worker, generation, run, decode_stored(spec, RunSpec), accounts)
