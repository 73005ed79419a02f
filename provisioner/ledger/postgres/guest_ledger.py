"""Part of the PostgreSQL ledger that records which guests of closed conversations were deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence

from provisioner.ledger.close_attempts import close_attempt
from provisioner.ledger.postgres.current_run import PostgresRun
from provisioner.ledger.postgres.row_scope import ALL_ROWS, PostgresRowScope
from provisioner.ledger.postgres.writer import CommitQueue
from provisioner.ledger.sql_files import read_statements
from provisioner.models.closing import FINAL_STATUSES, CloseResult, CloseStatus, Guest

_CLOSURES = read_statements(__package__, "closures")
_STEP = "delete_user"
_GUEST_DONE = sorted(status.value for status in FINAL_STATUSES[_STEP])


class PostgresGuestLedger:
    """``GuestLedger`` in a PostgreSQL schema. A method that writes returns when its write is durable.

    ``done`` lists the statuses of conversations that are done. ``service_sid`` is the service that is asked.
    """

    def __init__(
        self,
        writer: CommitQueue,
        current_run: PostgresRun,
        scope: PostgresRowScope = ALL_ROWS,
        *,
        done: Sequence[str],
        service_sid: str | None,
    ) -> None:
        self._writer, self._current_run, self._scope = writer, current_run, scope
        self._done, self._service_sid = list(done), service_sid

    async def counts(self) -> Mapping[CloseStatus | None, int]:
        """Return the number of guests of all conversations by status; None stands for those not handled yet."""
        asked = self._scope.ask(_CLOSURES["guest_counts"])
        lines = await self._writer.call(lambda connection: connection.fetch(*asked))
        return Counter({None if state is None else CloseStatus(state): number for state, number in lines})

    async def left(self, after: int, limit: int) -> Sequence[Guest]:
        """Return the next guests after row ID ``after`` that are not deleted, at most ``limit``."""
        asked = self._scope.ask(_CLOSURES["guests_left"], after, self._done, _GUEST_DONE, limit)
        lines = await self._writer.call(lambda connection: connection.fetch(*asked))
        return [Guest(*line) for line in lines]

    async def begin(self, row_id: int) -> None:
        """Record the intent: from now on, a request that deletes this guest may be in flight."""
        await self._writer.transact((_CLOSURES["begin_guest"], (row_id,)), is_intent=True)

    async def release(self, row_id: int) -> None:
        """Cancel the intent, because no request was sent."""
        await self._writer.transact((_CLOSURES["release_guest"], (row_id,)))

    async def settle(self, row_id: int, result: CloseResult, *, number: int) -> None:
        """Record the ``number``-th attempt of this run to delete a guest, or why it is kept."""
        attempt = close_attempt(row_id, self._current_run.id, _STEP, number, result)
        is_news = result.status is not CloseStatus.NOT_PROCESSED and not result.stops_run
        settle = (
            (_CLOSURES["settle_guest"], (row_id, result.status.value, self._service_sid))
            if is_news
            else (_CLOSURES["end_guest"], (row_id,))
        )
        await self._writer.transact((_CLOSURES["add_attempt"], attempt), settle)
