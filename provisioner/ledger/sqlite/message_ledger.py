"""Part of the SQLite ledger that records the first messages of a job."""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.row_codec import encode_text
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.conversation_index import update_conversation_index
from provisioner.ledger.sqlite.counts import read_message_counts
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.writer import Writer
from provisioner.models import AttemptResult, Claim, MessageCounts, MessageStatus, Step, UnknownMessage

_MESSAGES = queries.load_queries("messages")
_BEGIN, _RELEASE, _SETTLE = _MESSAGES["begin"], _MESSAGES["release"], _MESSAGES["settle"]
_ADD_ATTEMPT = _MESSAGES["add_attempt"]


class SqliteMessageLedger:
    """``MessageLedger`` in a SQLite file. Every awaitable completes when its write is on disk.

    Attempts are recorded for the current run. The text of a message is never stored.
    """

    def __init__(self, writer: Writer, current_run: CurrentRun, scope: SqliteRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    def begin(self, claim_id: int) -> asyncio.Future[None]:
        """Record the intent: from now on, this row's message, built from the current input, may be in flight."""
        return self._writer.write((_BEGIN, (claim_id,)), is_intent=True)

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> asyncio.Future[None]:
        """Record the result of an attempt and the message's status; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.MESSAGE)

    def release(self, claim_id: int) -> asyncio.Future[None]:
        """Cancel the intent, because no request was sent. The message is pending again."""
        return self._writer.write((_RELEASE, (claim_id,)))

    def drop(self, claim_id: int) -> asyncio.Future[None]:
        """Record that the input asks for no message any more. A message that may have been posted is kept."""
        return self._writer.write((_MESSAGES["drop"], (claim_id,)))

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        """Return the next unknown messages after input row number ``after``, at most ``limit``, in input order."""
        query = self._scope.query(_MESSAGES["doubtful"])
        return await self._writer.call(partial(_read_doubtful, query=query, after=after, limit=limit))

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the message after it."""
        await self._settle(claim_id, status, evidence, step=Step.MESSAGE_LOOKUP)

    async def counts(self) -> MessageCounts:
        """Return the number of first messages by status, for the created rows of the current input."""
        return await self._writer.call(partial(read_message_counts, scope=self._scope))

    def _settle(
        self, claim_id: int, status: MessageStatus, result: AttemptResult, *, step: Step
    ) -> asyncio.Future[None]:
        attempt = encode_message_attempt(claim_id, self._current_run.id, step, result)
        return self._writer.write((_ADD_ATTEMPT, attempt), (_SETTLE, (claim_id, status.value)))


def _read_doubtful(connection: sqlite3.Connection, query: str, after: int, limit: int) -> Sequence[UnknownMessage]:
    update_conversation_index(connection)
    lines = connection.execute(query, (after, limit)).fetchall()
    return [_doubtful(checked_row(shapes.DOUBTFUL, line)) for line in lines]


def _doubtful(line: Sequence[Any]) -> UnknownMessage:
    *claim, is_confirmed, is_comparable, is_shared = line
    return UnknownMessage(
        claim=Claim(*claim),
        is_confirmed=bool(is_confirmed),
        is_comparable=bool(is_comparable),
        is_shared=bool(is_shared),
    )


def encode_message_attempt(claim_id: int, run: int | None, step: Step, result: AttemptResult) -> Sequence[Any]:
    """Return the values for the SQL statement ``add_attempt`` of a message."""
    return (
        claim_id,
        run,
        step.value,
        result.verdict.value,
        result.due,
        result.sent,
        result.ended,
        result.http_status,
        encode_text(result.error_code),
        encode_text(result.error),
        encode_text(result.message_sid),
        encode_text(result.twilio_request_id),
        result.retry_after_s,
    )
