"""Part of the PostgreSQL ledger that records the histories of old chats."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import asyncpg

from provisioner.ledger.history_plans import HistoryPlanner, KnownHistory
from provisioner.ledger.postgres.commit import Change, ChangeKind, settled
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.plan import EntriesFailed
from provisioner.ledger.postgres.queries import count_histories
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.ledger.sql_files import read_statements
from provisioner.models import (
    AttemptResult,
    Claim,
    HistoryEntry,
    HistoryReport,
    MessageCounts,
    MessageStatus,
    Step,
    UnknownHistory,
)

_HISTORY = read_statements(__package__, "history")
_CHUNK = 1_000
"""Entries that are read and compared together; no more of the file is in memory."""


class PostgresHistoryLedger:
    """``HistoryLedger`` in a PostgreSQL schema. Every awaitable completes when its write is durable.

    Attempts are recorded for the current run. The texts of messages are never stored.
    """

    def __init__(self, writer: CommitQueue, current_run: PostgresRun, scope: PostgresRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    async def plan(self, entries: Iterable[HistoryEntry]) -> HistoryReport:
        """Store the number of messages of each row; ``entries`` is consumed on another thread."""
        waiting = iter(entries)
        try:
            return await self._writer.call_once(lambda connection: _plan(connection, waiting))
        except EntriesFailed as failed:
            raise failed.error from None

    def begin(self, claim_id: int, digest: bytes) -> "asyncio.Future[None]":
        """Record the intent: from now on, the next message of this row's history may be in flight."""
        return self._change(claim_id, "chat", digest)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> "asyncio.Future[None]":
        """Record the result of an attempt and the status of the history; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.HISTORY)

    def release(self, claim_id: int) -> "asyncio.Future[None]":
        """Cancel the intent, because no request was sent. The history is pending again."""
        return self._change(claim_id, "chat_release", None)

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownHistory]:
        """Return the next rows with an unknown message after input row number ``after``, in input order."""
        asked = self._scope.ask(_HISTORY["doubtful"], after, limit)
        lines = await self._writer.call(lambda connection: connection.fetch(*asked))
        return [_unknown_history(line) for line in lines]

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the history after it."""
        await self._settle(claim_id, status, evidence, step=Step.HISTORY_LOOKUP)

    async def counts(self) -> MessageCounts:
        """Return the number of messages by status, for the created rows of the current input."""
        return await self._writer.call(partial(count_histories, scope=self._scope))

    async def owed(self) -> int:
        """Return the number of created rows whose history is to be posted."""
        return await self._number("owed")

    async def waiting(self) -> int:
        """Return the number of valid rows, created or not, whose history is not in their conversation."""
        return await self._number("waiting")

    async def _number(self, name: str) -> int:
        asked = self._scope.ask(_HISTORY[name])
        return int(await self._writer.call(lambda connection: connection.fetchval(*asked)))

    def _settle(
        self, claim_id: int, status: MessageStatus, result: AttemptResult, *, step: Step
    ) -> "asyncio.Future[None]":
        values = settled(claim_id, step, status.value, result)
        return self._writer.write(Change(ChangeKind.SETTLE, values, self._current_run.id))

    def _change(self, claim_id: int, change: str, digest: bytes | None) -> "asyncio.Future[None]":
        return self._writer.write(Change(ChangeKind.OTHER, (claim_id, change, digest), self._current_run.id))


def _unknown_history(line: asyncpg.Record) -> UnknownHistory:
    *claim, is_confirmed, is_shared = line
    return UnknownHistory(claim=Claim(*claim), is_confirmed=is_confirmed, is_shared=is_shared)


async def _plan(connection: asyncpg.Connection, entries: Iterator[HistoryEntry]) -> HistoryReport:
    """Replace the plan of the histories, in one transaction that is rolled back when rows have changed."""
    planner = HistoryPlanner()
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(_HISTORY["mark"])
        while chunk := await _next_chunk(entries):
            await _add(connection, planner, chunk)
        planner.changed += [key for (key,) in await connection.fetch(_HISTORY["vanished"])]
        await connection.execute(_HISTORY["forget"])
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if planner.changed else transaction.commit())
    return planner.report()


async def _next_chunk(entries: Iterator[HistoryEntry]) -> list[HistoryEntry]:
    """Read entries on another thread; raise ``EntriesFailed`` for what they raise."""
    try:
        return await asyncio.to_thread(lambda: list(islice(entries, _CHUNK)))
    except Exception as error:
        raise EntriesFailed(error) from error


async def _add(connection: asyncpg.Connection, planner: HistoryPlanner, entries: Sequence[HistoryEntry]) -> None:
    """Write entries, except those whose key has no row or whose messages came too late."""
    lines = await connection.fetch(_HISTORY["planned"], [entry.key for entry in entries])
    known = {key: _known(*values) for key, *values in lines}
    planned = [found for entry in entries if (found := planner.decide(entry, known.get(entry.key)))]
    await connection.execute(
        _HISTORY["plan"],
        [each.row_id for each in planned],
        [each.total for each in planned],
        [each.is_owed for each in planned],
    )


def _known(row_id: int, is_closed: bool, status: str | None, *numbers: Any) -> KnownHistory:
    return KnownHistory(row_id, is_closed, MessageStatus(status) if status else None, *numbers)
