"""A ``ports.RateLimiter`` that makes nobody wait, unless a test holds it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from provisioner.ports.sending import Gate, GateClosed


@dataclass
class FreePace:
    """Lets everyone through at once, notes what it is told, and lets no one through once it is closed.

    While ``is_held`` nobody passes; ``close`` lets those go who wait.
    """

    is_held: bool = False
    turns: int = 0
    passed: int = 0
    accepted: int = 0
    retry_afters: list[float | None] = field(default_factory=list)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def reserve(self, *, again: bool = False) -> AsyncIterator[Gate]:
        """Count a turn and give this as its gate."""
        self.turns += 1
        yield self

    async def wait(self) -> float:
        """Return now; raise ``GateClosed`` once it is closed."""
        if self.is_held:
            await self._closed.wait()
        if self._closed.is_set():
            raise GateClosed
        self.passed += 1
        return time.time()

    def on_throttled(self, retry_after_s: float | None = None) -> float:
        """Note a 429; nobody pauses."""
        self.retry_afters.append(retry_after_s)
        return 1.0

    def on_success(self) -> None:
        """Count an answer that was no 429."""
        self.accepted += 1

    def close(self) -> None:
        """Let nothing start any more."""
        self._closed.set()
