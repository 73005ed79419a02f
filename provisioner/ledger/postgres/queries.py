"""Queries that both the open ledger and its readers need."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg

from provisioner.ledger.faults import OddSid
from provisioner.ledger.notes import JobNotes
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.row_codec import counts_by_account
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Counts, Fingerprint, MessageCounts, SettingsCounts
from provisioner.models.sids import SidKind

_READ = read_statements(__package__, "read")


HASHES_AND_MERGES = "SET enable_nestloop = off; SET cursor_tuple_fraction = 1"
"""Settings for questions about all rows; see ``over_all_rows``."""


@asynccontextmanager
async def over_all_rows(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Open a transaction for questions about all rows: the server reads each table once.

    Where it expects few rows, or a condition that many meet, it would read one table for each row of another.
    """
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")
        yield


async def count_rows(connection: asyncpg.Connection, scope: PostgresRowScope = ALL_ROWS) -> Counts:
    """Return the number of rows of the current input by status."""
    async with over_all_rows(connection):
        counts = dict(map(tuple, await connection.fetch(*scope.ask(_READ["counts"]))))
    return Counts(input=sum(counts.values()), **counts)


async def count_accounts(connection: asyncpg.Connection) -> Mapping[str, Counts]:
    """Return those numbers for each account of a job for many accounts, by its SID."""
    async with over_all_rows(connection):
        if not await connection.fetchval(_READ["has_accounts"]):
            return {}
        return counts_by_account(map(tuple, await connection.fetch(_READ["account_counts"])))


async def count_messages(connection: asyncpg.Connection, scope: PostgresRowScope = ALL_ROWS) -> MessageCounts:
    """Return the number of first messages by status, for the created rows of the current input."""
    if not await connection.fetchval(_READ["has_messages"]):
        return MessageCounts()
    async with over_all_rows(connection):
        return MessageCounts(**dict(map(tuple, await connection.fetch(*scope.ask(_READ["message_counts"])))))


async def count_histories(connection: asyncpg.Connection, scope: PostgresRowScope = ALL_ROWS) -> MessageCounts:
    """Return the number of messages of histories by status, for the created rows of the current input."""
    if not await connection.fetchval(_READ["has_histories"]):
        return MessageCounts()
    names = ("posted", "rejected", "unknown", "unsent", "pending", "in_flight", "held")
    async with over_all_rows(connection):
        line = await connection.fetchrow(*scope.ask(_READ["history_counts"]))
    return MessageCounts(**dict(zip(names, map(int, line), strict=True)))


async def count_settings(connection: asyncpg.Connection, scope: PostgresRowScope = ALL_ROWS) -> SettingsCounts:
    """Return the number of settings by status, for the created rows of the current input."""
    if not await connection.fetchval(_READ["has_settings"]):
        return SettingsCounts()
    async with over_all_rows(connection):
        return SettingsCounts(**dict(map(tuple, await connection.fetch(*scope.ask(_READ["settings_counts"])))))


async def sources(connection: asyncpg.Connection) -> Sequence[Fingerprint]:
    """Return the fingerprints of the planned input files."""
    return [Fingerprint(*line) for line in await connection.fetch(_READ["sources"])]


async def planned_sources(connection: asyncpg.Connection) -> Sequence[Fingerprint] | None:
    """Return the fingerprints of the inputs of the last complete plan, None when there is no such plan."""
    return await sources(connection) if await connection.fetchval(_READ["planned_at"]) else None


async def job_notes(connection: asyncpg.Connection) -> JobNotes:
    """Return the notes that earlier runs stored."""
    notes = dict(map(tuple, await connection.fetch(_READ["note"])))
    return JobNotes(**{name: notes.get(name) for name in JobNotes.__struct_fields__})


async def require_conversations(
    connection: asyncpg.Connection, scope: PostgresRowScope = ALL_ROWS, *, owing: bool = False
) -> None:
    """Raise ``OddSid`` when a created row has no valid conversation SID.

    With ``owing``, check only rows that may owe settings, a history or a message.
    """
    name = "odd_sid_of_owing" if owing else "odd_sid"
    pattern = SidKind.CONVERSATION.pattern.replace(r"\Z", "$")
    async with over_all_rows(connection):
        found = await connection.fetchrow(*scope.ask(_READ[name], pattern))
    if found is not None:
        raise OddSid(found[1])
