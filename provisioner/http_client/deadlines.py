"""Time-outs of requests: one event-loop timer for all requests in flight."""

import asyncio
from typing import Protocol

CONNECT_TIMEOUT_S = 10.0
"""Maximum seconds to connect: name resolution, TCP, proxy and TLS together."""


class SupportsTimeout(Protocol):
    """A request that can be timed out."""

    def time_out(self) -> None:
        """Make the coroutine that waits for this request raise ``TimeoutError``."""
        ...


class Deadlines:
    """Time limit of ``timeout_s`` seconds for each watched request.

    All requests have the same limit, so they expire in the order in which they were added. Must be created inside
    a running event loop.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._watched: dict[SupportsTimeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, request: SupportsTimeout) -> None:
        """Start the time limit of ``request``: it is timed out after ``timeout_s`` seconds unless forgotten."""
        self._watched[request] = self._loop.time() + self._timeout_s
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout_s, self._ring)

    def forget(self, request: SupportsTimeout) -> None:
        """Stop the time limit of ``request``, which has ended; do nothing when it is not watched."""
        self._watched.pop(request, None)

    def close(self) -> None:
        """Cancel the timer and forget all requests without timing them out."""
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
