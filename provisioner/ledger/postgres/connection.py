"""Connections to a job's schema, with the settings on which the ledger relies."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from provisioner.ledger.postgres.address import PostgresAddress

CONNECT_S = 10.0
"""Seconds for connecting, with every host of the address and the TLS handshake."""
_STARTING_S, _AGAIN_S = 30.0, 0.3
"""Longest wait in seconds for a server that says that it is starting, and the time between two attempts."""
_SETTINGS = {
    "application_name": "provisioner",
    "client_encoding": "UTF8",
    "timezone": "UTC",
    "jit": "off",
    "default_transaction_isolation": "read committed",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""The server drops a connection whose client is gone after some 20 seconds, and with it the lock.

The functions of the schema rely on each of their statements seeing what others have committed before it.
"""
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""


async def open_connection(address: PostgresAddress) -> asyncpg.Connection:
    """Open a connection whose search path is the job's schema, and whose commits are durable when they return.

    A server that is starting is waited for. Raise the exceptions of asyncpg and ``OSError``.
    """
    connection = await _connected(address)
    with terminated_on_error(connection):
        await connection.execute(_DURABLE)
    return connection


@contextmanager
def terminated_on_error(connection: asyncpg.Connection) -> Iterator[None]:
    """Terminate a connection where the context ends with an exception, cancellation included."""
    try:
        yield
    except BaseException:
        connection.terminate()
        raise


async def _connected(address: PostgresAddress) -> asyncpg.Connection:
    settings = {**_SETTINGS, "search_path": f'"{address.schema}"'}
    until = time.monotonic() + _STARTING_S
    while True:
        try:
            return await asyncpg.connect(address.dsn, timeout=CONNECT_S, server_settings=settings)
        except asyncpg.CannotConnectNowError:
            if time.monotonic() >= until:
                raise
        await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def snapshot(address: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection for one consistent, read-only view of the committed content."""
    connection = await open_connection(address)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        connection.terminate()
