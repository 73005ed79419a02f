"""One request over one connection, and what is known of it, whatever becomes of it.

aiohttp opens connections and reads replies; the request is written here, as one piece and after it has
passed its gate, so that whether it left is known and not guessed from an exception. This is also the only place
that sees the connection itself: one that was closed, or already talks, while its request waited would otherwise
turn a request that never left into a doubtful one. aiohttp's own session would do the same work twice over: it
took half of the processor time of a run.
"""

import time
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from provisioner.ports.sending import Gate

from .deadlines import Deadlines
from .pool import is_reusable
from .write_batcher import WriteBatcher

LONGEST_STAND_S = 10.0
"""How long a connection may stand idle at the gate: longer, and something on the way may have dropped it."""
LARGEST_REPLY = 1 << 20
LARGEST_ONE_OF_MANY = 1 << 14
"""The largest request, in bytes, after which its connection serves again.

A server may answer before it has read everything, and what the socket has not taken cannot be seen through TLS.
"""
MOST_INTERIM = 10
"""Interim replies (1xx) to one request, after which no final one is expected; servers send one or two."""


class ConnectionLostBeforeSend(Exception):  # noqa: N818 - it reports a state of the connection
    """The connection did not outlast the wait at the gate; nothing was sent."""


class NoFinalReply(Exception):  # noqa: N818 - it reports what the server does
    """The server sends interim replies (1xx) without an end."""


class Exchange:
    """A request and its reply.

    ``due`` and ``sent`` are Unix seconds, None until the gate opened and until the request was handed to its
    connection. ``head`` is None until the reply began; ``body`` is what arrived of it, and outlives a failure.
    """

    __slots__ = ("_content", "_is_over", "_protocol", "_sent_at", "body", "due", "head", "sent")

    def __init__(self) -> None:
        self.due: float | None = None
        self.sent: float | None = None
        self.head: RawResponseMessage | None = None
        self.body = b""
        self._protocol: ResponseHandler | None = None
        self._content: StreamReader | None = None
        self._is_over = False
        self._sent_at = 0.0

    async def send(
        self, connection: Connection, request: bytes, gate: Gate, write_batcher: WriteBatcher, deadlines: Deadlines
    ) -> bool:
        """Wait at the gate, let the request leave, and read its reply, until it is given up.

        Return whether the connection may serve again: the reply was read to its end, and the request was no larger
        than ``LARGEST_ONE_OF_MANY``. At ``LARGEST_REPLY`` bytes enough is read. Raise what the gate raises,
        ``ConnectionLostBeforeSend``, ``NoFinalReply``, ``TimeoutError``, and whatever aiohttp makes of a broken
        reply.
        """
        arrived = time.monotonic()
        self.due = await gate.wait()
        if time.monotonic() - arrived > LONGEST_STAND_S:
            raise ConnectionLostBeforeSend
        deadlines.watch(self)
        try:
            return await self._talk(connection, request, write_batcher)
        finally:
            deadlines.forget(self)

    async def _talk(self, connection: Connection, request: bytes, write_batcher: WriteBatcher) -> bool:
        protocol = connection.protocol
        if protocol is None:
            raise ConnectionLostBeforeSend
        self._protocol = protocol
        write_batcher.put(lambda: self._leave(protocol, request))
        head, content = await protocol.read()
        if self.sent is None:  # the server talks unasked
            raise ConnectionLostBeforeSend
        interim = 0
        while head.code < HTTPStatus.OK and head.code != HTTPStatus.SWITCHING_PROTOCOLS:  # it is still thinking
            interim += 1
            if interim > MOST_INTERIM:
                raise NoFinalReply
            head, content = await protocol.read()
        self.head, self._content = head, content
        if self._is_over and not content.is_eof():  # the head came in the round in which it was given up
            raise TimeoutError
        return await self._read(content) and len(request) <= LARGEST_ONE_OF_MANY

    def _leave(self, protocol: ResponseHandler, request: bytes) -> None:
        """Hand the request to its connection, unless that has gone while this and other requests got ready."""
        transport = protocol.transport
        if transport is None or not is_reusable(protocol):
            self.time_out()
            return
        protocol.set_response_params(read_until_eof=True)
        self.sent, self._sent_at = time.time(), time.monotonic()
        transport.write(request)

    async def _read(self, content: StreamReader) -> bool:
        parts: list[bytes] = []
        size = 0
        try:
            while not content.at_eof():
                if size >= LARGEST_REPLY:
                    return False
                parts.append(await content.readany())
                size += len(parts[-1])
        finally:
            self.body = b"".join(parts)
        return True

    def time_out(self) -> None:
        """Wake whoever waits for the reply, for its head or for more of its body."""
        self._is_over = True
        if self._protocol is not None:
            self._protocol.set_exception(TimeoutError())
        if self._content is not None:
            self._content.set_exception(TimeoutError())

    def ended(self) -> float:
        """Return the end of the request, now, in Unix seconds; its distance from ``sent`` heeds no set clock."""
        return time.time() if self.sent is None else self.sent + (time.monotonic() - self._sent_at)
