"""Plan pass: compares all records of the input with the rows of the ledger, in one transaction."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.commit import encode_value
from provisioner.ledger.postgres.earlier_input import compare_with_earlier
from provisioner.ledger.postgres.queries import count_rows
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Fingerprint, PlanEntry, PlanReport, ReplacedInput

_PLAN = read_statements(__package__, "plan")
_CHUNK = 5_000
"""Entries read at a time; no more of the input is in memory."""
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
            last = await connection.fetchval(_PLAN["last_row_id"])
            report = await self._replace(connection, last)
            if (on_replaced := self._on_replaced) is not None:
                replaced = await compare_with_earlier(connection, self._address, report, self._fingerprints, last)
                if replaced is not None:
                    await _elsewhere(lambda: on_replaced(replaced))
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

    async def _replace(self, connection: asyncpg.Connection, last: int) -> PlanReport:
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


async def _elsewhere(function: Callable[[], Any]) -> Any:
    """Call a function on another thread; raise ``EntriesFailed`` for what it raises."""
    try:
        return await asyncio.to_thread(function)
    except Exception as error:
        raise EntriesFailed(error) from error


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
