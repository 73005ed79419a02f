"""Minimal Twilio stub that counts its requests and fails exactly as a script says."""

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
    """One received request; ``number`` counts from 1, header names are in lower case."""

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
        """Return the customer's name, by which tests distinguish rows."""
        return self.form.get("CustomerFriendlyName", "")


Answer = bytes | Behaviour
"""Bytes of a reply, or a behaviour that handles the connection instead."""

Script = Callable[["StubTwilio", Call], Answer]


def _refusing(_twilio: "StubTwilio", _call: Call) -> Answer:
    return error(404, 20404)


@dataclass
class StubTwilio:
    """A running stub: its URL, the received calls, and the number of conversations by customer.

    ``listing`` is the script for look-ups, which are recorded separately from the calls that create conversations.
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
        """Return the customers' names of all calls in order."""
        return [call.name for call in self.calls]

    async def called(self, times: int) -> None:
        """Wait until ``times`` calls have been received."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.calls) < times:
                self._has_come.clear()
                await self._has_come.wait()

    def create(self, call: Call) -> bytes:
        """Create a conversation and return the 201 reply."""
        self.created[call.name] += 1
        sid = f"CH{call.number:032x}"
        document = {"conversation_sid": sid, "identity": call.form.get("Identity")}
        return reply(201, json.dumps(document).encode(), f"Twilio-Request-Id: RQ{call.number:032x}")

    def __call__(self, request: bytes) -> Answer:
        """Record a request and return the script's answer to it."""
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
"""Function that serves a stub with the given script until the test ends."""


def obliging(twilio: StubTwilio, call: Call) -> bytes:
    """Create a conversation for every call."""
    return twilio.create(call)


def holding(is_free: asyncio.Event, *, after: int = 0) -> Script:
    """Return a script that creates conversations, but holds all calls after the first ``after`` until ``is_free``.

    With it, a program stays in the middle of its run as long as a test needs.
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
    """Return a script that answers every call with this error."""
    return lambda _twilio, _call: error(status, code, *headers)


def error(status: int, code: int, *headers: str) -> bytes:
    """Return an error reply in Twilio's format; its message repeats a value of the request, as Twilio's may."""
    document = {"code": code, "message": "'Customer 1' is invalid", "more_info": "", "status": status}
    return reply(status, json.dumps(document).encode(), "Content-Type: application/json", *headers)


def per_row(answers: Mapping[str, Script]) -> Script:
    """Return a script that selects another script by the customer's name; other customers are created."""
    return lambda twilio, call: answers.get(call.name, obliging)(twilio, call)


async def hanging_up(_visit: Visit) -> None:
    """Close the connection instead of a reply."""


async def resetting(visit: Visit) -> None:
    """Reset the connection instead of a reply."""
    visit.reset()


async def keeping_silent(_visit: Visit) -> None:
    """Never reply."""
    await asyncio.Event().wait()


def cutting(part: bytes) -> Behaviour:
    """Return a behaviour that writes ``part`` of a reply and closes the connection."""

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
