"""The connection to a database: closed when it cannot be used, and over TLS checked as the address asks for."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from provisioner.errors import LedgerError
from provisioner.ledger import Ledger, LedgerLocation, open_ledger
from provisioner.ledger.postgres import connection, loop_thread
from provisioner.models import Counts
from tests.ledger_samples import INPUT, SETTINGS, entries
from tests.postgres_server import address_of_session
from tests.tls import LOOPBACK, Authority

SSL_REQUEST = (80_877_103).to_bytes(4)
"""What a client asks for before TLS. Source: PostgreSQL's manual, message formats, SSLRequest."""


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes until the end of one side."""
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def tls_front(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Take connections with TLS for the server of the tests, which has none; yield the port."""
    (folder,) = parse_qs(urlsplit(address_of_session()).query)["host"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readexactly(8)
        assert asked[4:] == SSL_REQUEST
        writer.write(b"S")
        try:
            await writer.start_tls(context)
        except (ConnectionError, ssl.SSLError):
            return
        back_reader, back_writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        await asyncio.gather(copy(reader, back_writer), copy(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def counted(ledger: Ledger) -> Counts:
    """Return the counts that a reader tells; it waits for its connection."""
    with ledger.reader() as reader:
        return reader.counts()


async def test_a_certificate_is_checked_as_the_address_asks(tmp_path: Path) -> None:
    """By its authority and for the server's name; who trusts another authority is told what to do."""
    authority, other = [Authority(Path(tempfile.mkdtemp(dir=tmp_path))) for _ in range(2)]
    async with tls_front(authority.server()) as port:
        address = f"postgresql://postgres:pw-1@{LOOPBACK}:{port}/postgres?job={tmp_path.name}&sslmode=verify-full"
        trusting, doubting = [f"{address}&sslrootcert={each.bundle}" for each in (authority, other)]
        async with open_ledger(LedgerLocation(trusting), SETTINGS, version="1") as ledger:
            report = await ledger.plan(entries("ab"), INPUT)
            counts = await asyncio.to_thread(counted, ledger)
        with pytest.raises(LedgerError, match="certificate cannot be trusted") as refusal:
            async with open_ledger(LedgerLocation(doubting), SETTINGS, version="1"):
                pass

    assert report.counts == counts
    assert "sslrootcert" in refusal.value.cure
    assert "pw-1" not in f"{refusal.value} {refusal.value.cure}"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[asyncpg.Connection]:
    """Return the connections that are opened from now on."""
    opened: list[asyncpg.Connection] = []
    connect = asyncpg.connect

    async def noted(*values: Any, **named: Any) -> asyncpg.Connection:
        opened.append(await connect(*values, **named))
        return opened[-1]

    monkeypatch.setattr(asyncpg, "connect", noted)
    return opened


async def test_a_connection_that_cannot_be_set_up_is_closed(
    connected: list[asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first statement fails, and where the caller is cancelled meanwhile."""
    address = LedgerLocation(f"{address_of_session()}&job=any").postgres_address()
    monkeypatch.setattr(connection, "_DURABLE", "SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.open_connection(address)
    monkeypatch.setattr(connection, "_DURABLE", "SELECT pg_sleep(60)")
    opening = asyncio.create_task(connection.open_connection(address))
    while len(connected) < 2:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])

    assert opening.cancelled()
    assert [each.is_closed() for each in connected] == [True, True]


def test_a_reader_whose_connection_cannot_be_set_up_closes_it(
    connected: list[asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its loop, as any other."""
    monkeypatch.setattr(loop_thread, "HASHES_AND_MERGES", "SELECT 1 / 0")
    address = LedgerLocation(f"{address_of_session()}&job=any").postgres_address()

    with pytest.raises(asyncpg.DivisionByZeroError), loop_thread.LoopThread() as thread:
        thread.open(address)

    assert [each.is_closed() for each in connected] == [True]
