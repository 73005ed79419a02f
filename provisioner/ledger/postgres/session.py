"""The connection by which a process writes a ledger; it can be renewed after it was lost."""

import asyncpg

from provisioner.ledger.postgres import errors
from provisioner.ledger.postgres.address import PostgresAddress
from provisioner.ledger.postgres.connection import open_connection, terminated_on_error
from provisioner.ledger.sql_files import read_statements

_OPEN = read_statements(__package__, "open")
_GOODBYE_S = 5.0
"""Seconds for closing a connection."""


class Session:
    """Connection to a job, and the ID of this process as a worker of the job.

    ``has_lock`` says that the connection holds the job's lock: no other process plans or begins a run meanwhile.
    """

    def __init__(
        self, address: PostgresAddress, connection: asyncpg.Connection, worker: int, *, has_lock: bool = True
    ) -> None:
        self.address, self.worker, self._has_lock = address, worker, has_lock
        self._connection: asyncpg.Connection | None = connection
        self._backend = connection.get_server_pid()
        self._last_commit = 0

    async def connection(self) -> asyncpg.Connection:
        """Return the connection, a new one after ``lose``.

        Raise ``LedgerBusyError`` when another process has taken the job's lock in the meantime.
        """
        if self._connection is None:
            self._connection = await self._renewed()
        return self._connection

    def next_commit(self) -> int:
        """Return the number of the next commit; one that has failed is not used again."""
        self._last_commit += 1
        return self._last_commit

    def lose(self) -> None:
        """Drop the connection: the next use opens another one."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close the connection, and so release a lock."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close(timeout=_GOODBYE_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # it is lost, and so is the lock
            connection.terminate()

    async def _renewed(self) -> asyncpg.Connection:
        connection = await open_connection(self.address)
        with terminated_on_error(connection):
            if self._has_lock:
                await self._lock_again(connection)
        self._backend = connection.get_server_pid()
        return connection

    async def _lock_again(self, connection: asyncpg.Connection) -> None:
        """Take the lock of the job; raise ``TimeoutError`` while the server lets the lost connection have it."""
        key = self.address.lock_key
        if await connection.fetchval(_OPEN["last_worker_id"]) != self.worker:
            raise errors.busy(self.address)
        if not await connection.fetchval(_OPEN["lock"], key):
            await connection.execute(_OPEN["end_backend"], key, self._backend)
            raise TimeoutError
