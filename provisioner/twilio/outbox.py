"""Requests on their way out: all that are ready in one round of the event loop leave together."""

import asyncio
from contextlib import suppress


class Outbox:
    """Writes requests one after the other when the round is over.

    Written one by one, between the work that each takes, each would wake the other side anew.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[asyncio.WriteTransport, bytes]] = []

    def put(self, transport: asyncio.WriteTransport, request: bytes) -> None:
        """Let a request leave."""
        if not self._waiting:
            self._loop.call_soon(self._empty)
        self._waiting.append((transport, request))

    def _empty(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport, request in waiting:
            with suppress(RuntimeError):  # it was closed meanwhile: whoever waits for the reply hears of that
                transport.write(request)
