"""Relays between a client and its server: a CONNECT proxy, and TLS in front of a plain http server."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

_SLICE = 1 << 16
_HANDSHAKE_S = 10.0

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class ConnectProxy:
    """A running http proxy: its URL, and the heads of the requests that it has received."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def connect_proxy() -> AsyncIterator[ConnectProxy]:
    """Serve as an http proxy on loopback that supports only ``CONNECT``, as company proxies do for TLS."""
    proxy = ConnectProxy()

    async def serve(accepted: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=accepted)
        head = await reader.readuntil(b"\r\n\r\n")
        proxy.requests.append(head)
        host, _, port = head.split()[1].decode().rpartition(":")
        try:
            upstream = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join((reader, writer), upstream)

    async with _accepting(serve) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


@asynccontextmanager
async def tls_relay(port: int, tls: ssl.SSLContext) -> AsyncIterator[str]:
    """Accept TLS connections for the plain server on loopback port ``port``; yield the URL of the relay.

    If the server refuses a connection, the client's is reset before the TLS handshake; if the server resets one,
    the client's is reset, too.
    """

    async def serve(accepted: socket.socket) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            _reset_on_close(accepted)
            accepted.close()
            return
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with _aborting(upstream):
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, accepted, ssl=tls, ssl_handshake_timeout=_HANDSHAKE_S
            )
            await _join((reader, asyncio.StreamWriter(transport, protocol, reader, loop)), upstream)

    async with _accepting(serve) as own:
        yield f"https://127.0.0.1:{own}"


@asynccontextmanager
async def tcp_relay(port: int, *, own_port: int) -> AsyncIterator[None]:
    """Pass connections to ``own_port`` of loopback on to the server on ``port``; outside nobody listens there."""

    async def serve(accepted: socket.socket) -> None:
        client = await asyncio.open_connection(sock=accepted)
        with _aborting(client):
            await _join(client, await asyncio.open_connection("127.0.0.1", port))

    async with _accepting(serve, own_port):
        yield


@asynccontextmanager
async def _accepting(serve: Callable[[socket.socket], Awaitable[None]], own_port: int = 0) -> AsyncIterator[int]:
    """Listen on a port, 0 for a free one, and yield it; ``serve`` connections in tasks, cancelled at the end."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def start(work: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    async def visit(accepted: socket.socket) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # the client is gone, or rejects the certificate
            await serve(accepted)

    async def accept(listening: socket.socket) -> None:
        while True:
            accepted, _ = await loop.sock_accept(listening)
            start(visit(accepted))

    with socket.create_server(("127.0.0.1", own_port), backlog=128) as listening:
        listening.setblocking(False)  # noqa: FBT003 - it takes no keyword
        start(accept(listening))
        try:
            yield int(listening.getsockname()[1])
        finally:
            ending = [*running]
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)


@contextmanager
def _aborting(stream: Stream) -> Iterator[None]:
    """End a connection when the context is left, also where the other one never came about."""
    try:
        yield
    finally:
        stream[1].transport.abort()


async def _join(one: Stream, other: Stream) -> None:
    """Copy bytes in both directions between two connections until both have ended; then close both."""
    try:
        await asyncio.gather(_pump(one[0], other[1]), _pump(other[0], one[1]))
    finally:
        one[1].transport.abort()
        other[1].transport.abort()
        with suppress(OSError):
            await one[1].wait_closed()
            await other[1].wait_closed()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(_SLICE):
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        _reset_on_close(sink.get_extra_info("socket"))
        sink.transport.abort()
        raise
    if sink.can_write_eof():
        sink.write_eof()
    else:
        sink.close()


def _reset_on_close(connection: socket.socket | None) -> None:
    """Make a later close of the socket send a TCP reset instead of a normal end; None is one closed before."""
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
