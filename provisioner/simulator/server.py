"""Start and stop of the simulator's HTTP server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from .hosts import is_loopback
from .settings import SimulatorSettings
from .state import Clock, SimulatorState

GRACE_S = 0.05
"""Seconds that requests in progress may take when the simulator stops."""


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A simulator that accepts requests. ``state`` is live: it changes while requests come in."""

    base_url: str
    port: int
    state: SimulatorState


@asynccontextmanager
async def open_simulator(
    settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[RunningSimulator]:
    """Serve a simulated Twilio until the context ends; port 0 takes any free port.

    On a ``host`` that other machines reach, all of them can use it. At the end of the context, requests in
    progress are cut off, stalled ones included. Raise ``OSError`` when the port is not available.
    """
    # Importing aiohttp takes 0.2 s, which only the start of a server should cost.
    from aiohttp import web  # noqa: PLC0415 - see above

    from .app import Application  # noqa: PLC0415 - see above
    from .connection import Connection  # noqa: PLC0415 - see above

    state = SimulatorState(settings, Clock(time.time, time.monotonic))
    listener = Listener(host, port)
    app = Application(state, refuse=listener.refuse_for, is_remote=not is_loopback(host))
    server = web.Server(app.handle)
    loop = asyncio.get_running_loop()
    # Bodies are decompressed by the application, which answers what does not match its Content-Encoding.
    options: dict[str, Any] = {"access_log": None, "auto_decompress": False}
    options["keepalive_timeout"] = settings.keep_alive_s
    await listener.open(lambda: Connection(server, loop=loop, **options))
    try:
        shown_host = f"[{host}]" if ":" in host else host
        yield RunningSimulator(f"http://{shown_host}:{listener.port}", listener.port, state)
    finally:
        await listener.close()
        await server.shutdown(GRACE_S)


class Listener:
    """Listening port that can refuse connections for a while, as if no server were there."""

    _RETRY_S = 0.05

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        self._host = host
        self._factory: Callable[[], asyncio.BaseProtocol] = asyncio.Protocol
        self._listener: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        """Accept connections from now on; ``factory`` makes the protocol of each.

        Raise ``OSError`` when the port is not available.
        """
        self._factory = factory
        self._listener = await asyncio.get_running_loop().create_server(factory, self._host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def refuse_for(self, seconds: float) -> None:
        """Refuse new connections for ``seconds``; open connections stay. A closed port is not closed again."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        self._reopening = asyncio.create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while True:
            try:
                return await self.open(self._factory)
            except OSError:
                # Another process took the port meanwhile: retry until the port is free again.
                await asyncio.sleep(self._RETRY_S)

    async def close(self) -> None:
        """Refuse new connections for good."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.wait([self._reopening])
        if self._listener is not None:
            self._listener.close()
