"""Search for the jobs of a database: all, or the others that have planned the same input."""

from collections.abc import Sequence

import asyncpg

from provisioner.ledger.postgres import errors
from provisioner.ledger.postgres.address import PREFIX, PostgresAddress
from provisioner.ledger.postgres.loop_thread import LoopThread
from provisioner.ledger.sql_files import read_statements

_DISCOVER = read_statements(__package__, "discovery")
MOST_JOBS = 1_000
"""Number of jobs that are looked into, the newest first."""


def find_jobs(address: PostgresAddress, sha256: Sequence[str]) -> Sequence[str]:
    """Return the names of the other jobs that have planned a file with one of these hashes, the newest first.

    Jobs that this user may not read are omitted. Raise ``LedgerError`` when the database cannot be asked. Blocks.
    """
    with LoopThread() as thread, errors.translated(address):
        return thread.result_of(_find(thread.open(address), address, sha256))


def list_jobs(address: PostgresAddress) -> Sequence[str]:
    """Return the names of all jobs of a database, in ascending order; see ``find_jobs``."""
    with LoopThread() as thread, errors.translated(address):
        connection = thread.open(address)
        schemas = thread.result_of(connection.fetch(_DISCOVER["schemas"], PREFIX, "", MOST_JOBS))
    return sorted(schema.removeprefix(PREFIX) for (schema,) in schemas)


async def _find(connection: asyncpg.Connection, address: PostgresAddress, sha256: Sequence[str]) -> Sequence[str]:
    schemas = await connection.fetch(_DISCOVER["schemas"], PREFIX, address.schema, MOST_JOBS)
    found = []
    for (schema,) in schemas:
        try:
            is_same = await connection.fetchval(_DISCOVER["has_planned"].format(schema=schema), list(sha256))
        except asyncpg.PostgresError:  # it was dropped in the meantime, or its table is another program's
            continue
        if is_same:
            found.append(schema.removeprefix(PREFIX))
    return found
