"""Connections: opening them, and those that the server ends, or talks over, between two requests."""

import asyncio
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from shutil import which
from typing import Self

import aiohttp
import pytest

from provisioner.http_client import pool
from provisioner.http_client.connection import HttpConnection
from provisioner.http_client.exchange import MAX_REUSE_REQUEST_BYTES
from provisioner.http_client.pool import ConnectionPool
from provisioner.http_client.transport import Reply
from provisioner.models import AttemptResult, Verdict, WebChatRequest
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.webchats import WebChatClient
from tests.gates import HeldGate, OpenGate
from tests.raw_server import Visit, free_port, raw_server, reply, stalling
from tests.tls import Authority
from tests.wires import TLS12, TLS13, LayWire, Wire, laid_wire, open_transport

REQUEST = WebChatRequest(address_sid="IG" + 32 * "a", customer_friendly_name="Ada", identity="wc-1")
CREATED = reply(201, b'{"conversation_sid": "CH%s"}' % (32 * b"e"))
PATIENCE_S = 10.0


@pytest.fixture(autouse=True)
def wire() -> None:
    """Lay no wire: these tests go through those that they are about."""


@asynccontextmanager
async def client_of(url: str, *, timeout_s: float = 5.0) -> AsyncIterator[WebChatClient]:
    """Open a client of the server at ``url``."""
    async with open_transport(SIMULATED, version="1", base_url=url, timeout_s=timeout_s) as opened:
        yield WebChatClient(opened)


async def test_a_refused_connection_was_never_sent() -> None:
    """Nobody listens: nothing was sent, and the message names host and reason."""
    async with client_of(f"http://127.0.0.1:{free_port()}") as client:
        result = await client.create(REQUEST, OpenGate())

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.error == "127.0.0.1 cannot be reached: Connection refused"
    assert result.due == result.ended


async def test_an_unknown_name_was_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved is told as such."""

    async def resolve(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    async with client_of("https://twilio.invalid") as client:
        result = await client.create(REQUEST, OpenGate())

    assert (result.verdict, result.error) == (Verdict.NOT_PROCESSED, "the name twilio.invalid cannot be resolved")


async def test_connecting_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and never finishes the TLS handshake costs the connect limit, and is unsent."""
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 0.05)

    async with raw_server(stalling) as server, client_of(server.url.replace("http", "https")) as client:
        result = await client.create(REQUEST, OpenGate())

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.error == "no connection to 127.0.0.1 in time"


async def test_a_reply_that_begins_as_time_is_up_and_never_ends_is_given_up() -> None:
    """Where a busy loop hears of the reply's head and of the deadline at once, nobody waits for the rest."""

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            time.sleep(0.1)
            connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n")
            connection.recv(65536)  # until the client hangs up

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve, args=(listening,))
        serving.start()
        async with client_of(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_s=0.2) as client:
            asyncio.get_running_loop().call_later(0.05, time.sleep, 0.25)
            async with asyncio.timeout(60):
                result = await client.create(REQUEST, OpenGate())
        serving.join()

    assert (result.verdict, result.conversation_sid) == (Verdict.MAYBE, "")


def finish(connection: socket.socket) -> None:
    """End the connection as a kernel does whose process has gone, without a word of TLS."""
    socket.socket.shutdown(connection, socket.SHUT_WR)


def take_leave(connection: socket.socket) -> None:
    """End the connection in good order: over TLS, with its own last message."""
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(0)
        with suppress(OSError):  # the client's own is not waited for
            connection.unwrap()
    finish(connection)


def reset(connection: socket.socket) -> None:
    """Cut the connection the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def begin_to_talk(connection: socket.socket) -> None:
    """Send the beginning of a reply that nobody has asked for."""
    connection.sendall(b"HTTP/1.1 408 Requ")


def talk(connection: socket.socket) -> None:
    """Send a whole reply that nobody has asked for."""
    connection.sendall(reply(408, b"too slow"))


class IdleServer:
    """Answers one request, and does something to its connection when it is told to, in a thread of its own."""

    def __init__(self, wire: Wire, do: Callable[[socket.socket], None]) -> None:
        self._wire, self._do = wire, do
        self._told, self._done = threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = f"{wire.scheme}://127.0.0.1:{self._listening.getsockname()[1]}"
        self.received = b""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE_S)
        self._listening.close()

    def strike(self) -> None:
        """Let it do what it does; return when that is on its way, while the caller's loop stands still."""
        self._told.set()
        assert self._done.wait(PATIENCE_S)

    def _serve(self) -> None:
        accepted, _ = self._listening.accept()
        tls = self._wire.tls
        with tls.wrap_socket(accepted, server_side=True) if tls else accepted as connection:
            connection.settimeout(PATIENCE_S)
            while b"Identity" not in self.received:
                self.received += connection.recv(65536)
            connection.sendall(CREATED)
            self.received = b""
            self._told.wait(PATIENCE_S)
            self._do(connection)
            self._done.set()
            with suppress(OSError):
                connection.settimeout(PATIENCE_S)
                self.received = connection.recv(65536)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[HttpConnection]:
    """Return the connections that requests took, as they take them."""
    seen: list[HttpConnection] = []
    take = ConnectionPool.acquire

    async def take_and_note(self: ConnectionPool, way: aiohttp.ClientRequest) -> HttpConnection:
        seen.append(await take(self, way))
        return seen[-1]

    monkeypatch.setattr(ConnectionPool, "acquire", take_and_note)
    return seen


