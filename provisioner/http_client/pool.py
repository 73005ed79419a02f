"""Pool of idle connections.

aiohttp opens and closes the connections. Between two requests they are kept here and not in aiohttp's own pool,
which needs more time to take back and hand out a connection than reading a reply takes.
"""

import time
from collections import defaultdict, deque
from itertools import chain

import aiohttp

from .connection import HttpConnection
from .connector import Connector
from .deadlines import CONNECT_TIMEOUT_S

KEEPALIVE_S = 15.0
"""Maximum seconds for which an idle connection is kept.

It is shorter than what servers use, so that the server seldom closes a connection that is about to be used.
"""


class ConnectionPool:
    """Keeps idle connections by host and proxy, and gives each to one request at a time.

    The number of open connections is not limited.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S)
        self._idle: dict[aiohttp.ClientRequest, deque[tuple[HttpConnection, float]]] = defaultdict(deque)

    async def acquire(self, key: aiohttp.ClientRequest) -> HttpConnection:
        """Return the idle connection that was used last, or open a new one within ``CONNECT_TIMEOUT_S`` seconds.

        Raise aiohttp's exceptions or ``TimeoutError`` when no connection can be opened. uvloop raises
        ``RuntimeError`` where the server resets a connection that is just being set up; nothing was sent then.
        """
        idle = self._idle[key]
        while idle:
            connection, since = idle.pop()
            if time.monotonic() - since < KEEPALIVE_S and connection.is_idle:
                return connection
            connection.drop()
        try:
            return await self._connector.open(key, self._timeout)
        except RuntimeError as error:
            raise aiohttp.ClientConnectionError from error

    def release(self, key: aiohttp.ClientRequest, connection: HttpConnection) -> None:
        """Take back a connection whose reply was read to its end.

        Close the connection that has been idle longest when that exceeds ``KEEPALIVE_S`` seconds.
        """
        now, idle = time.monotonic(), self._idle[key]
        idle.append((connection, now))
        longest, since = idle[0]
        if now - since > KEEPALIVE_S:
            idle.popleft()
            longest.drop()

    async def close(self) -> None:
        """Close all idle connections and the connector."""
        for connection, _ in chain.from_iterable(self._idle.values()):
            connection.drop()
        await self._connector.close()
