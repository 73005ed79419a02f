"""Execution of queries at a server that may be away for a while."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from provisioner.errors import ProvisionerError, UnreachableError
from provisioner.ledger.postgres.errors import gone, is_away, translated
from provisioner.ledger.postgres.session import Session
from provisioner.system.event_log import event_logger

T = TypeVar("T")
Query = Callable[[asyncpg.Connection], Awaitable[T]]
ANSWER_S = 30.0
"""Seconds for a new connection, or for the answer to a commit; then the connection counts as lost."""
_LAST_WAIT_S = 30.0
"""Most seconds to wait for a server once the ledger is closed."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0


class PersistentServer:
    """Executor of queries that opens another connection when one is lost.

    While the server is away, it tries again for up to ``give_up_s`` seconds. After that, ``has_given_up`` is True,
    and every further query is tried once.
    """

    def __init__(self, session: Session, *, give_up_s: float) -> None:
        self._session, self._give_up_s = session, give_up_s
        self.has_given_up = False
        self._end: ProvisionerError | None = None
        self._back_at = -math.inf

    async def execute(self, query: Query[T], *, limit_s: float | None = ANSWER_S) -> T:
        """Call ``query`` with the connection, and again with another one when it is lost; return the result.

        It counts as lost after ``limit_s`` seconds without an answer. With None, the query takes as long as it
        takes and is called once. Raise ``UnreachableError`` when the server is away for too long, and the errors
        of ``translated``.
        """
        self._raise_end(None)
        away_since: float | None = None
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                with translated(self._session.address):
                    result = await self._executed(query, limit_s)
            except Exception as error:
                if not is_away(error):
                    raise
                self._session.lose()
                self._raise_end(error)
                away_since = away_since or self._noted_away()
                if limit_s is None or self._is_for_too_long(away_since):
                    raise self.gone() from error
            else:
                if away_since is not None:
                    self._back_at = asyncio.get_running_loop().time()
                    event_logger().info("ledger.back", ledger=self._session.address.shown)
                return result
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @property
    def steady_s(self) -> float:
        """Seconds since the server was back; infinity when it was never away."""
        return asyncio.get_running_loop().time() - self._back_at

    def stop(self, error: ProvisionerError) -> None:
        """Drop the connection and use none again: queries, also the one that is under way, raise ``error``."""
        self._end, self.has_given_up = error, True
        self._session.lose()

    def wait_no_longer(self) -> None:
        """Wait for the server for 30 seconds at most from now on."""
        self._give_up_s = min(self._give_up_s, _LAST_WAIT_S)

    def gone(self) -> UnreachableError:
        """Give up, and return the error that says so."""
        self.has_given_up = True
        return gone(self._session.address)

    def _raise_end(self, cause: Exception | None) -> None:
        if self._end is not None:
            raise self._end from cause

    async def _executed(self, query: Query[T], limit_s: float | None) -> T:
        async with asyncio.timeout(ANSWER_S):
            connection = await self._session.connection()
        async with asyncio.timeout(limit_s):
            return await query(connection)

    def _noted_away(self) -> float:
        event_logger().warning("ledger.away", ledger=self._session.address.shown)
        return asyncio.get_running_loop().time()

    def _is_for_too_long(self, since: float) -> bool:
        return self.has_given_up or asyncio.get_running_loop().time() - since >= self._give_up_s
