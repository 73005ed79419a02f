"""PostgreSQL server of the cluster storm, which can crash, come back, and refuse to write for a while."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from provisioner.embedded.server_process import NOBODY, ready_server
from tests.postgres_server import programs

_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=80",
    "shared_buffers=32MB",
    "log_min_messages=panic",
    "tcp_keepalives_idle=2",
    "tcp_keepalives_interval=1",
    "tcp_keepalives_count=2",
)
_READY_S = 30.0


class StormDatabase:
    """A durable server on a loopback port of its own, in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self._folder = port, folder
        self._user = NOBODY if os.geteuid() == 0 else None
        self._process: asyncio.subprocess.Process | None = None

    def dsn(self, port: int, job: str) -> str:
        """Return the address of a job, reached through ``port``."""
        return f"postgresql://postgres@127.0.0.1:{port}/postgres?job={job}"

    async def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        found = programs()
        assert found is not None
        options = [word for each in (*_SETTINGS, f"port={self.port}") for word in ("-c", each)]
        options += ["-c", f"unix_socket_directories={self._folder}"]
        self._process = await asyncio.create_subprocess_exec(
            found / "postgres", "-D", self._folder / "data", *options, **self._how()
        )
        async with asyncio.timeout(_READY_S):
            while not self._is_ready():  # noqa: ASYNC110 - another process has no events
                await asyncio.sleep(0.02)

    async def crash(self) -> None:
        """Let the server die as in a crash, and start it again: it recovers from its log."""
        await self._stop(signal.SIGQUIT)
        await self.start()

    async def refuse_writes(self, seconds: float) -> None:
        """Let no session write for some seconds, as a standby or a full disk does."""
        await self.query("ALTER SYSTEM SET default_transaction_read_only = on")
        await self.query("SELECT pg_reload_conf()")
        await asyncio.sleep(seconds)
        await self.query("ALTER SYSTEM RESET default_transaction_read_only")
        await self.query("SELECT pg_reload_conf()")

    async def query(self, statement: str, *, schema: str = "public") -> list[tuple[Any, ...]]:
        """Return the lines of a query, asked without the ledger's code."""
        import asyncpg  # noqa: PLC0415 - the storm on one machine runs without it

        settings = {"search_path": schema, "default_transaction_read_only": "off"}
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", database="postgres", server_settings=settings
        )
        try:
            return [tuple(line) for line in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Create the files of the server."""
        found = programs()
        assert found is not None
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
        words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        making = await asyncio.create_subprocess_exec(
            found / "initdb", "-D", self._folder / "data", *words, **self._how()
        )
        assert await making.wait() == 0

    async def stop(self) -> None:
        """Stop the server."""
        await self._stop(signal.SIGINT)

    async def _stop(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        await process.wait()

    def _is_ready(self) -> bool:
        return self._process is not None and ready_server(self._folder / "data") == self._process.pid

    def _how(self) -> dict[str, Any]:
        quiet = asyncio.subprocess.DEVNULL
        return {"user": self._user, "group": self._user, "stdin": quiet, "stdout": quiet, "stderr": quiet}


@asynccontextmanager
async def storm_database() -> AsyncIterator[StormDatabase]:
    """Start a server, and stop it and remove its files at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="storm-postgres-"))
    database = StormDatabase(folder, port)
    try:
        await database.prepare()
        await database.start()
        yield database
    finally:
        await database.stop()
        shutil.rmtree(folder, ignore_errors=True)
