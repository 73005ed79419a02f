"""The rows that are sent next: a batch is claimed and rebuilt while the one before it flies."""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from provisioner.models import Row
from provisioner.ports import Feed, Ledger

BATCH = 64
"""Rows claimed and rebuilt at a time; more would hold the loop up for longer."""


class Supply:
    """Hands rows out one by one, in the order of the ledger; to be left before the ledger is closed.

    No more than two batches are in memory.
    """

    def __init__(self, ledger: Ledger, feed: Feed) -> None:
        self._ledger, self._feed = ledger, feed
        self._rows: deque[Row] = deque()
        self._fetching: asyncio.Task[Sequence[Row]] | None = None
        self._is_out = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def next_row(self) -> Row | None:
        """Return the next row, None when all are out; raise what claiming and rebuilding raise."""
        while not self._rows and not self._is_out:
            await self._await_more()
        return self._rows.popleft() if self._rows else None

    def _fetch(self) -> asyncio.Task[Sequence[Row]]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._next_batch())
        return self._fetching

    async def _next_batch(self) -> Sequence[Row]:
        claims = await self._ledger.claim(BATCH)
        return await self._feed.rows(claims) if claims else ()

    async def _await_more(self) -> None:
        """Wait for the next batch; whoever is woken first takes it in, and whoever gives up leaves it coming."""
        fetching = self._fetch()
        await asyncio.wait([fetching])
        if self._fetching is fetching:
            self._fetching = None
            self._is_out = True  # unless rows came
            rows = fetching.result()
            self._rows.extend(rows)
            self._is_out = not rows
            if rows:
                self._fetch()
