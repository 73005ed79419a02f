"""The rows that are sent next, claimed and rebuilt while those before them fly."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Self

from provisioner.ledger import RowStore
from provisioner.models import Row
from provisioner.ports.sending import RowLoader

CLAIMS = 512
"""Rows claimed at a time: they are numbers and digests, and asking for them waits behind every outcome."""
BATCH = 64
"""Rows rebuilt at a time; more would hold the loop up for longer. As many may wait before another batch comes."""


class RowPrefetcher:
    """Hands rows out one by one, in the order of the ledger; leave the context before closing the ledger.

    Where claiming or rebuilding fails there are no more rows, and ``failure`` says why.
    """

    def __init__(self, ledger: RowStore, row_loader: RowLoader) -> None:
        self._ledger, self._row_loader = ledger, row_loader
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
        """Why there are no more rows, None while there may be and when all are out."""
        return self._filling.exception() if self._filling is not None and self._filling.done() else None

    async def next_row(self) -> Row | None:
        """Return the next row, None when all are out."""
        while not self._rows:
            if self._filling is None or self._filling.done():
                return None
            self._rows_arrived.clear()
            await self._rows_arrived.wait()
        row = self._rows.popleft()
        if len(self._rows) < BATCH:
            self._refill_wanted.set()
        return row

    async def _fill(self) -> None:
        while claims := await self._ledger.claim(CLAIMS):
            for start in range(0, len(claims), BATCH):
                await self._refill_wanted.wait()
                self._rows.extend(await self._row_loader.rows(claims[start : start + BATCH]))
                if len(self._rows) >= BATCH:
                    self._refill_wanted.clear()
                self._rows_arrived.set()
