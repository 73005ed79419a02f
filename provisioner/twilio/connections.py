"""Connections that stand ready for the next request.

aiohttp opens and closes them. Between two requests they are kept here and not in its pool, which takes longer to
give one back and hand one out than the reading of a reply.
"""

import time
from collections import defaultdict, deque
from itertools import chain

import aiohttp
from aiohttp.connector import Connection

from .routes import Way

CONNECT_TIMEOUT_S = 10.0
"""For the name, TCP, the proxy and TLS together."""
KEEPALIVE_S = 15.0
"""How long an idle connection is kept: shorter than servers do, so that ours is seldom closed on us."""


class Connections:
    """Hands a connection to one request at a time; as many may be open as are asked for."""

    def __init__(self, connector: aiohttp.BaseConnector) -> None:
        self._connector = connector
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        self._idle: dict[Way, deque[tuple[Connection, float]]] = defaultdict(deque)

    async def take(self, way: Way) -> Connection:
        """Return the connection that was used last, or else a new one; raise what aiohttp raises."""
        idle = self._idle[way]
        while idle:
            connection, since = idle.pop()
            if time.monotonic() - since < KEEPALIVE_S and is_fresh(connection):
                return connection
            connection.close()
        return await self._connector.connect(way, [], self._timeout)

    def keep(self, way: Way, connection: Connection) -> None:
        """Take a connection back whose reply was read to its end; close one that nobody has needed for long."""
        now, idle = time.monotonic(), self._idle[way]
        idle.append((connection, now))
        longest, since = idle[0]
        if now - since > KEEPALIVE_S:
            idle.popleft()
            longest.close()

    async def close(self) -> None:
        """Close them all."""
        for connection, _ in chain.from_iterable(self._idle.values()):
            connection.close()
        await self._connector.close()


def is_fresh(connection: Connection) -> bool:
    """Say whether a connection still stands, and neither side has anything to say before the next request."""
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or not protocol.is_connected() or protocol.should_close:
        return False
    return not transport.get_write_buffer_size()  # a server may answer before it has read everything
