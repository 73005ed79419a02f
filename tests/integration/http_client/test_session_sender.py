"""Requests through the session of another aiohttp: the evidence is never less cautious."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from provisioner.http_client import connection
from provisioner.http_client.exchange import MAX_REPLY_BYTES
from provisioner.http_client.transport import Reply
from provisioner.models import AttemptResult, Verdict, WebChatRequest
from provisioner.ports.sending import SendPermit
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.webchats import WebChatClient
from tests.gates import HeldGate, OpenGate
from tests.raw_server import (
    Behaviour,
    RawServer,
    Visit,
    answering,
    closing,
    free_port,
    raw_server,
    reply,
    resetting,
    stalling,
)
from tests.wires import TLS13, LayWire, Wire, laid_wire, open_transport

REQUEST = WebChatRequest(address_sid="IG" + 32 * "a", customer_friendly_name="Ada & Söhne", identity="wc-1")
BODY = b'{"conversation_sid": "CH%s", "identity": "wc-1"}' % (32 * b"e")
CREATED = reply(201, BODY, "Twilio-Request-Id: RQ1")


@pytest.fixture(autouse=True, params=[Wire(), TLS13], ids=str)
def wire(request: pytest.FixtureRequest, lay_wire: LayWire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay a wire, and let a name of aiohttp be missing."""
    lay_wire(request.param)
    monkeypatch.setitem(connection.NAMES, "aiohttp.connector.Connection", ("gone",))


@asynccontextmanager
async def client_of(
    url: str, *, timeout_s: float = 5.0, permit: SendPermit | None = None
) -> AsyncIterator[WebChatClient]:
    """Open a client of the server at ``url``."""
    opened = open_transport(SIMULATED, version="1", base_url=url, timeout_s=timeout_s, permit=permit)
    async with opened as transport:
        yield WebChatClient(transport)


async def create_at(*behaviours: Behaviour, timeout_s: float = 5.0) -> tuple[AttemptResult, RawServer]:
    """Create one WebChat at a server that behaves so."""
    async with raw_server(*behaviours) as server, client_of(server.url, timeout_s=timeout_s) as client:
        return await client.create(REQUEST, OpenGate()), server


async def test_a_created_webchat_is_told_in_full() -> None:
    """The request is the same but for its last header, and so is what is told of the reply."""
    result, server = await create_at(answering(CREATED))

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert (result.verdict, result.conversation_sid[:3], result.http_status) == (Verdict.CREATED, "CHe", 201)
    assert (result.identity, result.twilio_request_id) == ("wc-1", "RQ1")
    assert result.sent is not None
    assert result.due <= result.sent <= result.ended
    assert body == b"AddressSid=IG" + 32 * b"a" + b"&CustomerFriendlyName=Ada+%26+S%C3%B6hne&Identity=wc-1"
    assert sorted(line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]) == [
        *("Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Length", "Content-Type", "Host"),
        "User-Agent",
    ]


def writing(data: bytes) -> Behaviour:
    """Read the request, write these bytes, and close."""

    async def behave(visit: Visit) -> None:
        await visit.read_request()
        await visit.write(data)

    return behave


async def test_what_was_sent_without_a_clear_answer_is_in_doubt() -> None:
    """Once the connection was handed to the session, everything but a clear answer means: it may be created."""
    for behaviour, word, status in (
        (closing, "connection_lost", None),
        (resetting, "connection_lost", None),
        (stalling, "timeout", None),
        (writing(b"HTTP/1.1 201 Cre"), "connection_lost", None),
        (writing(CREATED[:-20]), "bad_reply", 201),
        (writing(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_reply", None),
        (writing(reply(201, BODY, "Content-Encoding: gzip")), "bad_reply", 201),
        (writing(reply(201, b" " * 2 * MAX_REPLY_BYTES + BODY)), "bad_reply", 201),
    ):
        result, server = await create_at(behaviour, timeout_s=0.3 if behaviour is stalling else 5.0)

        assert (result.verdict, result.error_code, result.http_status) == (Verdict.MAYBE, word, status)
        assert result.sent is not None
        assert len(server.requests) == 1


async def test_a_clear_refusal_stands_though_its_body_is_cut() -> None:
    """What had arrived is kept, and the status says enough."""
    result, _ = await create_at(writing(reply(429, b"x" * 99, "Retry-After: 7")[:-9]))

    assert (result.verdict, result.is_throttled, result.retry_after_s) == (Verdict.NOT_PROCESSED, True, 7.0)


async def test_without_a_connection_no_turn_is_taken() -> None:
    """Nobody listens: the gate is left alone, and nothing was sent."""
    gate = OpenGate()

    async with client_of(f"{laid_wire().scheme}://127.0.0.1:{free_port()}") as client:
        result = await client.create(REQUEST, gate)

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.error == "127.0.0.1 cannot be reached: Connection refused"
    assert gate.passed == 0


async def hanging_up(visit: Visit) -> None:
    """Close the connection before it was asked anything."""


async def test_a_connection_that_ends_at_the_gate_sent_nothing() -> None:
    """The connection is looked at when the gate has opened; a request that finds it closed may be sent again."""
    gate = HeldGate()
    async with raw_server(hanging_up) as server, client_of(server.url) as client, asyncio.TaskGroup() as tasks:
        creation = tasks.create_task(client.create(REQUEST, gate))
        await gate.reached.wait()
        for _ in range(20):
            await asyncio.sleep(0.001)  # both ends of the connection share this loop and need some rounds of it
        gate.opened.set()

        result = await creation

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connection_lost", None)
    assert server.requests == []


class LapsedPermit:
    """Right to send that was held when the request queued, and is not any more when it is to leave."""

    def is_held(self) -> bool:
        """Say that it has lapsed."""
        return False

    async def held(self) -> None:
        """Fail: only the queue waits."""
        raise AssertionError("the exchange waits for nothing")


async def test_a_request_whose_permit_lapsed_never_leaves() -> None:
    """The permit is looked at behind the gate, and the server sees nothing."""
    async with raw_server(answering(CREATED)) as server, client_of(server.url, permit=LapsedPermit()) as client:
        result = await client.create(REQUEST, OpenGate())

    assert (result.verdict, result.sent, server.requests) == (Verdict.NOT_PROCESSED, None, [])


async def test_each_request_has_a_connection_of_its_own() -> None:
    """On one that was used before, a server may have begun to talk, which nothing documented shows."""
    async with raw_server(answering(CREATED)) as server, client_of(server.url) as client:
        answers = await asyncio.gather(*(client.create(REQUEST, OpenGate()) for _ in range(5)))

    assert [each.verdict for each in answers] == [Verdict.CREATED] * 5
    assert (server.connections, len(server.requests)) == (5, 5)


async def test_no_redirect_is_followed_and_no_header_brings_another() -> None:
    """What the other way refuses is refused here."""
    async with (
        raw_server(answering(CREATED)) as elsewhere,
        raw_server(answering(reply(307, b"", f"Location: {elsewhere.url}/"))) as server,
        open_transport(SIMULATED, version="1", base_url=server.url) as transport,
    ):
        came = await transport.send("GET", f"{server.url}/v1/Conversations", gate=OpenGate())
        with pytest.raises(ValueError, match="a header contains"):
            await transport.send("POST", server.url, gate=OpenGate(), headers=(("Ui-Version", "1\r\nX-Evil: 1"),))

    assert isinstance(came, Reply)
    assert (came.status, elsewhere.connections, len(server.requests)) == (307, 0, 1)
