"""Batching of writes: all requests that become ready in one iteration of the event loop are written together."""

import asyncio
from collections.abc import Callable


class WriteBatcher:
    """Writes the requests of one event-loop iteration one after the other at its end.

    If each were written as soon as it is ready, the server process would be woken up once for each request.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Callable[[], None]] = []

    def put(self, leave: Callable[[], None]) -> None:
        """Call ``leave``, which writes one request, in the next event-loop iteration."""
        if not self._waiting:
            self._loop.call_soon(self._empty)
        self._waiting.append(leave)

    def _empty(self) -> None:
        waiting, self._waiting = self._waiting, []
        for leave in waiting:
            _call(leave)


def _call(leave: Callable[[], None]) -> None:
    try:  # noqa: SIM105 - suppress() takes longer than most of what it would hold
        leave()
    except RuntimeError:  # the connection is closed: whoever waits for the reply hears of it
        pass
