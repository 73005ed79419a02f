"""Servers that write exactly the bytes a test wants, and break in exactly the way it wants."""

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
"""What a server does with one connection; returning closes it."""


@dataclass
class Visit:
    """One connection, as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "RawServer"

    async def read_request(self) -> bytes:
        """Return one whole request; ``IncompleteReadError`` when the client has gone."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        request = head + await self.reader.readexactly(int(length[1]) if length else 0)
        self.server.requests.append(request)
        return request

    async def write(self, data: bytes) -> None:
        """Write these bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection the hard way, so that the client's socket sees a reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class RawServer:
    """A running server: where it is and what reached it."""

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def raw_server(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve on loopback; the n-th connection gets the n-th behaviour, the rest the last one.

    Without ``tls`` of its own it speaks what the wire does that is laid.
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
        for writer in writers:  # over TLS, a connection that is closed waits for the other side to agree
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


def reply(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole HTTP response."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answering(*replies: bytes) -> Behaviour:
    """Answer one request after the other on the same connection, the last reply over and over."""

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
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
