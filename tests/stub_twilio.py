"""A Twilio of a few lines, that counts what reaches it and misbehaves exactly as told."""

import asyncio
import json
import time
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.raw_server import Behaviour, Visit, raw_server, reply

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Call:
    """One request as it arrived; ``number`` counts from 1, header names are in lower case."""

    number: int
    target: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    at: float
    body: bytes = b""

    @property
    def credentials(self) -> str:
        """Return ``user:password`` of Basic auth."""
        scheme, _, encoded = self.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        return b64decode(encoded).decode()

    @property
    def name(self) -> str:
        """Return the customer's name, by which tests tell rows apart."""
        return self.form.get("CustomerFriendlyName", "")


Answer = bytes | Behaviour
"""The bytes of a reply, or what to do with the connection in its place."""

Script = Callable[["StubTwilio", Call], Answer]


def _refusing(_twilio: "StubTwilio", _call: Call) -> Answer:
    return error(404, 20404)


@dataclass
class StubTwilio:
    """Where it listens, what came, and how many conversations it made of each customer.

    ``listing`` answers look-ups, which are kept apart from the calls that ask for conversations.
    """

    script: Script
    listing: Script = _refusing
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    lookups: list[Call] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)
    _has_come: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def names(self) -> list[str]:
        """Return whom the calls were for, in their order."""
        return [call.name for call in self.calls]

    async def called(self, times: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.calls) < times:
                self._has_come.clear()
                await self._has_come.wait()

    def create(self, call: Call) -> bytes:
        """Create the conversation and return the reply that says so."""
        self.created[call.name] += 1
        sid = f"CH{call.number:032x}"
        document = {"conversation_sid": sid, "identity": call.form.get("Identity")}
        return reply(201, json.dumps(document).encode(), f"Twilio-Request-Id: RQ{call.number:032x}")

    def __call__(self, request: bytes) -> Answer:
        """Note a request and decide what comes of it."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        form = dict(parse_qsl(body.decode(), strict_parsing=bool(body)))
        method, target, _ = first.split()
        kept, script = (self.lookups, self.listing) if method == "GET" else (self.calls, self.script)
        call = Call(len(kept) + 1, target, headers, form, time.monotonic(), body)
        kept.append(call)
        self._has_come.set()
        return script(self, call)


StubMaker = Callable[..., Awaitable[StubTwilio]]
"""Serves a stub of the given script until the test ends."""


def obliging(twilio: StubTwilio, call: Call) -> bytes:
    """Create whatever is asked for."""
    return twilio.create(call)


def holding(is_free: asyncio.Event, *, after: int = 0) -> Script:
    """Create what is asked for, but all calls behind the first ``after`` no sooner than ``is_free`` is set.

    So a program stays in the middle of its run for as long as a test has need of it.
    """

    def script(twilio: StubTwilio, call: Call) -> Answer:
        if call.number <= after:
            return twilio.create(call)

        async def answer(visit: Visit) -> None:
            await is_free.wait()
            await visit.write(twilio.create(call).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

        return answer

    return script


def failing(status: int, code: int, *headers: str) -> Script:
    """Answer everything with one of Twilio's errors."""
    return lambda _twilio, _call: error(status, code, *headers)


def error(status: int, code: int, *headers: str) -> bytes:
    """Return an error as Twilio writes it; its message repeats a value, as Twilio's do."""
    document = {"code": code, "message": "'Customer 1' is invalid", "more_info": "", "status": status}
    return reply(status, json.dumps(document).encode(), "Content-Type: application/json", *headers)


def per_row(answers: Mapping[str, Script]) -> Script:
    """Choose the script by the customer's name; everybody else is created."""
    return lambda twilio, call: answers.get(call.name, obliging)(twilio, call)


async def hanging_up(_visit: Visit) -> None:
    """Close the connection in place of a reply."""


async def resetting(visit: Visit) -> None:
    """Reset the connection in place of a reply."""
    visit.reset()


async def keeping_silent(_visit: Visit) -> None:
    """Never reply."""
    await asyncio.Event().wait()


def cutting(part: bytes) -> Behaviour:
    """Write a part of a reply and close."""

    async def cut(visit: Visit) -> None:
        await visit.write(part)

    return cut


@asynccontextmanager
async def stub_twilio(script: Script = obliging) -> AsyncIterator[StubTwilio]:
    """Serve a stub on loopback until the context ends."""
    twilio = StubTwilio(script)

    async def serve(visit: Visit) -> None:
        while True:
            result = twilio(await visit.read_request())
            if not isinstance(result, bytes):
                await result(visit)
                return
            await visit.write(result)

    async with raw_server(serve) as server:
        twilio.url = server.url
        yield twilio
