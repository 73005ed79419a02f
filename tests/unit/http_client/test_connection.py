"""What a connection makes of the bytes that arrive, without a socket, and which names of aiohttp it needs."""

import ast
import asyncio
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from provisioner import http_client
from provisioner.http_client import connection
from provisioner.http_client.connection import HttpConnection, missing_names
from provisioner.http_client.connector import BufferedConnection
from provisioner.http_client.exchange import ConnectionLostBeforeSend, Exchange

REQUEST = b"GET / HTTP/1.1\r\n\r\n"
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\n\r\n"


class OpenTransport:
    """Transport that stands, and notes what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Note it."""
        self.written.append(data)

    def is_closing(self) -> bool:
        """Say that it stands."""
        return False

    def get_write_buffer_size(self) -> int:
        """Say that all is written."""
        return 0

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


def opened() -> HttpConnection:
    """Return a connection over such a transport."""
    line = HttpConnection(asyncio.get_running_loop())
    line.transport = cast("asyncio.Transport", OpenTransport())
    return line


def ask(line: HttpConnection) -> tuple[Exchange, "asyncio.Future[None]"]:
    """Write a request."""
    exchange, answered = Exchange(), asyncio.get_running_loop().create_future()
    line.begin(REQUEST, exchange, answered)
    line.write_request()
    return exchange, answered


@pytest.mark.parametrize("reply", [REPLY, CHUNKED, HINTS + REPLY], ids=["length", "chunked", "interim"])
async def test_replies_are_read_however_they_are_cut(reply: bytes) -> None:
    """Wherever the bytes of a reply are divided, and after any other reply, the same is read of them."""
    line = opened()
    for cut in range(1, len(reply)):
        exchange, answered = ask(line)

        line.data_received(reply[:cut])
        assert not answered.done()
        line.data_received(reply[cut:])

        assert (answered.done(), exchange.status, exchange.body, exchange.is_whole) == (True, 200, b"{}", True)
        assert line.is_idle


async def test_the_beginning_of_a_reply_behind_another_is_not_the_beginning_of_the_next() -> None:
    """Bytes in one piece with the end of a reply are no part of the reply that is asked for later."""
    line = opened()
    ask(line)
    line.data_received(REPLY)
    ask(line)
    line.data_received(REPLY + REPLY[:20])

    exchange, answered = ask(line)
    line.data_received(REPLY)

    assert answered.exception() is None
    assert (exchange.status, exchange.body, exchange.is_whole) == (200, b"{}", True)


async def test_a_second_reply_makes_the_connection_unusable() -> None:
    """Whether it comes with the first one or after it."""
    for pieces in ([REPLY + REPLY], [REPLY, REPLY], [REPLY, REPLY[:1]]):
        line = opened()
        exchange, answered = ask(line)

        for piece in pieces:
            line.data_received(piece)

        assert (answered.done(), exchange.body, exchange.is_whole) == (True, b"{}", True)
        assert not line.is_idle


async def test_nothing_is_written_once_the_server_has_talked() -> None:
    """Bytes that nobody asked for make the connection unusable, and the request counts as not sent."""
    line = opened()
    ask(line)
    line.data_received(REPLY)
    line.data_received(REPLY)

    exchange, answered = ask(line)

    assert not line.is_idle
    assert isinstance(answered.exception(), ConnectionLostBeforeSend)
    assert exchange.sent is None
    assert cast("OpenTransport", line.transport).written == [REQUEST]


async def test_a_body_that_fills_the_parsers_buffer_is_read_on() -> None:
    """A reply of many tiny chunks pauses the parser, and all of it is read all the same."""
    line = opened()
    exchange, answered = ask(line)

    line.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 100_000)
    line.data_received(b"0\r\n\r\n")

    assert answered.done()
    assert (exchange.is_whole, exchange.body) == (True, b" " * 100_000)


async def test_a_buffered_connection_reads_the_same() -> None:
    """On asyncio's loops the bytes come through a buffer that all connections share; none is read twice."""
    buffer = memoryview(bytearray(1_024))
    line = BufferedConnection(asyncio.get_running_loop(), buffer)
    line.transport = cast("asyncio.Transport", OpenTransport())
    exchange, answered = ask(line)

    for piece in (REPLY[:30], REPLY[30:]):
        line.get_buffer(-1)[: len(piece)] = piece
        line.buffer_updated(len(piece))
        buffer[:] = bytes(1_024)

    assert (answered.done(), exchange.status, exchange.body) == (True, 200, b"{}")