def await_bytes(connection: HttpConnection) -> None:
    """Return when the system has something for the connection; its loop stands still and does not see it yet."""
    transport = connection.transport
    assert transport is not None
    assert select.select([transport.get_extra_info("socket").fileno()], [], [], PATIENCE_S)[0]


async def create_when_struck(server: IdleServer, taken: list[HttpConnection]) -> AttemptResult:
    """Create one WebChat, and another at whose turn the server strikes and the loop has not heard of it yet."""
    gate, loop = HeldGate(), asyncio.get_running_loop()
    async with client_of(server.url) as client:
        first = await client.create(REQUEST, OpenGate())
        second = asyncio.ensure_future(client.create(REQUEST, gate))
        await gate.reached.wait()
        server.strike()
        await_bytes(taken[-1])
        loop.call_soon(gate.opened.set)
        result = await second
    assert first.verdict is Verdict.CREATED
    return result


@pytest.mark.parametrize("do", [finish, take_leave, reset, begin_to_talk, talk])
async def test_an_idle_connection_that_the_server_ends_or_talks_over_sent_nothing(
    do: Callable[[socket.socket], None], lay_wire: LayWire, taken: list[HttpConnection]
) -> None:
    """It is seen on every wire, however it is done and however busy the loop is; the row is sent again."""
    for chosen in (Wire(), TLS13, TLS12):
        lay_wire(chosen)
        with IdleServer(laid_wire(), do) as server:
            result = await create_when_struck(server, taken)

        assert (chosen, result.verdict, result.error_code, result.sent, server.received) == (
            chosen,
            Verdict.NOT_PROCESSED,
            "connection_lost",
            None,
            b"",
        )


async def test_messages_of_tls_itself_are_no_talk(
    lay_wire: LayWire, authority: Authority, taken: list[HttpConnection], tmp_path: Path
) -> None:
    """Session tickets after the handshake, and keys that the server renews between requests, end no connection."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program, which can renew the keys of a connection")
    lay_wire(TLS13)
    files = authority.write_certificate(tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(openssl, "s_server", "-accept", "127.0.0.1:0", "-tls1_3", *files),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    server, said = process.stdin, process.stdout
    assert server is not None
    assert said is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            place = await said.readuntil(b"ACCEPT 127.0.0.1:")
            port = int(await said.readline())
            assert place
            async with client_of(f"https://127.0.0.1:{port}") as client:
                answers = []
                for command in (b"", b"k\n", b"K\n"):  # renew the server's keys; renew both sides'
                    server.write(command)
                    await server.drain()
                    if command:
                        await_bytes(taken[-1])
                    creation = asyncio.ensure_future(client.create(REQUEST, OpenGate()))
                    await said.readuntil(b"&Identity=wc-1")
                    server.write(CREATED)
                    answers.append((await creation).verdict)
    finally:
        process.kill()
        await process.communicate()

    assert answers == [Verdict.CREATED] * 3
    assert (await process.wait()) < 0


async def test_a_server_that_answers_before_it_has_read_all_gets_no_further_request(lay_wire: LayWire) -> None:
    """What is left of a large request may stand before the next one for ever, and nobody sees it through TLS."""

    async def answer_early(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined] # streams are typed for writing only
        await visit.write(reply(413, b"{}"))
        await asyncio.Event().wait()

    for chosen in (Wire(), TLS13, TLS12):
        lay_wire(chosen)
        async with (
            raw_server(answer_early) as server,
            open_transport(SIMULATED, version="1", base_url=server.url, timeout_s=1.0) as transport,
        ):
            url, large = f"{server.url}/v2/WebChats", b"x" * MAX_REUSE_REQUEST_BYTES
            replies = [await transport.send("POST", url, gate=OpenGate(), body=large) for _ in range(2)]

        assert [isinstance(each, Reply) for each in replies] == [True, True]
        assert (chosen, server.connections) == (chosen, 2)
