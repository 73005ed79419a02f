"""Part of the PostgreSQL ledger that records which of the job's conversations were closed or deleted."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import asyncpg

from provisioner.ledger.close_attempts import close_attempt
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.guest_ledger import PostgresGuestLedger
from provisioner.ledger.postgres.queries import require_conversations
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.ledger.row_codec import request_details
from provisioner.ledger.sql_files import read_statements
from provisioner.models.closing import (
    FINAL_STATUSES,
    CloseResult,
    CloseStatus,
    OpenConversation,
    StateResult,
)

_CLOSURES = read_statements(__package__, "closures")
_PLAN = read_statements(__package__, "plan")
_CHUNK = 5_000
_NOT_DONE = {CloseStatus.REFUSED, CloseStatus.MAYBE}


class PostgresCloseLedger:
    """``CloseLedger`` in a PostgreSQL schema. A method that writes returns when its write is durable.

    With ``deletes``, conversations are to be deleted, so closed ones are not done yet. Each attempt is recorded
    for the run that is current when it is settled. Conversations that are imported get the account of ``scope``.
    ``service_sid`` is the service that is asked.
    """

    def __init__(
        self,
        writer: CommitQueue,
        current_run: PostgresRun,
        scope: PostgresRowScope = ALL_ROWS,
        *,
        deletes: bool,
        service_sid: str = "",
    ) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope
        self._service_sid = service_sid or None
        self._step = "delete" if deletes else "close"
        self._done = sorted(status.value for status in FINAL_STATUSES[self._step])

    async def import_conversations(self, conversation_sids: Iterable[str]) -> None:
        """Add conversations that another ledger's job created; the SIDs are consumed on another thread."""
        sids = iter(conversation_sids)
        account_sid = self._scope.account_sid
        await self._writer.call_once(lambda connection: _adopt(connection, sids, account_sid))

    async def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        await self._writer.call(partial(require_conversations, scope=self._scope))

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of conversations by close status; None stands for conversations believed open."""
        lines = await self._lines("counts")
        return Counter({None if state is None else CloseStatus(state): number for state, number in lines})

    async def left(self, after: int, limit: int) -> Sequence[OpenConversation]:
        """Return the next conversations after row ID ``after`` that are not done yet, at most ``limit``."""
        return await self._conversations("left", after, self._done, limit)

    async def account_sids(self) -> Sequence[str]:
        """Return the SIDs of the accounts of a job for many, in the order in which they came."""
        lines = await self._writer.call(lambda connection: connection.fetch(_CLOSURES["accounts"]))
        return [sid for (sid,) in lines]

    async def duplicates(self) -> int:
        """Return the number of rows for which a look-up found more than one conversation."""
        return int(await self._value("duplicates"))

    async def orphans(self) -> int:
        """Return the number of attempts that may have left a conversation without a customer."""
        return int(await self._value("orphans"))

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run (counted from 1) to close or delete a conversation.

        The conversation keeps its status when Twilio did not process the request, or when the result stops the
        run (for example refused credentials).
        """
        is_news = result.status is not CloseStatus.NOT_PROCESSED and not result.stops_run
        await self._settle(row_id, self._step, result, number=number, is_news=is_news)

    async def count_open(self) -> int:
        """Return the number of open conversations; see ``OpenConversationStore``."""
        return int(await self._value("count_open"))

    async def open_conversations(
        self, after: int, limit: int, *, created_before: float
    ) -> Sequence[OpenConversation]:
        """Return the next open conversations after row ID ``after``; see ``OpenConversationStore``."""
        return await self._conversations("open", after, created_before, limit)

    async def note_closed(self, row_id: int, result: StateResult) -> None:
        """Record that a conversation was found closed or gone, and the request that told it."""
        status = CloseStatus(result.state.value)
        attempt = (row_id, self._current_run.id, "state_lookup", 1, status.value, *request_details(result))
        settle = _CLOSURES["settle"], (row_id, status.value, self._service_sid)
        await self._writer.transact((_CLOSURES["add_attempt"], attempt), settle)

    async def settle_interaction(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record an attempt to close the interaction's channel of a conversation; see ``CloseLedger``."""
        is_news = result.status in _NOT_DONE and not result.stops_run
        await self._settle(row_id, "interaction", result, number=number, is_news=is_news)

    @property
    def guests(self) -> PostgresGuestLedger:
        """The guests of the conversations that are done."""
        return PostgresGuestLedger(
            self._writer, self._current_run, self._scope, done=self._done, service_sid=self._service_sid
        )

    async def sample_conversations(self, limit: int) -> Sequence[str]:
        """Return the SIDs of up to ``limit`` conversations that may still exist; see ``CloseLedger``."""
        return [sid for (sid,) in await self._lines("sample", limit)]

    async def has_deleted(self) -> bool:
        """Return whether a conversation of this service is recorded as deleted."""
        return bool(await self._value("has_deleted", self._service_sid))

    async def _settle(self, row_id: int, step: str, result: CloseResult, *, number: int, is_news: bool) -> None:
        attempt = close_attempt(row_id, self._current_run.id, step, number, result)
        settle = [(_CLOSURES["settle"], (row_id, result.status.value, self._service_sid))] if is_news else []
        await self._writer.transact((_CLOSURES["add_attempt"], attempt), *settle)

    async def _conversations(self, name: str, *asked: Any) -> Sequence[OpenConversation]:
        return [OpenConversation(*line) for line in await self._lines(name, *asked)]

    async def _lines(self, name: str, *values: Any) -> Sequence[asyncpg.Record]:
        asked = self._scope.ask(_CLOSURES[name], *values)
        lines: Sequence[asyncpg.Record] = await self._writer.call(lambda connection: connection.fetch(*asked))
        return lines

    async def _value(self, name: str, *values: Any) -> Any:
        asked = self._scope.ask(_CLOSURES[name], *values)
        return await self._writer.call(lambda connection: connection.fetchval(*asked))


async def _adopt(connection: asyncpg.Connection, sids: Iterator[str], account_sid: str | None) -> None:
    async with connection.transaction():
        account = account_sid and await connection.fetchval(_CLOSURES["adopt_account"], account_sid)
        await connection.execute(_PLAN["add_indexes"])
        await connection.execute(_CLOSURES["stage_adopted"])
        while chunk := await asyncio.to_thread(lambda: list(islice(sids, _CHUNK))):
            await connection.copy_records_to_table("adopted", records=[(sid,) for sid in chunk], columns=["sid"])
        await connection.execute(_CLOSURES["adopt"], time.time(), account)
