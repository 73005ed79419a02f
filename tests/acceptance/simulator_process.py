"""``provisioner simulate`` in a process of its own, as its pages show it."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Simulator:
    """Where it listens, and what it tells of itself."""

    url: str

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    async def state(self) -> dict[str, Any]:
        """Return what it counted, arrivals included."""
        document: dict[str, Any] = json.loads(await self._page("state?arrivals=1"))
        return document

    async def conversations(self) -> list[dict[str, Any]]:
        """Return everything it created."""
        return [json.loads(line) for line in (await self._page("conversations")).splitlines()]

    async def has_seen(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len((await self.state())["arrivals"]) < count:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)

    async def _page(self, name: str) -> str:
        return await asyncio.to_thread(self._get, f"/_simulator/{name}")

    def _get(self, path: str) -> str:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=20)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()


SimulatorMaker = Callable[..., Awaitable[Simulator]]
"""Starts a simulator with the given flags."""
