"""Starts and stops the simulator."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from .hosts import is_loopback
from .settings import SimulatorSettings
from .state import Clock, SimulatorState

GRACE_S = 0.05
"""How long requests in progress may go on once the simulator stops."""


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
    """Serve a simulated Twilio until the context ends; port 0 takes any free one.

    On another ``host`` than this machine's own, everyone who reaches it can use it.
    Requests still in progress then, stalled ones included, are cut off. Raise ``OSError`` when the port
    is not available.
    """
    # aiohttp takes a fifth of a second to import, which only a server that starts has to pay.
    from aiohttp import web  # noqa: PLC0415 - see above

    from .app import Application  # noqa: PLC0415 - see above

    state = SimulatorState(settings, Clock(time.time, time.monotonic))
    listener = Listener(host, port)
    app = Application(state, refuse=listener.refuse_for, is_remote=not is_loopback(host))
    server = web.Server(app.handle, access_log=None, keepalive_timeout=settings.keep_alive_s)
    await listener.open(server)
    try:
        shown_host = f"[{host}]" if ":" in host else host
        yield RunningSimulator(f"http://{shown_host}:{listener.port}", listener.port, state)
    finally:
        await listener.close()
        await server.shutdown(GRACE_S)


class Listener:
    """The listening port, which can refuse callers for a while, as if no server were there."""

    _RETRY_S = 0.05

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        self._host = host
        self._factory: Callable[[], asyncio.BaseProtocol] = asyncio.Protocol
        self._listener: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        """Accept connections from now on and hand each to a new protocol."""
        self._factory = factory
        self._listener = await asyncio.get_running_loop().create_server(factory, self._host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def refuse_for(self, seconds: float) -> None:
        """Refuse new connections for so many seconds; those that stand go on. A shut door stays as it is."""
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
                # The port was free for a moment and may be taken; it is ours again once it is given back.
                await asyncio.sleep(self._RETRY_S)

    async def close(self) -> None:
        """Refuse new connections for good."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.wait([self._reopening])
        if self._listener is not None:
            self._listener.close()
