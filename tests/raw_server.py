"""Servers that write exactly the bytes of a test and fail in exactly the way that the test sets."""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.wires import laid_wire

Behaviour = Callable[["Visit"], Awaitable[None]]
"""Function that handles one connection; the connection is closed when it returns."""


@dataclass
class Visit:
    """One connection on the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "RawServer"

    async def read_request(self) -> bytes:
        """Return one complete request; raise ``IncompleteReadError`` when the client has disconnected."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        request = head + await self.reader.readexactly(int(length[1]) if length else 0)
        self.server.requests.append(request)
        return request

    async def write(self, data: bytes) -> None:
        """Write these bytes unchanged."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class RawServer:
    """A running server: its URL and the requests that it has received."""

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def raw_server(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve on loopback; the n-th connection gets the n-th behaviour, all later ones the last.

    Without ``tls``, the server uses the current wire, see ``wires``.
    """
    server, tls = RawServer(), tls or laid_wire().tls
    visits: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        writers.append(writer)
        behave = behaviours[min(server.connections, len(behaviours) - 1)]
        server.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await behave(Visit(reader, writer, server))
        writer.close()
        visits.discard(task)

    listening = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listening.close()
        for task in list(visits):
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        for writer in writers:  # over TLS, a normal close waits for the other side's close message
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


def reply(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return the bytes of a complete HTTP response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answering(*replies: bytes) -> Behaviour:
    """Return a behaviour that answers the requests of a connection in turn, and repeats the last reply."""

    async def behave(visit: Visit) -> None:
        turn = 0
        while True:
            await visit.read_request()
            await visit.write(replies[min(turn, len(replies) - 1)])
            turn += 1

    return behave


async def stalling(visit: Visit) -> None:
    """Read the request and never answer."""
    await visit.read_request()
    await asyncio.Event().wait()


async def closing(visit: Visit) -> None:
    """Read the request and close without an answer."""
    await visit.read_request()


async def resetting(visit: Visit) -> None:
    """Read the request and reset the connection."""
    await visit.read_request()
    visit.reset()


def free_port() -> int:
    """Return a loopback port on which no program listens.

    It stays bound while this process lives, so that the kernel gives it to no other test at the same moment; a
    server that names it can listen on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.detach()
        return port
