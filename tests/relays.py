"""What stands between a client and its server: a proxy that tunnels, and TLS in front of a server without it."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

_SLICE = 1 << 16
_HANDSHAKE_S = 10.0

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class ConnectProxy:
    """A running http proxy: where it is, and the heads of the requests that it was sent."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def connect_proxy() -> AsyncIterator[ConnectProxy]:
    """Serve as an http proxy on loopback that does nothing but ``CONNECT``, as those of companies do for TLS."""
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
    """Speak TLS for the server on ``port`` of loopback; yield the URL to call in its place.

    Where the server takes no connection the client's is reset before its handshake, and where the server resets
    one so is the client's.
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
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, accepted, ssl=tls, ssl_handshake_timeout=_HANDSHAKE_S
        )
        await _join((reader, asyncio.StreamWriter(transport, protocol, reader, loop)), upstream)

    async with _accepting(serve) as own:
        yield f"https://127.0.0.1:{own}"


@asynccontextmanager
async def _accepting(serve: Callable[[socket.socket], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve each connection to a free port, which is yielded, in a task of its own; all end with the context."""
    loop, running = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def start(work: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(work)
        running.add(task)
        task.add_done_callback(running.discard)

    async def visit(accepted: socket.socket) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # the client has gone, or does not trust us
            await serve(accepted)

    async def accept(listening: socket.socket) -> None:
        while True:
            accepted, _ = await loop.sock_accept(listening)
            start(visit(accepted))

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        listening.setblocking(False)  # noqa: FBT003 - it takes no names
        start(accept(listening))
        try:
            yield int(listening.getsockname()[1])
        finally:
            ending = [*running]
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)


async def _join(one: Stream, other: Stream) -> None:
    """Carry everything between two connections until both sides are done; what is left is cut off."""
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


def _reset_on_close(connection: socket.socket) -> None:
    """Let the other side see a reset and not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
