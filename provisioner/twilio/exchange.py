"""One request over one connection, and what is known of it, whatever becomes of it.

aiohttp keeps the connections and reads the replies; the request is written here, as one piece and after it has
passed its gate, so that whether it left is known and not guessed from an exception. This is also the only place
that sees the connection itself: one that was closed, or already talks, while its request waited would otherwise
turn a request that never left into a doubtful one. aiohttp's own session would do the same work twice over: it
took half of the processor time of a run.
"""

import asyncio
import time
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from provisioner.ports import Gate

LONGEST_STAND_S = 10.0
"""How long a connection may stand idle at the gate: longer, and something on the way may have dropped it."""
LARGEST_REPLY = 1 << 20


class ConnectionGone(Exception):  # noqa: N818 - it reports a state of the connection
    """The connection did not outlast the wait at the gate; nothing was sent."""


class Exchange:
    """A request and its reply.

    ``due`` and ``sent`` are Unix seconds, None until the gate opened and until the request was handed to its
    connection. ``head`` is None until the reply began; ``parts`` are what arrived of its body, up to
    ``LARGEST_REPLY`` bytes, and outlive a failure.
    """

    __slots__ = ("_content", "_sent_at", "due", "head", "parts", "sent")

    def __init__(self) -> None:
        self.due: float | None = None
        self.sent: float | None = None
        self.head: RawResponseMessage | None = None
        self.parts: list[bytes] = []
        self._content: StreamReader | None = None
        self._sent_at = 0.0

    async def carry(self, connection: Connection, request: bytes, gate: Gate, *, timeout_s: float) -> None:
        """Wait at the gate, write the request, and read its reply, at most ``timeout_s`` after writing.

        The connection goes back to its pool when the reply was read to its end, and is closed otherwise. Raise
        what the gate raises, ``ConnectionGone``, ``TimeoutError``, and whatever aiohttp makes of a broken reply.
        """
        try:
            await self._pass_gate(connection, gate)
            is_whole = await self._talk(connection, request, timeout_s)
        except BaseException:
            connection.close()
            raise
        if is_whole:
            connection.release()
        else:
            connection.close()

    async def _pass_gate(self, connection: Connection, gate: Gate) -> None:
        arrived = time.monotonic()
        self.due = await gate.wait()
        if time.monotonic() - arrived > LONGEST_STAND_S or not _is_fresh(connection):
            raise ConnectionGone

    async def _talk(self, connection: Connection, request: bytes, timeout_s: float) -> bool:
        """Write and read; return whether the reply came to its end."""
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise ConnectionGone
        protocol.set_response_params(read_until_eof=True)
        alarm = asyncio.get_running_loop().call_later(timeout_s, self._give_up, protocol)
        try:
            self.sent, self._sent_at = time.time(), time.monotonic()
            transport.write(request)
            head, content = await protocol.read()
            while head.code < HTTPStatus.OK:  # it is still thinking
                head, content = await protocol.read()
            self.head, self._content = head, content
            return await self._read(content)
        finally:
            alarm.cancel()

    async def _read(self, content: StreamReader) -> bool:
        size = 0
        while not content.at_eof():
            if size >= LARGEST_REPLY:
                return False
            self.parts.append(await content.readany())
            size += len(self.parts[-1])
        return True

    def _give_up(self, protocol: ResponseHandler) -> None:
        """Wake whoever waits for the reply, for its head or for more of its body."""
        protocol.set_exception(TimeoutError())
        if self._content is not None:
            self._content.set_exception(TimeoutError())

    def ended(self) -> float:
        """Return the end of the request, now, in Unix seconds; its distance from ``sent`` heeds no set clock."""
        return time.time() if self.sent is None else self.sent + (time.monotonic() - self._sent_at)


def _is_fresh(connection: Connection) -> bool:
    """Say whether the connection still stands and the server has not spoken before it was asked."""
    protocol = connection.protocol
    return protocol is not None and protocol.is_connected() and not protocol.should_close
