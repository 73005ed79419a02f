"""Event loop on a thread of its own, for code that does not await."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Self, TypeVar

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.postgres.queries import HASHES_AND_MERGES

T = TypeVar("T")


class LoopThread:
    """Event loop on a thread of its own; its connections live until they are closed or the context ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncpg.Connection] = set()
        self._thread = Thread(target=self._loop.run_forever, name="ledger-reader", daemon=True)
        self._thread.start()

    def result_of(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result; the calling thread waits."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def open(self, address: PostgresAddress) -> asyncpg.Connection:
        """Open a connection for questions about all rows of a job.

        Raise the exceptions of asyncpg and ``OSError``.
        """
        connection = self.result_of(open_connection(address))
        self._connections.add(connection)
        self.result_of(connection.execute(HASHES_AND_MERGES))
        return connection

    def close(self, connection: asyncpg.Connection) -> None:
        """Close a connection; one that the end of the loop has closed is left alone."""
        if connection in self._connections:
            self._connections.discard(connection)
            self.result_of(_close([connection]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections, and end the loop and its thread."""
        connections, self._connections = [*self._connections], set()
        self.result_of(_close(connections))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _close(connections: list[asyncpg.Connection]) -> None:
    for connection in connections:
        connection.terminate()
    await asyncio.sleep(0)  # the loop closes their sockets
