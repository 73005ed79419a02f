"""Sends requests over a pool of kept connections; see ``connection``."""

import asyncio

from provisioner.ports.sending import Gate

from .connection import HttpConnection
from .connector import Connector
from .deadlines import Deadlines
from .exchange import MAX_REUSE_REQUEST_BYTES, Exchange
from .pool import ConnectionPool
from .request_bytes import Headers, RequestBuilder
from .write_batcher import WriteBatcher


class PooledSender:
    """Sends each request over one connection of a pool. Must be created inside a running event loop.

    ``timeout_s`` limits each request, in seconds, from the moment its gate opens.
    """

    def __init__(self, request_builder: RequestBuilder, *, timeout_s: float) -> None:
        self._request_builder = request_builder
        self._pool = ConnectionPool(Connector())
        self._deadlines = Deadlines(timeout_s)
        self._write_batcher = WriteBatcher()
        self._loop = asyncio.get_running_loop()

    async def send(
        self, exchange: Exchange, method: str, url: str, *, gate: Gate, body: bytes, headers: Headers
    ) -> None:
        """Connect, wait at the gate, send one request and read its reply into ``exchange``; see ``senders``."""
        request = self._request_builder.build(method, url, headers, body)
        key = self._request_builder.pool_key(url)
        connection = await self._pool.acquire(key)
        try:
            await exchange.pass_gate(gate)
            await self._answer(connection, request, exchange)
        finally:
            self._deadlines.forget(connection)
            if exchange.is_whole and len(request) <= MAX_REUSE_REQUEST_BYTES:
                self._pool.release(key, connection)
            else:
                connection.drop()

    async def close(self) -> None:
        """Close all connections; time out no request."""
        self._deadlines.close()
        await self._pool.close()

    def _answer(self, connection: HttpConnection, request: bytes, exchange: Exchange) -> "asyncio.Future[None]":
        """Send the request in the next iteration of the event loop; return the future of its reply."""
        answered = self._loop.create_future()
        connection.begin(request, exchange, answered)
        self._deadlines.watch(connection)
        self._write_batcher.put(connection.write_request)
        return answered
