"""Part of the PostgreSQL ledger that records the first messages of a job."""

import asyncio
from collections.abc import Sequence
from functools import partial

import asyncpg

from provisioner.ledger.postgres.commit import Change, ChangeKind, settled
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.queries import count_messages
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.ledger.sql_files import read_statements
from provisioner.models import AttemptResult, Claim, MessageCounts, MessageStatus, Step, UnknownMessage

_RUN = read_statements(__package__, "run")


class PostgresMessageLedger:
    """``MessageLedger`` in a PostgreSQL schema. Every awaitable completes when its write is durable.

    Attempts are recorded for the current run. The text of a message is never stored.
    """

    def __init__(self, writer: CommitQueue, current_run: PostgresRun, scope: PostgresRowScope = ALL_ROWS) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope

    def begin(self, claim_id: int) -> "asyncio.Future[None]":
        """Record the intent: from now on, this row's message, built from the current input, may be in flight."""
        return self._change(claim_id, "post")

    def settle(self, claim_id: int, status: MessageStatus, result: AttemptResult) -> "asyncio.Future[None]":
        """Record the result of an attempt and the message's status; ``PENDING``: another attempt follows."""
        return self._settle(claim_id, status, result, step=Step.MESSAGE)

    def release(self, claim_id: int) -> "asyncio.Future[None]":
        """Cancel the intent, because no request was sent. The message is pending again."""
        return self._change(claim_id, "message_release")

    def drop(self, claim_id: int) -> "asyncio.Future[None]":
        """Record that the input asks for no message any more. A message that may have been posted is kept."""
        return self._change(claim_id, "message_drop")

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        """Return the next unknown messages after input row number ``after``, at most ``limit``, in input order."""
        asked = self._scope.ask(_RUN["doubtful_messages"], after, limit)
        lines = await self._writer.call(lambda connection: connection.fetch(*asked))
        return [_unknown_message(line) for line in lines]

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Record the result of a look-up, which is not an attempt, and the status of the message after it."""
        await self._settle(claim_id, status, evidence, step=Step.MESSAGE_LOOKUP)

    async def counts(self) -> MessageCounts:
        """Return the number of first messages by status, for the created rows of the current input."""
        return await self._writer.call(partial(count_messages, scope=self._scope))

    def _settle(
        self, claim_id: int, status: MessageStatus, result: AttemptResult, *, step: Step
    ) -> "asyncio.Future[None]":
        values = settled(claim_id, step, status.value, result)
        return self._writer.write(Change(ChangeKind.SETTLE, values, self._current_run.id))

    def _change(self, claim_id: int, change: str) -> "asyncio.Future[None]":
        return self._writer.write(Change(ChangeKind.OTHER, (claim_id, change, None), self._current_run.id))


def _unknown_message(line: asyncpg.Record) -> UnknownMessage:
    *claim, is_confirmed, is_comparable, is_shared = line
    return UnknownMessage(
        claim=Claim(*claim), is_confirmed=is_confirmed, is_comparable=is_comparable, is_shared=is_shared
    )
