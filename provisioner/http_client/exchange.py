"""One request over one connection, and its reply or its failure.

aiohttp opens the connections and parses the replies. The request is written here in one piece, after it has passed
its gate, so that the time of sending is known and need not be guessed from an exception. The connection is checked
immediately before the write: if it was closed, or the server has already written to it, nothing is sent and the
request counts as not sent instead of ambiguous. aiohttp's own session is not used: it took half of the processor
time of a run.
"""

import time
from http import HTTPStatus

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from provisioner.ports.sending import Gate, SendPermit

from .deadlines import Deadlines
from .pool import is_reusable
from .write_batcher import WriteBatcher

MAX_GATE_WAIT_S = 10.0
"""Maximum seconds for which a connection may wait idle at the gate.

After a longer wait a proxy or a firewall may have dropped it, so it is not used.
"""
MAX_REPLY_BYTES = 1 << 20
"""Bytes of a reply's body after which reading stops; the rest is discarded with the connection."""
MAX_REUSE_REQUEST_BYTES = 1 << 14
"""Maximum bytes of a request after which its connection is reused.

A server may answer before it has read the whole request, and over TLS one cannot see how much is still unsent.
"""
MAX_INTERIM_REPLIES = 10
"""Maximum interim replies (HTTP 1xx) to one request before it counts as failed; servers send one or two."""


class ConnectionLostBeforeSend(Exception):  # noqa: N818 - it reports a state of the connection
    """Raised when the connection became unusable while its request waited at the gate; nothing was sent."""


class TooManyInterimReplies(Exception):  # noqa: N818 - it reports what the server does
    """Raised when the server sends more than ``MAX_INTERIM_REPLIES`` interim replies (1xx) to one request."""


class Exchange:
    """State of one request and its reply; readable also after ``send`` has raised.

    ``due`` (when the gate says the request should start) and ``sent`` (when it was written to its connection) are
    Unix times in seconds, None until then. ``head`` holds the status and headers of the final reply, None until
    they have arrived. ``body`` holds the bytes of the body that have arrived, also when the reply was cut.
    ``waited_s`` is how long the connection stood at the gate, in seconds. ``permit`` is looked at immediately
    before the request is written (None: it may always be); ``is_withheld`` says that it was not held, so that
    nothing was sent.
    """

    __slots__ = (
        "_content",
        "_is_over",
        "_permit",
        "_protocol",
        "_sent_at",
        "body",
        "due",
        "head",
        "is_withheld",
        "sent",
        "waited_s",
    )

    def __init__(self, permit: SendPermit | None = None) -> None:
        self._permit = permit
        self.due: float | None = None
        self.sent: float | None = None
        self.head: RawResponseMessage | None = None
        self.body = b""
        self._protocol: ResponseHandler | None = None
        self._content: StreamReader | None = None
        self.waited_s = 0.0
        self._is_over = self.is_withheld = False
        self._sent_at = 0.0

    async def send(
        self, connection: Connection, request: bytes, gate: Gate, write_batcher: WriteBatcher, deadlines: Deadlines
    ) -> bool:
        """Wait at the gate, send ``request`` (the bytes of head and body), and read the reply.

        Return whether the connection can be reused: the reply was read to its end, and the request was not larger
        than ``MAX_REUSE_REQUEST_BYTES``. Reading stops at ``MAX_REPLY_BYTES`` bytes. Raise the exceptions of the
        gate, ``ConnectionLostBeforeSend`` when nothing could be sent, ``TooManyInterimReplies`` when no final
        reply comes, ``TimeoutError`` when the time limit of ``deadlines`` is over, and aiohttp's exceptions for a
        lost connection or a reply that is not HTTP.
        """
        arrived = time.monotonic()
        self.due = await gate.wait()
        self.waited_s = time.monotonic() - arrived
        if self.waited_s > MAX_GATE_WAIT_S:
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
        if self.sent is None:  # the server wrote before the request was sent
            raise ConnectionLostBeforeSend
        interim = 0
        while head.code < HTTPStatus.OK and head.code != HTTPStatus.SWITCHING_PROTOCOLS:  # an interim reply
            interim += 1
            if interim > MAX_INTERIM_REPLIES:
                raise TooManyInterimReplies
            head, content = await protocol.read()
        self.head, self._content = head, content
        if self._is_over and not content.is_eof():  # the head came in the loop iteration of the time-out
            raise TimeoutError
        return await self._read(content) and len(request) <= MAX_REUSE_REQUEST_BYTES

    def _leave(self, protocol: ResponseHandler, request: bytes) -> None:
        """Write the request to its connection; fail without sending where that, or the permit, is lost."""
        transport = protocol.transport
        if transport is None or not is_reusable(protocol):
            self.time_out()
            return
        if self._permit is not None and not self._permit.is_held():
            self.is_withheld = True
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
                if size >= MAX_REPLY_BYTES:
                    return False
                parts.append(await content.readany())
                size += len(parts[-1])
        finally:
            self.body = b"".join(parts)
        return True

    def time_out(self) -> None:
        """Make ``send`` raise ``TimeoutError``, whether it waits for the reply's head or for more of its body."""
        self._is_over = True
        if self._protocol is not None:
            self._protocol.set_exception(TimeoutError())
        if self._content is not None:
            self._content.set_exception(TimeoutError())

    def ended(self) -> float:
        """Return the current time, as the end of the request, in Unix seconds.

        Once the request was sent, this is ``sent`` plus monotonic time, so that setting the system clock does not
        change the latency.
        """
        return time.time() if self.sent is None else self.sent + (time.monotonic() - self._sent_at)
