"""Network between one process and the database, which can be cut: bytes stay, and nobody is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SLICE = 1 << 16


class Wire:
    """Relay on a loopback port of its own to the database's port."""

    def __init__(self, port: int) -> None:
        self._target, self.port = port, 0
        self._is_up = asyncio.Event()
        self._is_up.set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def cut(self, seconds: float) -> None:
        """Let no byte through for some seconds; connections stay open, as when a cable is pulled."""
        self._is_up.clear()
        await asyncio.sleep(seconds)
        self._is_up.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the bytes of one connection on in both directions."""
        try:
            far = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        one = asyncio.create_task(self._pump(reader, far[1]))
        other = asyncio.create_task(self._pump(far[0], writer))
        self._pumps |= {one, other}
        await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        for task in (one, other):
            task.cancel()
            self._pumps.discard(task)
        for stream in (writer, far[1]):
            stream.transport.abort()

    def end(self) -> None:
        """Stop all relaying."""
        for task in self._pumps:
            task.cancel()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(_SLICE):
                await self._is_up.wait()
                sink.write(data)
                await sink.drain()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """Serve a wire to the database on ``port``."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.end()
        server.close()
