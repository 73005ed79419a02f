"""Part of the SQLite ledger that records the histories of old chats."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.conversation_index import update_conversation_index
from provisioner.ledger.sqlite.counts import read_history_counts
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.history_plan import write_histories
from provisioner.ledger.sqlite.message_ledger import encode_message_attempt
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.writer import Writer
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

_HISTORY = queries.load_queries("history")


class SqliteHistoryLedger:
    """``HistoryLedger`` in a SQLite file. Every awaitable completes when its write is on disk.

    Attempts are recorded for the current run. The texts of messages are never stored.
    """

    def __init__(self, writer: Writer, current_run: CurrentRun, scope: SqliteRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    async def plan(self, entries: Iterable[HistoryEntry]) -> HistoryReport:
        """Store the number of messages of each row; ``entries`` is consumed on the writer thread."""
        return await self._writer.call(lambda connection: write_histories(connection, entries))

    def begin(self, claim_id: int, digest: bytes) -> asyncio.Future[None]:
        """Record the intent: from now on, the next message of this row's history may be in flight."""
        started = (_HISTORY["begin_message"], (claim_id, digest))
        return self._writer.write((_HISTORY["begin"], (claim_id,)), started, is_intent=True)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the status of the history; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.HISTORY)

    def release(self, claim_id: int) -> asyncio.Future[None]:
        """Cancel the intent, because no request was sent. The history is pending again."""
        return self._writer.write((_HISTORY["release"], (claim_id,)))

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownHistory]:
        """Return the next rows with an unknown message after input row number ``after``, in input order."""
        query = self._scope.query(_HISTORY["doubtful"])
        return await self._writer.call(partial(_read_doubtful, query=query, after=after, limit=limit))

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the history after it."""
        await self._settle(claim_id, status, evidence, step=Step.HISTORY_LOOKUP)

    async def counts(self) -> MessageCounts:
        """Return the number of messages by status, for the created rows of the current input."""
        return await self._writer.call(partial(read_history_counts, scope=self._scope))

    async def owed(self) -> int:
        """Return the number of created rows whose history is to be posted."""
        return await self._number("owed")

    async def waiting(self) -> int:
        """Return the number of valid rows, created or not, whose history is not in their conversation."""
        return await self._number("waiting")

    async def _number(self, name: str) -> int:
        query = self._scope.query(_HISTORY[name])
        return await self._writer.call(lambda connection: int(connection.execute(query).fetchone()[0]))

    def _settle(
        self, claim_id: int, status: MessageStatus, result: AttemptResult, *, step: Step
    ) -> asyncio.Future[None]:
        attempt = (_HISTORY["add_attempt"], encode_message_attempt(claim_id, self._current_run.id, step, result))
        if status is MessageStatus.POSTED:
            counted, settled = (_HISTORY["count_posted"], (claim_id,)), (_HISTORY["settle_posted"], (claim_id,))
            return self._writer.write(attempt, counted, settled)
        noted, settled_as = (_HISTORY["note_attempt"], (claim_id,)), (_HISTORY["settle"], (claim_id, status.value))
        return self._writer.write(attempt, noted, settled_as)


def _read_doubtful(connection: sqlite3.Connection, query: str, after: int, limit: int) -> Sequence[UnknownHistory]:
    update_conversation_index(connection)
    lines = connection.execute(query, (after, limit)).fetchall()
    return [_doubtful(checked_row(shapes.DOUBTFUL_HISTORY, line)) for line in lines]


def _doubtful(line: Sequence[Any]) -> UnknownHistory:
    *claim, is_confirmed, is_shared = line
    return UnknownHistory(claim=Claim(*claim), is_confirmed=bool(is_confirmed), is_shared=bool(is_shared))