async def test_the_undocumented_names_of_aiohttp_are_these_and_no_others() -> None:
    """One module alone uses them; a longer list is a step back, and a missing name is told."""
    assert connection.NAMES == {
        "aiohttp.client_proto.ResponseHandler": (
            "_parser",
            "abort",
            "force_close",
            "is_connected",
            "pause_reading",
            "resume_reading",
            "set_response_params",
            "should_close",
            "transport",
        ),
        "aiohttp.connector.BaseConnector": ("_factory", "connect"),
        "aiohttp.connector.Connection": ("close", "protocol"),
        "aiohttp.http.RawResponseMessage": ("code", "headers", "should_close"),
    }
    assert missing_names() == ()


def test_one_module_alone_imports_what_aiohttp_does_not_offer() -> None:
    """All others take what ``aiohttp`` itself exports, and no attribute of its modules."""
    folder = Path(http_client.__file__).parent
    found = {
        (path.name, name)
        for path in folder.glob("*.py")
        for name in names_of_aiohttp(ast.parse(path.read_text(encoding="utf-8")))
        if name not in aiohttp.__all__ and name != "__version__"
    }

    assert found == {
        ("connection.py", "aiohttp.client_proto.ResponseHandler"),
        ("connection.py", "aiohttp.connector.Connection"),
        ("connection.py", "aiohttp.http.RawResponseMessage"),
    }


def names_of_aiohttp(tree: ast.Module) -> set[str]:
    """Return what a module imports from aiohttp and reads of it, by bare name where ``aiohttp`` exports it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aiohttp":
            names.update(f"{node.module}.{each.name}".removeprefix("aiohttp.") for each in node.names)
            names = {name if "." not in name else f"aiohttp.{name.removeprefix('aiohttp.')}" for name in names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "aiohttp":
            names.add(node.attr)
    return names


async def test_a_missing_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name that the installed aiohttp lacks is told with its class, and so is a parser of another kind."""
    kind = "aiohttp.connector.Connection"
    monkeypatch.setitem(connection.NAMES, kind, ("close", "gone"))
    assert missing_names() == (f"{kind}.gone",)

    monkeypatch.setitem(connection.NAMES, kind, ("close",))
    monkeypatch.setattr(HttpConnection, "set_response_params", lambda *_, **__: None)
    assert missing_names() == ("aiohttp.http.HttpResponseParser.feed_data",)


WHOLE = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n"
REPLIES = {
    "plain": WHOLE + b"\r\n{}",
    "no body": b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    "last one": WHOLE + b"Connection: close\r\n\r\n{}",
    "old": b"HTTP/1.0 201 Created\r\nContent-Length: 2\r\n\r\n{}",
    "chunked": b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked with a length": WHOLE + b"Transfer-Encoding: chunked\r\n\r\n{}",
    "compressed": WHOLE + b"Content-Encoding: deflate\r\n\r\n{}",
    "two lengths": WHOLE + b"Content-Length: 3\r\n\r\n{}",
    "more than its length": WHOLE + b"\r\n{}}",
    "another reply behind it": 2 * (WHOLE + b"\r\n{}"),
    "an interim reply before it": b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE + b"\r\n{}",
    "an interim reply with a length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n{}",
    "nothing follows a 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
    "nothing follows a 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


def read(*parts: bytes) -> tuple[object, ...]:
    """Return what a connection makes of a reply that comes in these parts."""
    line = opened()
    exchange, answered = ask(line)
    for part in parts:
        line.data_received(part)
    error = type(answered.exception()) if answered.done() else None
    return exchange.status, exchange.body, exchange.is_whole, answered.done(), error, line.is_reusable


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
async def test_a_reply_means_the_same_at_once_and_in_two_parts(reply: bytes) -> None:
    """The quick way for a whole reply takes none that the parser would read otherwise."""
    head = reply[: reply.find(b"\r\n") + 1]

    assert read(reply) == read(head, reply[len(head) :])


async def test_a_connection_reads_one_whole_reply_after_the_other() -> None:
    """Its parser of heads is used again, also after a reply that it did not read to the end."""
    line, bodies = opened(), []
    for reply in (REPLIES["plain"], REPLIES["chunked"], REPLIES["no body"], REPLIES["plain"]):
        exchange, _ = ask(line)
        line.data_received(reply)
        bodies.append(exchange.body if exchange.is_whole else b"cut")

    assert bodies == [b"{}", b"{}", b"", b"{}"]
