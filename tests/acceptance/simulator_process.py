"""``provisioner simulate`` in a separate process, read through its inspection pages."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Simulator:
    """A running simulator: its URL and its inspection pages."""

    url: str

    @property
    def port(self) -> int:
        """Port on which the simulator listens."""
        return int(self.url.rpartition(":")[2])

    async def state(self) -> dict[str, Any]:
        """Return the simulator's counts, including the list of arrivals."""
        document: dict[str, Any] = json.loads(await self._page("state?arrivals=1"))
        return document

    async def conversations(self) -> list[dict[str, Any]]:
        """Return all conversations that the simulator has created."""
        return [json.loads(line) for line in (await self._page("conversations")).splitlines()]

    async def has_seen(self, count: int) -> None:
        """Wait until ``count`` requests have arrived."""
        while len((await self.state())["arrivals"]) < count:  # noqa: ASYNC110 - another process has no events
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
"""Function that starts a simulator with the given flags."""
