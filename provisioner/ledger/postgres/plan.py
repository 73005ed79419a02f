"""Plan pass: compares all records of the input with the rows of the ledger, in one transaction."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.commit import encode_value
from provisioner.ledger.postgres.connection import snapshot
from provisioner.ledger.postgres.queries import count_rows, sources
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Fingerprint, PlanEntry, PlanReport, ReplacedInput, is_hardly_any

_PLAN = read_statements(__package__, "plan")
_CHUNK = 5_000
"""Entries read at a time; no more of the input is in memory."""
_NAMED = 3
"""Keys that are named of each input."""
_ENTRY = ("row", "line", "source", "key", "digest", "error_code", "error")
_FAULT = ("row", "number", "field", "input_column", "reason")


class EntriesFailed(Exception):  # noqa: N818 - it carries the fault of somebody else
    """Raised when the entries, or ``on_replaced``, raised ``error``: it is no fault of the server."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class PlanPass:
    """One plan pass; see ``PlanStore.plan`` for the arguments."""

    def __init__(
        self,
        address: PostgresAddress,
        entries: Iterable[PlanEntry],
        fingerprints: Sequence[Fingerprint],
        *,
        on_progress: Callable[[int], None] | None,
        on_replaced: Callable[[ReplacedInput], None] | None,
    ) -> None:
        self._address, self._entries, self._fingerprints = address, iter(entries), fingerprints
        self._on_progress, self._on_replaced = on_progress, on_replaced
        self._is_cancelled = False

    def cancel(self) -> None:
        """End the pass at the next chunk of entries; the old plan stays."""
        self._is_cancelled = True

    async def write(self, connection: asyncpg.Connection) -> PlanReport:
        """Replace the plan, in one transaction, and return the counts and changes."""
        async with connection.transaction():
            await connection.execute(_PLAN["stage"])
            await self._copy(connection)
            await connection.execute("ANALYZE entries")
            await connection.execute(_PLAN["find_repeats"])
            if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM ranked)"):
                await connection.execute(_PLAN["rank_repeats"])
            report = await self._replace(connection)
            if self._on_replaced is not None and report.vanished:
                await self._compare(connection, report)
            return report

    async def _copy(self, connection: asyncpg.Connection) -> None:
        copied = 0
        while chunk := await _elsewhere(lambda: list(islice(self._entries, _CHUNK))):
            await connection.copy_records_to_table("entries", records=map(_line, chunk), columns=_ENTRY)
            if invalid := [entry for entry in chunk if entry.problems]:
                await connection.copy_records_to_table("faults", records=_faults(invalid), columns=_FAULT)
            copied += len(chunk)
            if self._is_cancelled:
                raise EntriesFailed(RuntimeError("nobody waits for the plan"))
            if self._on_progress is not None:
                self._on_progress(copied)

    async def _replace(self, connection: asyncpg.Connection) -> PlanReport:
        last = await connection.fetchval(_PLAN["last_row_id"])
        await connection.execute(_PLAN["clear"])
        files = [(id_, each.name, each.size, each.sha256) for id_, each in enumerate(self._fingerprints)]
        await connection.executemany(_PLAN["add_source"], files)
        if last:
            await connection.execute(_PLAN["plan_entries"], last)
        else:
            await connection.execute(_PLAN["plan_first"])
        added = await connection.execute(_PLAN["add_rows"], last)
        if last:
            await connection.execute(_PLAN["update_digests"], last)
        await connection.execute(_PLAN["add_invalid"])
        await connection.execute(_PLAN["analyze"])
        return PlanReport(
            counts=await count_rows(connection),
            added=int(added.split()[-1]),
            vanished=await connection.fetchval(_PLAN["count_vanished"]) if last else 0,
            changed=await connection.fetchval(_PLAN["count_changed"], last) if last else 0,
        )

    async def _compare(self, connection: asyncpg.Connection, report: PlanReport) -> None:
        """Call ``on_replaced`` when the new plan has hardly any row of the old one or reads it otherwise."""
        found = report.counts.with_outcome  # a new row has none, so all of these are earlier rows
        async with snapshot(self._address) as before:
            earlier = (await count_rows(before)).with_outcome
            inputs = await sources(before)
            digests = [each.sha256 for each in self._fingerprints]
            is_other_reading = bool(
                report.added and found < earlier and [each.sha256 for each in inputs] == digests
            )
            if not is_other_reading and not await self._is_other_input(connection, found, earlier):
                return
            replaced = ReplacedInput(
                earlier_rows=earlier,
                found_rows=found,
                earlier_keys=await _keys(before, "earlier_keys"),
                new_keys=await _keys(connection, "new_keys"),
                earlier_inputs=tuple(each.name for each in inputs),
                is_read_differently=is_other_reading,
            )
        on_replaced = self._on_replaced
        assert on_replaced is not None  # noqa: S101 - the caller has looked
        await _elsewhere(lambda: on_replaced(replaced))

    async def _is_other_input(self, connection: asyncpg.Connection, found: int, earlier: int) -> bool:
        if not is_hardly_any(found, earlier):
            return False
        planned, used = await connection.fetchrow(_PLAN["count_first_uses"])
        return is_hardly_any(planned, used)


async def _elsewhere(function: Callable[[], Any]) -> Any:
    """Call a function on another thread; raise ``EntriesFailed`` for what it raises."""
    try:
        return await asyncio.to_thread(function)
    except Exception as error:
        raise EntriesFailed(error) from error


async def _keys(connection: asyncpg.Connection, name: str) -> tuple[str, ...]:
    return tuple([line[0] for line in await connection.fetch(_PLAN[name], _NAMED)])


def _line(entry: PlanEntry) -> tuple[Any, ...]:
    if not entry.problems:
        return entry.row, entry.line, entry.source, entry.key or entry.digest.hex(), entry.digest, None, None
    error = encode_value("; ".join(map(str, entry.problems)))
    return entry.row, entry.line, entry.source, encode_value(entry.key), entry.digest, "invalid_row", error


def _faults(entries: Sequence[PlanEntry]) -> Iterator[tuple[Any, ...]]:
    return (
        (
            entry.row,
            number,
            *(encode_value(text) or "" for text in (problem.field, problem.column, problem.reason)),
        )
        for entry in entries
        for number, problem in enumerate(entry.problems, start=1)
    )
