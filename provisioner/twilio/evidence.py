"""Whether a request left this machine: seen where it happens, never guessed from an exception.

aiohttp hands a request its connection in ``ClientRequest.send``, before a byte of it is written. That is where
the request waits at the gate, so that the pace is taken last. It is also the only place that sees the
connection itself: one that was closed, or already talks, while its request waited would otherwise turn a
request that never left into a doubtful one.
"""

import asyncio
import time
from contextvars import ContextVar

import aiohttp
from aiohttp.connector import Connection

from provisioner.ports import Gate

LONGEST_STAND_S = 10.0
"""How long a connection may stand idle at the gate: longer, and something on the way may have dropped it."""


class ConnectionGone(Exception):  # noqa: N818 - it reports a state of the connection
    """The connection did not outlast the wait at the gate; nothing was sent."""


class Evidence:
    """What is known of one request, whatever becomes of it.

    ``due`` and ``sent`` are Unix seconds, None until the gate opened and until the request was handed to its
    connection. ``deadline`` surrounds the request and starts to run when it is sent.
    """

    __slots__ = ("_gate", "_sent_at", "_timeout_s", "deadline", "due", "sent")

    def __init__(self, gate: Gate, timeout_s: float) -> None:
        self.due: float | None = None
        self.sent: float | None = None
        self.deadline = asyncio.timeout(None)
        self._gate = gate
        self._timeout_s = timeout_s
        self._sent_at = 0.0

    async def pass_gate(self, connection: Connection) -> None:
        """Wait until the request may leave; raise ``ConnectionGone`` when its connection no longer serves."""
        arrived = time.monotonic()
        self.due = await self._gate.wait()
        now = time.monotonic()
        if now - arrived > LONGEST_STAND_S or not _is_fresh(connection):
            raise ConnectionGone
        self.sent = time.time()
        self._sent_at = now
        self.deadline.reschedule(asyncio.get_running_loop().time() + self._timeout_s)

    def ended(self) -> float:
        """Return the end of the request, now, in Unix seconds; its distance from ``sent`` heeds no set clock."""
        return time.time() if self.sent is None else self.sent + (time.monotonic() - self._sent_at)


# Looked up once, here: an aiohttp that hands over in another way must fail before it sends anything.
_hand_over = aiohttp.ClientRequest.send


class GatedRequest(aiohttp.ClientRequest):
    """A request that waits at its gate once its connection stands."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Pass the gate of the current task's request, then write the request."""
        await current_evidence.get().pass_gate(conn)
        return await _hand_over(self, conn)


current_evidence: ContextVar[Evidence] = ContextVar("current_evidence")
"""The evidence of the request the current task is making: aiohttp has no other way to hand it through."""


def _is_fresh(connection: Connection) -> bool:
    """Say whether the connection still stands and the server has not spoken before it was asked."""
    protocol = connection.protocol
    return protocol is not None and protocol.is_connected() and not protocol.should_close
