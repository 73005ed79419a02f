"""Compares a new plan with the plan before it: another job's input, keys or the same bytes read differently."""

from collections.abc import Sequence

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import snapshot
from provisioner.ledger.postgres.queries import count_rows, sources
from provisioner.ledger.respelt_keys import MOST_SAMPLED, KeyedRow, RespeltKeys, sample_steps
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Fingerprint, PlanReport, ReplacedInput, is_hardly_any

_PLAN = read_statements(__package__, "plan")
_RESPELT = read_statements(__package__, "respelt")
_NAMED = 3
"""Keys that are named of each input."""


async def compare_with_earlier(
    connection: asyncpg.Connection,
    address: PostgresAddress,
    report: PlanReport,
    fingerprints: Sequence[Fingerprint],
    last: int,
) -> ReplacedInput | None:
    """Return what is suspicious about a plan that the transaction of ``connection`` has written, None for nothing.

    The plan is suspicious when it has fewer than a tenth of the earlier rows with an outcome, when new keys are
    those of earlier rows as a spreadsheet program saves them, when rows of one account are planned in another
    one, or when the same bytes gave other rows. ``last`` is the largest row ID before the plan. What was there
    before is read by a connection of its own.
    """
    if not report.vanished:
        return None
    respelt = await _respelt_keys(connection, last) if report.added else ()
    moved = [] if respelt else await connection.fetch(_PLAN["moved_keys"], _NAMED)
    found = report.counts.with_outcome  # a new row has none, so all of these are earlier rows
    async with snapshot(address) as before:
        earlier = (await count_rows(before)).with_outcome
        inputs = await sources(before)
        is_read_anew = report.added and found < earlier and _digests(inputs) == _digests(fingerprints)
        is_other_reading = bool(is_read_anew and not (respelt or moved))
        if not (respelt or moved or is_other_reading or await _is_other_input(connection, found, earlier)):
            return None
        return ReplacedInput(
            earlier_rows=earlier,
            found_rows=found,
            earlier_keys=await _keys(before, "earlier_keys"),
            new_keys=await _keys(connection, "new_keys"),
            earlier_inputs=tuple(each.name for each in inputs),
            respelt_keys=respelt,
            moved_keys=tuple((was, now) for was, now, _ in moved),
            moved_rows=moved[0][2] if moved else 0,
            is_read_differently=is_other_reading,
        )


async def _is_other_input(connection: asyncpg.Connection, found: int, earlier: int) -> bool:
    """Return whether hardly any earlier row is planned, without the further uses of a record by a load test."""
    if not is_hardly_any(found, earlier):
        return False
    planned, used = await connection.fetchrow(_PLAN["count_first_uses"])
    return is_hardly_any(planned, used)


async def _respelt_keys(connection: asyncpg.Connection, last: int) -> tuple[tuple[str, str], ...]:
    search = RespeltKeys(await _sample(connection, last), last)
    sought = search.sought
    lines = await connection.fetch(
        _RESPELT["rows_of_keys"], [form for form, _ in sought], [number for _, number in sought]
    )
    search.match((line[0], (line[1], line[2], line[3])) for line in lines)
    if not (earlier := search.earlier_rows):
        return ()
    return search.pairs({id_ for (id_,) in await connection.fetch(_RESPELT["still_planned"], earlier)})


async def _sample(connection: asyncpg.Connection, last: int) -> list[KeyedRow]:
    """Return earlier rows, rows that were sent, new ones, and those whose keys begin with a zero."""
    last_attempt, newest = await connection.fetchrow(_RESPELT["last_ids"])
    lines = [
        *await connection.fetch(_RESPELT["spread_rows"], *sample_steps(1, last)),
        *await connection.fetch(_RESPELT["spread_sent"], *sample_steps(1, last_attempt)),
        *await connection.fetch(_RESPELT["spread_rows"], *sample_steps(last + 1, newest)),
        *await connection.fetch(_RESPELT["zeros"], MOST_SAMPLED),
    ]
    return [(id_, key, status) for id_, key, status in lines]


def _digests(fingerprints: Sequence[Fingerprint]) -> list[str]:
    return [each.sha256 for each in fingerprints]


async def _keys(connection: asyncpg.Connection, name: str) -> tuple[str, ...]:
    return tuple([line[0] for line in await connection.fetch(_PLAN[name], _NAMED)])
