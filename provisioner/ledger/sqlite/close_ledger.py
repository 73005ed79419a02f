"""Part of the SQLite ledger that records which of the job's conversations were closed or deleted."""

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence

from provisioner.ledger import shapes
from provisioner.ledger.close_attempts import close_attempt
from provisioner.ledger.row_codec import request_details
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.guest_ledger import SqliteGuestLedger, read_close_counts
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.sids import require_sids
from provisioner.ledger.sqlite.writer import Writer, transaction
from provisioner.models.closing import (
    FINAL_STATUSES,
    CloseResult,
    CloseStatus,
    OpenConversation,
    StateResult,
)

_CLOSURES = queries.load_queries("closures")


class SqliteCloseLedger:
    """``CloseLedger`` in a SQLite file. A method that writes returns when its write is on disk.

    With ``deletes``, conversations are to be deleted, so closed ones are not done yet. Each attempt is recorded
    for the run that is current when it is settled. Conversations that are imported get the account of ``scope``.
    ``service_sid`` is the service that is asked.
    """

    def __init__(
        self,
        writer: Writer,
        current_run: CurrentRun,
        scope: SqliteRowScope = ALL_ROWS,
        *,
        deletes: bool,
        service_sid: str = "",
    ) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope
        self._service_sid = service_sid or None
        self._step = "delete" if deletes else "close"
        self._done = f" {' '.join(sorted(FINAL_STATUSES[self._step]))} "

    async def import_conversations(self, conversation_sids: Iterable[str]) -> None:
        """Add conversations that another ledger's job created; the SIDs are consumed on the writer thread."""
        account = self._scope.account_sid
        await self._writer.call(lambda connection: _import_conversations(connection, conversation_sids, account))

    async def require_sids(self) -> None:
        """Raise ``LedgerError`` when a created row has no valid conversation SID."""
        await self._writer.call(lambda connection: require_sids(connection, self._scope))

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of conversations by close status; None stands for conversations believed open."""
        query = self._scope.query(_CLOSURES["counts"])
        return await self._writer.call(lambda connection: read_close_counts(connection, query))

    async def left(self, after: int, limit: int) -> Sequence[OpenConversation]:
        """Return the next conversations after row ID ``after`` that are not done yet, at most ``limit``."""
        asked, query = (after, self._done, limit), self._scope.query(_CLOSURES["left"])
        return await self._writer.call(
            lambda connection: [
                OpenConversation(*checked_row(shapes.OPEN_CONVERSATION, line))
                for line in connection.execute(query, asked).fetchall()
            ]
        )

    async def account_sids(self) -> Sequence[str]:
        """Return the SIDs of the accounts of a job for many, in the order in which they came."""
        return await self._writer.call(
            lambda connection: [
                checked_row(shapes.ACCOUNT_SID, line)[0]
                for line in connection.execute(_CLOSURES["accounts"]).fetchall()
            ]
        )

    async def duplicates(self) -> int:
        """Return the number of rows for which a look-up found more than one conversation."""
        return await self._number("duplicates")

    async def orphans(self) -> int:
        """Return the number of attempts that may have left a conversation without a customer."""
        return await self._number("orphans")

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run (counted from 1) to close or delete a conversation.

        The conversation keeps its status when Twilio did not process the request, or when the result stops the
        run (for example refused credentials).
        """
        attempt = close_attempt(row_id, self._current_run.id, self._step, number, result)
        is_news = result.status is not CloseStatus.NOT_PROCESSED and not result.stops_run
        settle = [(_CLOSURES["settle"], (row_id, result.status.value, self._service_sid))] if is_news else []
        await self._writer.write((_CLOSURES["add_attempt"], attempt), *settle)

    async def count_open(self) -> int:
        """Return the number of open conversations; see ``OpenConversationStore``."""
        return await self._number("count_open")

    async def open_conversations(
        self, after: int, limit: int, *, created_before: float
    ) -> Sequence[OpenConversation]:
        """Return the next open conversations after row ID ``after``; see ``OpenConversationStore``."""
        asked, query = (after, created_before, limit), self._scope.query(_CLOSURES["open"])
        return await self._writer.call(
            lambda connection: [
                OpenConversation(*checked_row(shapes.OPEN_CONVERSATION, line))
                for line in connection.execute(query, asked).fetchall()
            ]
        )

    async def note_closed(self, row_id: int, result: StateResult) -> None:
        """Record that a conversation was found closed or gone, and the request that told it."""
        status = CloseStatus(result.state.value)
        attempt = (row_id, self._current_run.id, "state_lookup", 1, status.value, *request_details(result))
        settle = _CLOSURES["settle"], (row_id, status.value, self._service_sid)
        await self._writer.write((_CLOSURES["add_attempt"], attempt), settle)

    async def settle_interaction(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record an attempt to close the interaction's channel of a conversation; see ``CloseLedger``."""
        attempt = close_attempt(row_id, self._current_run.id, "interaction", number, result)
        is_news = result.status in _NOT_DONE and not result.stops_run
        settle = [(_CLOSURES["settle"], (row_id, result.status.value, self._service_sid))] if is_news else []
        await self._writer.write((_CLOSURES["add_attempt"], attempt), *settle)

    @property
    def guests(self) -> SqliteGuestLedger:
        """The guests of the conversations that are done."""
        return SqliteGuestLedger(
            self._writer, self._current_run, self._scope, done=self._done, service_sid=self._service_sid
        )

    async def sample_conversations(self, limit: int) -> Sequence[str]:
        """Return the SIDs of up to ``limit`` conversations that may still exist; see ``CloseLedger``."""
        query = self._scope.query(_CLOSURES["sample"])
        return await self._writer.call(
            lambda connection: [
                checked_row(shapes.SID, line)[0] for line in connection.execute(query, (limit,)).fetchall()
            ]
        )

    async def has_deleted(self) -> bool:
        """Return whether a conversation of this service is recorded as deleted."""
        return bool(await self._number("has_deleted", self._service_sid))

    async def _number(self, name: str, *values: object) -> int:
        query = self._scope.query(_CLOSURES[name])
        return await self._writer.call(lambda connection: int(connection.execute(query, values).fetchone()[0]))


_NOT_DONE = {CloseStatus.REFUSED, CloseStatus.MAYBE}


def _import_conversations(
    connection: sqlite3.Connection, conversation_sids: Iterable[str], account_sid: str | None
) -> None:
    now = time.time()
    with transaction(connection):
        if account_sid is not None:
            connection.execute(_CLOSURES["adopt_account"], (account_sid,))
        for sid in conversation_sids:
            if connection.execute(_CLOSURES["adopt_row"], (sid, account_sid)).rowcount:
                connection.execute(_CLOSURES["adopt_attempt"], (sid, now))
                connection.execute(_CLOSURES["settle_adopted"], (sid,))
