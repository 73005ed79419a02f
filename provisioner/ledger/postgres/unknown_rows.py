"""Queries for reconciling: unknown rows, and what proves that a look-up finds what was created."""

from collections.abc import Sequence

import asyncpg

from provisioner.ledger.postgres.queries import over_all_rows
from provisioner.ledger.postgres.row_scope import PostgresRowScope
from provisioner.ledger.row_codec import decode_unknown
from provisioner.ledger.sql_files import read_statements
from provisioner.models import UnknownRow

_RUN = read_statements(__package__, "run")


async def fetch_unknown(
    connection: asyncpg.Connection, scope: PostgresRowScope, after: int, limit: int
) -> Sequence[UnknownRow]:
    """Return the next unknown rows after input row number ``after``, at most ``limit``, in input order."""
    lines = await connection.fetch(*scope.ask(_RUN["unknown"], after, limit))
    return [decode_unknown(_with_flags(line)) for line in lines]


async def fetch_latest_created(
    connection: asyncpg.Connection, scope: PostgresRowScope, *, by_identity: bool
) -> UnknownRow | None:
    """Return the most recent row that Twilio's own reply reported as created; see ``UnknownRowStore``."""
    line = await connection.fetchrow(*scope.ask(_RUN["control"], by_identity))
    return None if line is None else decode_unknown(_with_flags(line))


async def shows_other_identity(connection: asyncpg.Connection, scope: PostgresRowScope) -> bool:
    """Return whether any reply of Twilio had another identity than the requested one."""
    async with over_all_rows(connection):
        return bool(await connection.fetchval(*scope.ask(_RUN["other_identity"])))


async def fetch_assigned(connection: asyncpg.Connection, conversation_sids: Sequence[str]) -> set[str]:
    """Return those of the given SIDs whose conversations already belong to a row."""
    return {sid for (sid,) in await connection.fetch(_RUN["taken"], list(conversation_sids))}


def _with_flags(line: asyncpg.Record) -> list[object]:
    """Return the values of a line with 0 and 1 in place of False and True, as ``shapes`` has them."""
    return [int(value) if isinstance(value, bool) else value for value in line]
