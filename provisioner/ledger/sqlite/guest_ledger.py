"""Part of the SQLite ledger that records which guests of closed conversations were deleted."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.ledger import shapes
from provisioner.ledger.close_attempts import close_attempt
from provisioner.ledger.shapes import checked_row
from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.current_run import CurrentRun
from provisioner.ledger.sqlite.row_scope import ALL_ROWS, SqliteRowScope
from provisioner.ledger.sqlite.writer import Writer
from provisioner.models.closing import FINAL_STATUSES, CloseResult, CloseStatus, Guest

_CLOSURES = queries.load_queries("closures")
_STEP = "delete_user"
_DELETED = f" {' '.join(sorted(FINAL_STATUSES[_STEP]))} "


class SqliteGuestLedger:
    """``GuestLedger`` in a SQLite file. A method that writes returns when its write is on disk.

    ``done`` lists the statuses of conversations that are done, as one text separated by spaces. ``service_sid`` is
    the service that is asked, None for the account's default one.
    """

    def __init__(
        self,
        writer: Writer,
        current_run: CurrentRun,
        scope: SqliteRowScope = ALL_ROWS,
        *,
        done: str,
        service_sid: str | None,
    ) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope
        self._done, self._service_sid = done, service_sid

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of guests of all conversations by status; see ``GuestLedger``."""
        query = self._scope.query(_CLOSURES["guest_counts"])
        return await self._writer.call(lambda connection: read_close_counts(connection, query))

    async def left(self, after: int, limit: int) -> Sequence[Guest]:
        """Return the next guests after row ID ``after`` that are not deleted, at most ``limit``."""
        asked, query = (after, self._done, _DELETED, limit), self._scope.query(_CLOSURES["guests_left"])
        return await self._writer.call(
            lambda connection: [_guest(line) for line in connection.execute(query, asked).fetchall()]
        )

    async def begin(self, row_id: int) -> None:
        """Record the intent to delete this guest."""
        await self._writer.write((_CLOSURES["begin_guest"], (row_id,)), is_intent=True)

    async def release(self, row_id: int) -> None:
        """Cancel the intent, because no request was sent."""
        await self._writer.write((_CLOSURES["release_guest"], (row_id,)))

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run to delete a guest, or why it is kept."""
        attempt = close_attempt(row_id, self._current_run.id, _STEP, number, result)
        is_news = result.status is not CloseStatus.NOT_PROCESSED and not result.stops_run
        settle = (
            (_CLOSURES["settle_guest"], (row_id, result.status.value, self._service_sid))
            if is_news
            else (_CLOSURES["end_guest"], (row_id,))
        )
        await self._writer.write((_CLOSURES["add_attempt"], attempt), settle)


def read_close_counts(connection: sqlite3.Connection, query: str) -> Mapping[CloseStatus | None, int]:
    """Return the numbers by close status that a query counts. Raise ``OddLine`` for a damaged ledger."""
    lines = connection.execute(query).fetchall()
    return Counter(dict(checked_row(shapes.CLOSURE_COUNT, line) for line in lines))


def _guest(line: Sequence[Any]) -> Guest:
    row_id, sid, key, identity, asked_identity, is_rebuilt = checked_row(shapes.GUEST, line)
    return Guest(row_id, sid, key, identity, asked_identity, bool(is_rebuilt))
