"""Opening of a shared run's ledger by one of its workers."""

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
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.postgres.lease import PostgresLease, boot_time
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
        try:
            asked_at = boot_time()
            manifest, membership = await _joined(connection, address, version)
        except BaseException:
            connection.terminate()
            raise
    ledger = PostgresWorkerLedger(
        location,
        Session(address, connection, membership.worker, has_lock=False),
        manifest,
        membership,
        PostgresLease(membership.spec.lease_s, asked_at),
        version=version,
        give_up_s=give_up_s,
    )
    try:
        yield ledger
    finally:
        await ledger.close()


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
    return manifest, Membership(worker, generation, run, decode_stored(spec, RunSpec))
