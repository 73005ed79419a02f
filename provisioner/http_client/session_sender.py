"""Sends requests through aiohttp's session, where the installed aiohttp lacks what ``connection`` needs.

Only documented names are used: the gate is passed in the connector's ``connect``, which has the open connection in
its hand before the session writes to it. The evidence is the same or more cautious. A request counts as sent from
then on, because nothing documented tells when its first byte leaves. A server that talks on a connection before it
was asked cannot be seen; so every request has a new connection, on which none has anything to say.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from provisioner.ports.sending import Gate

from .deadlines import CONNECT_TIMEOUT_S
from .exchange import MAX_REPLY_BYTES, ConnectionLostBeforeSend, Exchange, NotHttp
from .request_bytes import Headers, RequestBuilder


class _Connection(Protocol):
    """What is used of the connection that ``connect`` returns."""

    @property
    def closed(self) -> bool: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One request that is on its way through the session; ``limit`` ends it after ``timeout_s`` seconds."""

    exchange: Exchange
    gate: Gate
    limit: asyncio.Timeout
    timeout_s: float

    async def leave(self, connection: _Connection) -> None:
        """Pass the gate and count the request as sent; raise ``ConnectionLostBeforeSend`` where it may not be."""
        await self.exchange.pass_gate(self.gate)
        if connection.closed or not self.exchange.is_permitted():
            raise ConnectionLostBeforeSend
        self.exchange.mark_sent()
        self.limit.reschedule(asyncio.get_running_loop().time() + self.timeout_s)


_attempt: ContextVar[_Attempt] = ContextVar("_attempt")


class _GatedConnector(aiohttp.TCPConnector):
    """Connector that lets a request wait at its gate with its connection open."""

    async def connect(self, *args: Any, **named: Any) -> Any:
        """Open a connection and pass the gate of the request of this task."""
        connection = await super().connect(*args, **named)
        try:
            await _attempt.get().leave(connection)
        except BaseException:
            connection.close()
            raise
        return connection


class SessionSender:
    """Sends each request over a connection of its own. Must be created inside a running event loop.

    ``timeout_s`` limits each request, in seconds, from the moment its gate opens.
    """

    def __init__(self, request_builder: RequestBuilder, *, timeout_s: float) -> None:
        self._request_builder, self._timeout_s = request_builder, timeout_s
        self._session = aiohttp.ClientSession(
            connector=_GatedConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S),
        )

    async def send(
        self, exchange: Exchange, method: str, url: str, *, gate: Gate, body: bytes, headers: Headers
    ) -> None:
        """Connect, wait at the gate, send one request and read its reply into ``exchange``; see ``senders``."""
        self._request_builder.build(method, url, headers, body)  # refuses a header that HTTP does not allow
        try:
            async with asyncio.timeout(None) as limit:
                _attempt.set(_Attempt(exchange, gate, limit, self._timeout_s))
                async with self._ask(method, url, body, headers) as reply:
                    exchange.status, exchange.headers = reply.status, reply.headers
                    await _read(reply.content, exchange)
        except aiohttp.ClientHttpProxyError:
            raise
        except aiohttp.ClientResponseError as error:
            raise NotHttp from error

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    @asynccontextmanager
    async def _ask(
        self, method: str, url: str, body: bytes, headers: Headers
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the reply once its head has arrived, and abort its connection at the end."""
        builder = self._request_builder
        reply = await self._session.request(
            method,
            url,
            data=None if method == "GET" else body,
            headers=[*builder.headers, *headers],
            proxy=builder.proxy,
            allow_redirects=False,
        )
        try:
            yield reply
        finally:
            reply.close()


async def _read(content: aiohttp.StreamReader, exchange: Exchange) -> None:
    size = 0
    async for part in content.iter_any():
        exchange.parts.append(part)
        size += len(part)
        if size >= MAX_REPLY_BYTES:
            return
    exchange.is_whole = True
