"""HTTP connections over aiohttp: one protocol object between a socket and the coroutine that waits for a reply.

aiohttp opens the connections (names, TLS, proxies) and parses the replies. Its session and its queue of replies
are not used: they took half of the processor time of a run. The request is written here in one piece, after it has
passed its gate, so that the time of sending is known and need not be guessed from an exception.

Only this module and ``connector`` use names which aiohttp does not document. ``missing_names`` tells which of them
the installed aiohttp lacks; requests then go through its session, see ``session_sender``.
"""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage

from .exchange import (
    MAX_INTERIM_REPLIES,
    MAX_REPLY_BYTES,
    ConnectionLostBeforeSend,
    Exchange,
    NotHttp,
    TooManyInterimReplies,
)

NAMES = {
    "aiohttp.client_proto.ResponseHandler": (
        *("_parser", "abort", "force_close", "is_connected", "pause_reading", "resume_reading"),
        *("set_response_params", "should_close", "transport"),
    ),
    "aiohttp.connector.BaseConnector": ("_factory", "connect"),
    "aiohttp.connector.Connection": ("close", "protocol"),
    "aiohttp.http.RawResponseMessage": ("code", "headers", "should_close"),
}
"""The names that both use of aiohttp's classes without their being documented, by class.

Besides, this one calls ``feed_data`` of the parser, which returns the replies that have begun, each with its body.
"""
_END_OF_HEAD = b"\r\n\r\n"
_WITH_BODY = frozenset(range(200, 600)) - {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
"""Status codes of replies with a body."""
_CANNED_REPLY = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"


class HttpConnection(ResponseHandler):
    """Protocol of one connection: writes a request, and collects its reply until a future is resolved.

    Between two requests the parser is absent, so that bytes which nobody has asked for are kept unparsed and make
    the connection unusable, instead of being taken for the start of the next reply.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._owner: Connection | None = None
        self._answered: asyncio.Future[None] | None = None
        self._exchange = Exchange()
        self._request = b""
        self._content: aiohttp.StreamReader | None = None
        self._parser = None
        self._head_parser: Any = None
        self._is_sent = self._is_paused = False
        self._interim = self._size = 0

    def belong_to(self, owner: Connection) -> None:
        """Keep aiohttp's object for this connection, which has to be closed with it."""
        self._owner = owner

    @property
    def is_reusable(self) -> bool:
        """Whether the connection is open and the server has written nothing to it since the last reply.

        The write buffer is not looked at: it may hold messages of TLS itself, such as the last one of the
        handshake.
        """
        return self.is_connected() and not self.should_close

    @property
    def is_idle(self) -> bool:
        """Whether another request may follow: the connection is reusable, and nothing waits to be written.

        A server may answer before it has read the whole request: the next one would wait behind the rest.
        """
        transport = self.transport
        return transport is not None and self.is_reusable and not transport.get_write_buffer_size()

    def begin(self, request: bytes, exchange: Exchange, answered: "asyncio.Future[None]") -> None:
        """Take the next request (the bytes of head and body), which ``write_request`` writes.

        ``answered`` is resolved when the reply was read: to its end (``exchange.is_whole``), or up to
        ``MAX_REPLY_BYTES``. It fails with ``ConnectionLostBeforeSend``, ``NotHttp``, ``TooManyInterimReplies``,
        ``TimeoutError`` or an exception of aiohttp. ``exchange`` then holds what has arrived.
        """
        self._request, self._exchange, self._answered = request, exchange, answered
        self._content = None
        self._is_paused = False
        self._interim = self._size = 0

    def write_request(self) -> None:
        """Write the request; fail without sending where the connection, or the permit, was lost meanwhile.

        If the connection was closed, or the server has already written to it, nothing is sent and the request
        counts as not sent instead of ambiguous.
        """
        transport, exchange = self.transport, self._exchange
        if self._answered is None:  # it was given up before
            return
        if transport is None or not self.is_reusable or not exchange.is_permitted():
            self._end(ConnectionLostBeforeSend())
            return
        self._is_sent = True
        exchange.mark_sent()
        transport.write(self._request)

    def can_read(self, reply: bytes) -> bool:
        """Return whether this reply with the body ``{}`` is read as such, without a socket, whole and in parts."""
        whole, cut = Exchange(), Exchange()
        with suppress(Exception):
            for exchange, parts in ((whole, [reply]), (cut, [reply[:-1], reply[-1:]])):
                self.begin(b"", exchange, asyncio.get_running_loop().create_future())
                self._is_sent = True
                for part in parts:
                    self.data_received(part)
        return all(exchange.is_whole and exchange.body == b"{}" for exchange in (whole, cut))

    def time_out(self) -> None:
        """Fail with ``TimeoutError``, whether the reply's head is awaited or more of its body."""
        self._end(TimeoutError() if self._is_sent else ConnectionLostBeforeSend())

    def drop(self) -> None:
        """Abort the connection and discard its unsent bytes, so that no part of a request is sent later.

        A normal close over TLS would wait up to 30 seconds for the server's close message.
        """
        self._answered = None
        self._is_sent = False
        self.abort()
        if self._owner is not None:
            self._owner.close()

    def data_received(self, data: bytes) -> None:
        """Parse the bytes of a reply; keep those that nobody asked for, which makes the connection unusable."""
        if not self._is_sent:
            super().data_received(data)
            return
        if self._parser is not None or not self._read_at_once(data):
            self._read_part(data)

    def _read_part(self, data: bytes) -> None:
        """Read a part of a reply, and what has arrived of its body."""
        if self._parser is None:
            self.set_response_params(read_until_eof=True)
        parser: Any = self._parser
        try:
            replies, _, _ = parser.feed_data(data)
        except Exception:  # noqa: BLE001 - whatever the parser dislikes is not HTTP
            self._end(NotHttp())
            return
        for head, content in replies:
            self._take(head, content)
        if self._content is not None:
            self._collect(self._content)
        if self._is_paused:
            self._go_on()

    def _read_at_once(self, data: bytes) -> bool:
        """Read a reply that has arrived as a whole, as most do; return False, without a trace, for any other.

        The parser gets only the head, so that it makes no stream for the body: that takes half of the time. What
        follows is the body where its length is as the head says, and it is not encoded in any way.
        """
        start = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if start < len(_END_OF_HEAD):
            return False
        if self._head_parser is None:
            self.set_response_params(skip_payload=True)
            self._head_parser, self._parser = self._parser, None
        try:
            heads, _, _ = self._head_parser.feed_data(data[:start])
        except Exception:  # noqa: BLE001 - whoever reads it in parts tells what is wrong
            self._head_parser = None
            return False
        if len(heads) != 1:
            return False
        ((head, _),), body = heads, data[start:]
        headers = head.headers
        is_coded = "Transfer-Encoding" in headers or "Content-Encoding" in headers
        is_plain = not is_coded and headers.get("Content-Length") == str(len(body))
        if not is_plain or head.code not in _WITH_BODY or len(body) > MAX_REPLY_BYTES:
            return False
        if head.should_close:
            self.force_close()
        exchange = self._exchange
        exchange.status, exchange.headers, exchange.is_whole = head.code, headers, True
        exchange.parts.append(body)
        self._end()
        return True

    def _go_on(self) -> None:
        """Let a parser that has paused go on with the bytes it holds, unless the exchange has ended."""
        self._is_paused = False
        if self._is_sent:
            super().resume_reading()

    def pause_reading(self) -> None:
        """Let the parser stop where its buffer is full; see ``resume_reading``."""
        super().pause_reading()
        self._is_paused = True

    def resume_reading(self, *args: Any, **named: Any) -> None:
        """Do nothing while a reply is read: ``data_received`` goes on when it has collected what has arrived."""
        if not self._is_sent:
            super().resume_reading(*args, **named)

    def eof_received(self) -> None:
        """Mark the connection as not reusable as soon as the server has ended it.

        With TLS, asyncio needs a few more loop iterations until it reports the connection as closing.
        """
        super().eof_received()
        self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End the reply: it is whole where its body lasts until the end of the connection, and otherwise cut."""
        super().connection_lost(exc)
        if self._is_sent and self._content is not None:
            self._collect(self._content)
        self._end(aiohttp.ServerDisconnectedError() if self._is_sent else ConnectionLostBeforeSend())

    def _take(self, head: RawResponseMessage, content: aiohttp.StreamReader) -> None:
        if self._exchange.status is not None or head.should_close:
            self.force_close()
        if self._exchange.status is not None or not self._is_sent:  # a reply to nothing
            return
        if head.code >= HTTPStatus.OK:
            self._exchange.status, self._exchange.headers, self._content = head.code, head.headers, content
        elif head.code == HTTPStatus.SWITCHING_PROTOCOLS:  # what follows is no body
            self._exchange.status, self._exchange.headers = head.code, head.headers
            self.force_close()
            self._end()
        else:
            self._interim += 1
            if self._interim > MAX_INTERIM_REPLIES:
                self._end(TooManyInterimReplies())

    def _collect(self, content: aiohttp.StreamReader) -> None:
        """Take what has arrived of the body, and end the exchange when that is all, enough, or broken."""
        error = content.exception()
        if error is not None:
            self._end(aiohttp.ClientPayloadError())
            return
        part = content.read_nowait()
        self._exchange.parts.append(part)
        self._size += len(part)
        if content.is_eof():
            self._exchange.is_whole = True
            self._end()
        elif self._size >= MAX_REPLY_BYTES:
            self._end()

    def _end(self, error: Exception | None = None) -> None:
        """Resolve the future; whatever arrives from now on is no part of the reply."""
        answered, self._answered = self._answered, None
        self._is_sent = False
        self._parser = self._content = None
        if answered is None or answered.done():
            return
        if error is None:
            answered.set_result(None)
        else:
            answered.set_exception(error)


def missing_names() -> tuple[str, ...]:
    """Return which of ``NAMES`` the installed aiohttp lacks, or what else does not work; empty where all is well.

    Must be called inside a running event loop.
    """
    loop = asyncio.get_running_loop()
    owners = (ResponseHandler(loop), aiohttp.BaseConnector(), Connection, RawResponseMessage)
    missing = [
        f"{kind}.{name}"
        for (kind, names), owner in zip(NAMES.items(), owners, strict=True)
        for name in names
        if not hasattr(owner, name)
    ]
    if not missing and not HttpConnection(loop).can_read(_CANNED_REPLY):
        missing.append("aiohttp.http.HttpResponseParser.feed_data")
    return tuple(missing)
