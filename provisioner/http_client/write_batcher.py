"""Requests on their way out: all that are ready in one round of the event loop leave together."""

import asyncio
from collections.abc import Callable
from contextlib import suppress


class WriteBatcher:
    """Lets requests leave one after the other when the round is over.

    Written one by one, between the work that each takes, each would wake the other side anew.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Callable[[], None]] = []

    def put(self, leave: Callable[[], None]) -> None:
        """Call ``leave``, which writes a request, when the round is over."""
        if not self._waiting:
            self._loop.call_soon(self._empty)
        self._waiting.append(leave)

    def _empty(self) -> None:
        waiting, self._waiting = self._waiting, []
        for leave in waiting:
            with suppress(RuntimeError):  # the connection is closed: whoever waits for the reply hears of that
                leave()
