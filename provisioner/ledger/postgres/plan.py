"""Plan pass: compares all records of the input with the rows of the ledger, in one transaction.

The first one has nothing to compare, so it copies the records straight into the tables of the plan, and indexes
the keys when all are there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.commit import encode_value
from provisioner.ledger.postgres.earlier_input import compare_with_earlier
from provisioner.ledger.postgres.queries import count_rows, over_all_rows
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Fingerprint, PlanEntry, PlanReport, ReplacedInput

_PLAN = read_statements(__package__, "plan")
_CHUNK = 5_000
"""Entries read at a time, while those before are copied; no more of the input is in memory."""
_ENTRY = ("row", "line", "source", "key", "digest", "error_code", "error", "account")
_ROW = ("id", "key", "digest", "account")
_PLANNED = ("row", "line", "source", "account", "row_id", "is_valid")
_INVALID = ("row", "key", "error_code", "error")
_FAULT = ("row", "number", "field", "input_column", "reason")


_Accounts = Mapping[str, int | None]
"""IDs of the accounts by SID; an entry of a job for one account has an empty SID, and no ID."""
_Store = Callable[[asyncpg.Connection, Sequence[PlanEntry], _Accounts], Awaitable[None]]


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
        async with over_all_rows(connection):
            if await connection.fetchval(_PLAN["lacks_index"]):
                return await self._write_first(connection)
            await connection.execute(_PLAN["stage"])
            await self._copy(connection, _stage)
            await connection.execute("ANALYZE entries")
            await connection.execute(_PLAN["find_repeats"])
            if await connection.fetchval(_PLAN["has_repeats"]):
                await connection.execute(_PLAN["rank_repeats"])
            last = await connection.fetchval(_PLAN["last_row_id"])
            report = await self._replace(connection, last)
            if (on_replaced := self._on_replaced) is not None:
                replaced = await compare_with_earlier(connection, self._address, report, self._fingerprints, last)
                if replaced is not None:
                    await _elsewhere(lambda: on_replaced(replaced))
            return report

    async def _write_first(self, connection: asyncpg.Connection) -> PlanReport:
        """Copy the entries straight into their tables: no key is known yet."""
        await self._add_sources(connection)
        await self._copy(connection, _add)
        await connection.execute(_PLAN["index_keys"])
        if await connection.fetchval(_PLAN["lacks_index"]):
            await connection.execute(_PLAN["settle_first_repeats"])
        await connection.execute(_PLAN["add_indexes"])
        await connection.execute(_PLAN["complete"])
        await connection.execute(_PLAN["analyze"])
        counts = await count_rows(connection)
        return PlanReport(counts=counts, added=counts.input - counts.invalid, vanished=0, changed=0)

    async def _copy(self, connection: asyncpg.Connection, store: _Store) -> None:
        copied = 0
        accounts = {"": None, **dict(map(tuple, await connection.fetch(_PLAN["accounts"])))}
        reading = asyncio.create_task(self._read())
        try:
            while chunk := await reading:
                reading = asyncio.create_task(self._read())
                for sid in dict.fromkeys(entry.account for entry in chunk):
                    if sid not in accounts:
                        accounts[sid] = await connection.fetchval(_PLAN["add_account"], sid)
                await store(connection, chunk, accounts)
                copied += len(chunk)
                if self._is_cancelled:
                    raise EntriesFailed(RuntimeError("nobody waits for the plan"))
                if self._on_progress is not None:
                    self._on_progress(copied)
        finally:
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> Sequence[PlanEntry]:
        """Return the next entries, none after the last one."""
        entries: Sequence[PlanEntry] = await _elsewhere(lambda: list(islice(self._entries, _CHUNK)))
        return entries

    async def _add_sources(self, connection: asyncpg.Connection) -> None:
        files = [(id_, each.name, each.size, each.sha256) for id_, each in enumerate(self._fingerprints)]
        await connection.executemany(_PLAN["add_source"], files)

    async def _replace(self, connection: asyncpg.Connection, last: int) -> PlanReport:
        await connection.execute(_PLAN["clear"])
        await self._add_sources(connection)
        await connection.execute(_PLAN["plan_entries"], last)
        await connection.execute(_PLAN["replace_plan"])
        added = await connection.execute(_PLAN["add_rows"], last)
        await connection.execute(_PLAN["update_digests"], last)
        await connection.execute(_PLAN["add_invalid"])
        await connection.execute(_PLAN["complete"])
        await connection.execute(_PLAN["analyze"])
        return PlanReport(
            counts=await count_rows(connection),
            added=int(added.split()[-1]),
            vanished=await connection.fetchval(_PLAN["count_vanished"]),
            changed=await connection.fetchval(_PLAN["count_changed"], last),
        )


async def _elsewhere(function: Callable[[], Any]) -> Any:
    """Call a function on another thread; raise ``EntriesFailed`` for what it raises."""
    try:
        return await asyncio.to_thread(function)
    except Exception as error:
        raise EntriesFailed(error) from error


async def _stage(connection: asyncpg.Connection, entries: Sequence[PlanEntry], accounts: _Accounts) -> None:
    """Copy entries into the temporary tables."""
    records = ((*_staged(entry), accounts[entry.account]) for entry in entries)
    await connection.copy_records_to_table("entries", records=records, columns=_ENTRY)
    if invalid := [entry for entry in entries if entry.problems]:
        await connection.copy_records_to_table("faults", records=_faults(invalid), columns=_FAULT)


async def _add(connection: asyncpg.Connection, entries: Sequence[PlanEntry], accounts: _Accounts) -> None:
    """Copy entries into the tables of the plan; each valid one gets a row, whose ID is the entry's number."""
    valid = [
        (entry.row, entry.key or entry.digest.hex(), entry.digest, accounts[entry.account])
        for entry in entries
        if not entry.problems
    ]
    await connection.copy_records_to_table("rows", records=valid, columns=_ROW)
    planned = (
        (entry.row, entry.line, entry.source, accounts[entry.account], row_id, row_id is not None)
        for entry in entries
        for row_id in (None if entry.problems else entry.row,)
    )
    await connection.copy_records_to_table("plan", records=planned, columns=_PLANNED)
    if invalid := [entry for entry in entries if entry.problems]:
        lines = [(entry.row, encode_value(entry.key), *_error(entry)) for entry in invalid]
        await connection.copy_records_to_table("invalid", records=lines, columns=_INVALID)
        await connection.copy_records_to_table("problems", records=_faults(invalid), columns=_FAULT)


def _staged(entry: PlanEntry) -> tuple[Any, ...]:
    if not entry.problems:
        return entry.row, entry.line, entry.source, entry.key or entry.digest.hex(), entry.digest, None, None
    return entry.row, entry.line, entry.source, encode_value(entry.key), entry.digest, *_error(entry)


def _error(entry: PlanEntry) -> tuple[str, str | None]:
    return entry.error_code, encode_value("; ".join(map(str, entry.problems)))


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
