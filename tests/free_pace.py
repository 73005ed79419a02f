"""A ``ports.RateLimiter`` without waits, unless a test holds it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from provisioner.models import ConnectFailure, ForeignReply
from provisioner.ports.sending import GateClosed, Turn


@dataclass
class FreePace:
    """Rate limiter that admits every request at once, records its calls, and admits none after ``close``.

    While ``is_held`` is True, requests wait; ``close`` ends their wait with ``GateClosed``. A failed connection
    counts as an attempt, unless ``waits`` says after how many seconds it is repeated.
    """

    is_held: bool = False
    turns: int = 0
    passed: int = 0
    accepted: int = 0
    reached: int = 0
    waits: list[float] = field(default_factory=list)
    retry_afters: list[float | None] = field(default_factory=list)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def reserve(self, *, again: bool = False) -> AsyncIterator[Turn]:
        """Count one start and yield this object as its gate."""
        self.turns += 1
        yield self

    async def wait(self) -> float:
        """Return the current time; raise ``GateClosed`` after ``close``."""
        if self.is_held:
            await self._closed.wait()
        if self._closed.is_set():
            raise GateClosed
        self.passed += 1
        return time.time()

    def on_reached(self) -> None:
        """Count an answer."""
        self.reached += 1

    def on_foreign(self, _reply: ForeignReply) -> None:
        """Do nothing: no host is watched."""

    def on_unreachable(self, _failure: ConnectFailure) -> float | None:
        """Let it be made again as long as there are waits."""
        return self.waits.pop(0) if self.waits else None

    async def vacancy(self) -> None:
        """Return at once: no request waits."""

    def on_throttled(self, retry_after_s: float | None = None, *, age_s: float = 0.0) -> float:
        """Record a 429, without a pause."""
        self.retry_afters.append(retry_after_s)
        return 1.0

    def on_success(self) -> None:
        """Count an answer that was no 429."""
        self.accepted += 1

    def close(self) -> None:
        """Admit no more requests."""
        self._closed.set()
