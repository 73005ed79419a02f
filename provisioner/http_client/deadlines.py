"""When requests are given up: one timer for all that are under way."""

import asyncio
from typing import Protocol


class SupportsTimeout(Protocol):
    """What can be given up."""

    def time_out(self) -> None:
        """Let whoever waits for it fail with ``TimeoutError``."""
        ...


class Deadlines:
    """Gives up what takes longer than ``timeout_s``; what was watched first is over first."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._watched: dict[SupportsTimeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, request: SupportsTimeout) -> None:
        """Give it the time from now on."""
        self._watched[request] = self._loop.time() + self._timeout_s
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout_s, self._ring)

    def forget(self, request: SupportsTimeout) -> None:
        """Let it be: it has come to its end."""
        self._watched.pop(request, None)

    def close(self) -> None:
        """Watch nothing any more."""
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        now, self._timer = self._loop.time(), None
        for request, until in list(self._watched.items()):
            if until > now:
                self._timer = self._loop.call_at(until, self._ring)
                return
            del self._watched[request]
            request.time_out()
