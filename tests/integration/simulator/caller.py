"""Plain HTTP client of the simulator, without any code of the worker."""

import asyncio
import json
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import aiohttp
from multidict import CIMultiDictProxy

from provisioner.simulator import RunningSimulator
from provisioner.simulator.state import SimulatorState

ADDRESS = "IG" + "a" * 32
ACCOUNT = "AC" + "1" * 32
KEY = "SK" + "2" * 32
FORM = "application/x-www-form-urlencoded"
IMPATIENCE = aiohttp.ClientTimeout(total=5)


@dataclass(frozen=True)
class Heard:
    """A received reply."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """Body decoded from JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> tuple[int, int]:
        """HTTP status and Twilio's error code."""
        return self.status, self.json["code"]


@dataclass(frozen=True)
class Caller:
    """Client of one simulator with the credentials of one account."""

    running: RunningSimulator
    session: aiohttp.ClientSession
    username: str = ACCOUNT
    password: str = "token"
    headers: Mapping[str, str] = field(default_factory=dict)

    def saying(self, **headers: str) -> "Caller":
        """Return a caller that also sends these headers; underscores in names become hyphens."""
        return replace(self, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Heard:
        """Send one request to a path or a complete URL, and return the reply."""
        credentials = {"Authorization": aiohttp.encode_basic_auth(self.username, self.password)}
        async with self.session.request(
            method,
            url if url.startswith("http") else self.running.base_url + url,
            data=body,
            headers={**credentials, **self.headers, **(headers or {})},
            allow_redirects=False,
            timeout=IMPATIENCE,
        ) as response:
            return Heard(response.status, response.headers, await response.read())

    async def get(self, url: str) -> Heard:
        """Send a GET request and return the reply."""
        return await self.call("GET", url)

    async def post(self, path: str, /, **fields: str) -> Heard:
        """Post a form and return the reply."""
        return await self.call("POST", path, urlencode(fields).encode(), {"Content-Type": FORM})

    async def create(self, **fields: str) -> Heard:
        """Create a WebChat with the default address SID, and return the reply."""
        return await self.post("/v2/WebChats", **({"AddressSid": ADDRESS} | fields))

    async def create_sid(self, **fields: str) -> str:
        """Create a WebChat and return its conversation's SID."""
        heard = await self.create(**fields)
        assert heard.status == 201
        return str(heard.json["conversation_sid"])

    async def state(self) -> Any:
        """Return the simulator's counts."""
        return (await self.get("/_simulator/state")).json

    async def wait_for(self, is_reached: Callable[[SimulatorState], object]) -> None:
        """Wait until ``is_reached`` is true of the simulator's state."""
        async with asyncio.timeout(60):
            while not is_reached(self.running.state):  # noqa: ASYNC110 - the simulator has no events to wait for
                await asyncio.sleep(0.002)

    async def conversations(self) -> list[Any]:
        """Return all conversations of the simulator."""
        lines = (await self.get("/_simulator/conversations")).body.splitlines()
        return [json.loads(line) for line in lines]

    async def exchange(self, sent: bytes) -> bytes:
        """Send raw bytes on a new connection and return all bytes received until it is closed.

        Raise ``ConnectionResetError`` when the connection is reset.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.running.port)
        try:
            writer.write(sent)
            return await asyncio.wait_for(reader.read(), timeout=5)
        finally:
            writer.transport.abort()

    def raw_webchat(self, **fields: str) -> bytes:
        """Return the bytes of a WebChats request."""
        body = urlencode({"AddressSid": ADDRESS} | fields)
        lines = [
            "POST /v2/WebChats HTTP/1.1",
            "Host: simulator",
            f"Authorization: {aiohttp.encode_basic_auth(self.username, self.password)}",
            f"Content-Type: {FORM}",
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


Simulate = Callable[..., Awaitable[Caller]]
"""Function that starts a simulator with the given settings and returns its caller."""
