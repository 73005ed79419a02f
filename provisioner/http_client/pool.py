"""Pool of idle connections.

aiohttp opens and closes the connections. Between two requests they are kept here and not in aiohttp's own pool,
which needs more time to take back and hand out a connection than reading a reply takes.
"""

import time
from collections import defaultdict, deque
from functools import partial
from itertools import chain
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from .request_bytes import PoolKeyRequest

CONNECT_TIMEOUT_S = 10.0
"""Maximum seconds to connect: name resolution, TCP, proxy and TLS together."""
KEEPALIVE_S = 15.0
"""Maximum seconds for which an idle connection is kept.

It is shorter than what servers use, so that the server seldom closes a connection that is about to be used.
"""


class ClientProtocol(ResponseHandler):
    """Protocol of one connection that notices at once when the server closes it or writes between two requests."""

    def eof_received(self) -> None:
        """Mark the connection as not reusable as soon as the server has ended it.

        With TLS, asyncio needs a few more loop iterations until it reports the connection as closing.
        """
        super().eof_received()
        self.force_close()

    def rest(self) -> None:
        """Stop parsing until the next request: bytes that arrive before it are buffered and set ``should_close``.

        Otherwise the parser of the last reply would take unexpected bytes for the start of the next reply.
        """
        self._parser = None


class Connector(aiohttp.TCPConnector):
    """aiohttp connector whose connections use ``ClientProtocol``; the number of connections is not limited."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._factory = cast("partial[ResponseHandler]", partial(ClientProtocol, loop=self._loop))


class ConnectionPool:
    """Keeps idle connections by host and proxy, and gives each to one request at a time.

    The number of open connections is not limited.
    """

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._connector = connector
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        self._idle: dict[PoolKeyRequest, deque[tuple[Connection, float]]] = defaultdict(deque)

    async def acquire(self, pool_key: PoolKeyRequest) -> Connection:
        """Return the idle connection that was used last, or open a new one within ``CONNECT_TIMEOUT_S`` seconds.

        Raise aiohttp's exceptions or ``TimeoutError`` when no connection can be opened.
        """
        idle = self._idle[pool_key]
        while idle:
            connection, since = idle.pop()
            transport = connection.transport
            is_recent = time.monotonic() - since < KEEPALIVE_S
            # A server may answer before it has read the whole request: the next one would wait behind the rest.
            if (
                transport
                and is_recent
                and is_reusable(connection.protocol)
                and not transport.get_write_buffer_size()
            ):
                return connection
            drop(connection)
        return await self._connector.connect(pool_key, [], self._timeout)

    def release(self, pool_key: PoolKeyRequest, connection: Connection) -> None:
        """Take back a connection whose reply was read to its end.

        Close the connection that has been idle longest when that exceeds ``KEEPALIVE_S`` seconds.
        """
        now, idle = time.monotonic(), self._idle[pool_key]
        protocol: Any = connection.protocol
        protocol.rest()
        idle.append((connection, now))
        longest, since = idle[0]
        if now - since > KEEPALIVE_S:
            idle.popleft()
            drop(longest)

    async def close(self) -> None:
        """Close all idle connections and the connector."""
        for connection, _ in chain.from_iterable(self._idle.values()):
            drop(connection)
        await self._connector.close()


def drop(connection: Connection) -> None:
    """Abort a connection and discard its unsent bytes, so that no part of a failed request is sent later.

    A normal close over TLS would wait up to 30 seconds for the server's close message.
    """
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


def is_reusable(protocol: ResponseHandler | None) -> bool:
    """Return whether a connection is open and the server has written nothing to it since the last reply.

    The write buffer is not looked at: it may hold messages of TLS itself, such as the last one of the handshake.
    """
    return protocol is not None and protocol.is_connected() and not protocol.should_close
