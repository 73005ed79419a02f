"""Prefetching: the next rows are claimed and rebuilt while earlier rows are in flight."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from provisioner.ledger import RowStore
from provisioner.models import Row
from provisioner.ports.sending import RateLimiter, RowLoader

CLAIMS = 512
"""Rows claimed at a time. Claims are small, and each call waits for the ledger's earlier writes."""
BATCH = 64
"""Rows rebuilt at a time; more would block the event loop for longer. The next batch is rebuilt when fewer than
this many are waiting."""


class RowPrefetcher:
    """Background task that claims and rebuilds rows, in the order of the ledger, while the context is open.

    Leave the context before closing the ledger. After a failure there are no more rows, and ``failure`` is the
    exception. While ``ahead`` rows wait, no more are rebuilt; with fewer than ``BATCH``, none is claimed either:
    they are left to others.
    """

    def __init__(self, ledger: RowStore, row_loader: RowLoader, *, ahead: int = BATCH) -> None:
        self._ledger, self._row_loader = ledger, row_loader
        self._ahead = min(ahead, BATCH)
        self._rows: deque[Row] = deque()
        self._refill_wanted, self._rows_arrived = asyncio.Event(), asyncio.Event()
        self._filling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._refill_wanted.set()
        self._filling = asyncio.create_task(self._fill())
        self._filling.add_done_callback(lambda _: self._rows_arrived.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)

    @property
    def failure(self) -> BaseException | None:
        """Exception that ended claiming or rebuilding, None when there was none."""
        return self._filling.exception() if self._filling is not None and self._filling.done() else None

    async def next_row(self) -> Row | None:
        """Return the next row, waiting for it when necessary; None after the last row and after a failure."""
        while not self._rows:
            if self._filling is None or self._filling.done():
                return None
            self._rows_arrived.clear()
            await self._rows_arrived.wait()
        row = self._rows.popleft()
        if len(self._rows) < self._ahead:
            self._refill_wanted.set()
        return row

    async def _fill(self) -> None:
        ahead = self._ahead
        while claims := await self._ledger.claim(CLAIMS):
            for start in range(0, len(claims), ahead):
                await self._refill_wanted.wait()
                self._rows.extend(await self._row_loader.rows(claims[start : start + ahead]))
                if len(self._rows) >= ahead:
                    self._refill_wanted.clear()
                self._rows_arrived.set()
            if ahead < BATCH:
                await self._refill_wanted.wait()


class UnhurriedTaker:
    """Taker of rows for workers that leave others what they cannot send yet.

    It takes a row only when no request of ``pace`` waits to come near its start. So a worker has hardly more rows
    than those that it sends, however many requests may be in flight.
    """

    def __init__(self, prefetcher: RowPrefetcher, pace: RateLimiter) -> None:
        self._prefetcher, self._pace = prefetcher, pace
        self._turn = asyncio.Lock()

    async def next_row(self) -> Row | None:
        """Return the next row when it can be sent soon; None after the last row and after a failure."""
        async with self._turn:
            await self._pace.vacancy()
            return await self._prefetcher.next_row()
