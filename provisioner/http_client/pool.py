"""Connections that stand ready for the next request.

aiohttp opens and closes them. Between two requests they are kept here and not in its pool, which takes longer to
give one back and hand one out than the reading of a reply.
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
"""For the name, TCP, the proxy and TLS together."""
KEEPALIVE_S = 15.0
"""How long an idle connection is kept: shorter than servers do, so that ours is seldom closed on us."""


class ClientProtocol(ResponseHandler):
    """The client's end of a connection; it tells at once when the server ends it, or talks between requests."""

    def eof_received(self) -> None:
        """Serve no further request: TLS takes a few rounds of the loop until the connection counts as closing."""
        super().eof_received()
        self.force_close()

    def rest(self) -> None:
        """Read no replies until the next request: whatever comes before it is kept, and ``should_close`` is set.

        The parser of the last reply would hide the beginning of another.
        """
        self._parser = None


class Connector(aiohttp.TCPConnector):
    """Opens connections that end in a ``ClientProtocol``; as many may be open as are asked for."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._factory = cast("partial[ResponseHandler]", partial(ClientProtocol, loop=self._loop))


class ConnectionPool:
    """Hands a connection to one request at a time; as many may be open as are asked for."""

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._connector = connector
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        self._idle: dict[PoolKeyRequest, deque[tuple[Connection, float]]] = defaultdict(deque)

    async def acquire(self, pool_key: PoolKeyRequest) -> Connection:
        """Return the connection that was used last, or else a new one; raise what aiohttp raises."""
        idle = self._idle[pool_key]
        while idle:
            connection, since = idle.pop()
            transport = connection.transport
            is_recent = time.monotonic() - since < KEEPALIVE_S
            # A server may have answered before it read everything: the next request would wait behind the rest.
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
        """Take a connection back whose reply was read to its end; close one that nobody has needed for long."""
        now, idle = time.monotonic(), self._idle[pool_key]
        protocol: Any = connection.protocol
        protocol.rest()
        idle.append((connection, now))
        longest, since = idle[0]
        if now - since > KEEPALIVE_S:
            idle.popleft()
            drop(longest)

    async def close(self) -> None:
        """Close them all."""
        for connection, _ in chain.from_iterable(self._idle.values()):
            drop(connection)
        await self._connector.close()


def drop(connection: Connection) -> None:
    """End a connection now, with what it has still to write: nothing of a request that was given up leaves later.

    Over TLS, a connection that is closed in good order waits for the server to agree, for 30 s.
    """
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


def is_reusable(protocol: ResponseHandler | None) -> bool:
    """Say whether a connection still stands, and the server has said nothing since the last reply.

    What a connection has still to write says nothing about that: messages of TLS itself are among it, such as the
    last one of the handshake.
    """
    return protocol is not None and protocol.is_connected() and not protocol.should_close
