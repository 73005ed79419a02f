"""Creating WebChats against servers that behave, and against servers that break in every way they can."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from provisioner.http_client import exchange, pool, transport
from provisioner.http_client.exchange import MAX_REPLY_BYTES
from provisioner.models import AttemptResult, Recovery, Verdict, WebChatRequest
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
    raw_server,
    reply,
    resetting,
    stalling,
)
from tests.wires import open_transport

REQUEST = WebChatRequest(
    address_sid="IG" + 32 * "a",
    customer_friendly_name="Ada & Söhne",
    pre_engagement_data='{"friendlyName":"Ada"}',
    identity="wc-1",
    ui_version="1.2 (migration)",
)
SID = "CH" + 32 * "e"
BODY = b'{"conversation_sid": "%s", "identity": "wc-1"}' % SID.encode()
CREATED = reply(201, BODY, "Content-Type: application/json", "Twilio-Request-Id: RQ1")


@asynccontextmanager
async def client_of(
    url: str, *, timeout_s: float = 5.0, proxy: str = "", permit: SendPermit | None = None
) -> AsyncIterator[WebChatClient]:
    """Open a client of the server at ``url``."""
    async with open_transport(
        SIMULATED, version="1.2.3", base_url=url, timeout_s=timeout_s, proxy=proxy, permit=permit
    ) as opened:
        yield WebChatClient(opened)


async def create_at(*behaviours: Behaviour, timeout_s: float = 5.0) -> tuple[AttemptResult, RawServer]:
    """Create one WebChat at a server that behaves so."""
    async with raw_server(*behaviours) as server, client_of(server.url, timeout_s=timeout_s) as client:
        return await client.create(REQUEST, OpenGate()), server


def writing(*parts: bytes) -> Behaviour:
    """Read the request, write the parts one after the other, and close."""

    async def behave(visit: Visit) -> None:
        await visit.read_request()
        for part in parts:
            await visit.write(part)
            await asyncio.sleep(0.001)

    return behave


async def trickling(visit: Visit) -> None:
    """Answer 201 with a body that never comes to its end."""
    await visit.read_request()
    await visit.write(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await visit.write(b"1\r\n \r\n")
        await asyncio.sleep(0.005)


async def miscounting(visit: Visit) -> None:
    """Answer 201 with a chunk whose size is none, which aiohttp waits upon for ever."""
    await writing(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n")(visit)


def limit_for(behaviour: Behaviour) -> float:
    """Return a short limit where it has to be reached, and otherwise one that a busy machine keeps."""
    return 0.1 if behaviour in {stalling, trickling, miscounting} else 5.0


async def test_a_request_arrives_exactly_as_documented() -> None:
    """Method, path, headers and form are those of Twilio's documentation, and nothing else is sent."""
    _, server = await create_at(answering(CREATED))

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    request_line, *lines = head.decode().split("\r\n")
    userpass = f"{SIMULATED.username}:{SIMULATED.password}".encode()
    assert request_line == "POST /v2/WebChats HTTP/1.1"
    assert dict(line.split(": ", 1) for line in lines) == {
        "Host": server.url.partition("//")[2],
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": f"Basic {base64.b64encode(userpass).decode()}",
        "User-Agent": "webchat-provisioner/1.2.3",
        "Content-Type": "application/x-www-form-urlencoded",
        "Ui-Version": "1.2 (migration)",
        "Content-Length": str(len(body)),
    }
    assert body == (
        b"AddressSid=IG" + 32 * b"a" + b"&CustomerFriendlyName=Ada+%26+S%C3%B6hne"
        b"&PreEngagementData=%7B%22friendlyName%22%3A%22Ada%22%7D&Identity=wc-1"
    )


async def test_without_a_ui_version_no_such_header_is_sent() -> None:
    """An empty field is not sent, the header included."""
    async with raw_server(answering(CREATED)) as server, client_of(server.url) as client:
        await client.create(WebChatRequest(address_sid="IG1"), OpenGate())

    assert b"ui-version" not in server.requests[0].lower()


async def test_a_request_that_is_encoded_already_is_sent_as_it_is() -> None:
    """Its form is not made a second time, and what is no part of it is sent as ever."""
    async with raw_server(answering(CREATED)) as server, client_of(server.url) as client:
        await client.create(WebChatRequest(address_sid="IG1", ui_version="1.0"), OpenGate(), b"AddressSid=IG2")

    assert server.requests[0].endswith(b"\r\nUi-Version: 1.0\r\nContent-Length: 14\r\n\r\nAddressSid=IG2")


async def test_a_created_webchat_is_told_in_full() -> None:
    """The answer holds the SID, the identity, the status and the id that Twilio's support asks for."""
    result, _ = await create_at(answering(CREATED))

    assert (result.verdict, result.conversation_sid, result.http_status) == (Verdict.CREATED, SID, 201)
    assert (result.identity, result.twilio_request_id, result.error) == ("wc-1", "RQ1", "")


@pytest.mark.parametrize(
    ("named", "identity"), [(b"null", "wc-1"), (b'"wc-1"', "wc-1"), (b'"someone-else"', "someone-else")]
)
async def test_the_identity_is_the_one_twilio_named(named: bytes, identity: str) -> None:
    """Another identity than the one asked for is recorded; a null one says nothing."""
    body = b'{"conversation_sid": "%s", "identity": %s}' % (SID.encode(), named)

    result, _ = await create_at(answering(reply(201, body)))

    assert (result.verdict, result.identity) == (Verdict.CREATED, identity)


@pytest.mark.parametrize(
    ("behaviour", "word", "status"),
    [
        (closing, "connection_lost", None),
        (resetting, "connection_lost", None),
        (stalling, "timeout", None),
        (writing(b"HTTP/1.1 201 Cre"), "connection_lost", None),
        (writing(b"HTTP/1.1 201 Created\r\nContent-Le"), "connection_lost", None),
        (writing(CREATED[:-20]), "bad_reply", 201),
        (writing(CREATED[: -len(BODY)]), "bad_reply", 201),
        (trickling, "bad_reply", 201),
        (writing(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_reply", None),
        (writing(b"\x00\x01\x02\xff" * 9), "bad_reply", None),
        (writing(reply(201, BODY, "Content-Encoding: gzip")), "bad_reply", 201),
        (writing(reply(201, b" " * 2 * MAX_REPLY_BYTES + BODY)), "bad_reply", 201),
        (miscounting, "bad_reply", 201),
        (answering(reply(201, b'{"conversation_sid": null}')), "bad_reply", 201),
        (answering(reply(502, b"<html>Bad Gateway</html>")), "server_error", 502),
    ],
)
async def test_what_was_sent_without_a_clear_answer_is_in_doubt(
    behaviour: Behaviour, word: str, status: int | None
) -> None:
    """Once a request has left, everything but a clear answer means: it may have been created."""
    result, server = await create_at(behaviour, timeout_s=limit_for(behaviour))

    assert (result.verdict, result.error_code, result.http_status) == (Verdict.MAYBE, word, status)
    assert result.sent is not None
    assert result.identity == "wc-1"
    assert result.error
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [closing, resetting, stalling])
async def test_a_kept_connection_that_fails_is_not_tried_again(behaviour: Behaviour) -> None:
    """A POST is sent once, also when a connection that served before is lost under it."""

    async def served_once(visit: Visit) -> None:
        await visit.read_request()
        await visit.write(CREATED)
        await behaviour(visit)

    async with raw_server(served_once) as server, client_of(server.url, timeout_s=limit_for(behaviour)) as client:
        first = await client.create(REQUEST, OpenGate())
        second = await client.create(REQUEST, OpenGate())

    assert (first.verdict, second.verdict) == (Verdict.CREATED, Verdict.MAYBE)
    assert (server.connections, len(server.requests)) == (1, 2)


async def test_a_clear_refusal_stands_though_its_body_is_cut() -> None:
    """Where the status says enough, a broken body takes nothing away from it."""
    result, _ = await create_at(writing(reply(429, b"x" * 99, "Retry-After: 7")[:-9]))

    assert (result.verdict, result.is_throttled, result.retry_after_s) == (Verdict.NOT_PROCESSED, True, 7.0)


async def test_waiting_at_the_gate_costs_no_timeout() -> None:
    """The limit of an attempt runs from sending on; a long wait for its turn is not the server's fault."""
    gate = HeldGate()
    async with (
        raw_server(answering(CREATED)) as server,
        client_of(server.url, timeout_s=0.2) as client,
        asyncio.TaskGroup() as tasks,
    ):
        creation = tasks.create_task(client.create(REQUEST, gate))
        await gate.reached.wait()
        await asyncio.sleep(0.25)
        gate.opened.set()

        result = await creation

    assert result.verdict is Verdict.CREATED


async def hanging_up(visit: Visit) -> None:
    """Close the connection before it was asked anything."""


async def speaking_first(visit: Visit) -> None:
    """Answer before being asked, as gateways do with idle connections."""
    await visit.write(reply(408, b"too slow"))
    await visit.read_request()


@pytest.mark.parametrize("behaviour", [hanging_up, speaking_first])
async def test_a_connection_lost_at_the_gate_sent_nothing(behaviour: Behaviour) -> None:
    """A server that ends the connection while the request waits never sees it: it may be sent again."""
    gate = HeldGate()
    async with raw_server(behaviour) as server, client_of(server.url) as client, asyncio.TaskGroup() as tasks:
        creation = tasks.create_task(client.create(REQUEST, gate))
        await gate.reached.wait()
        for _ in range(20):
            await asyncio.sleep(0.001)  # both ends of the connection share this loop and need some rounds of it
        gate.opened.set()

        result = await creation

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connection_lost", None)
    assert result.due <= result.ended
    assert result.connect_failure is not None
    assert result.connect_failure.recovery is Recovery.LIKELY
    assert server.requests == []


async def test_a_connection_that_stood_too_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long pause a connection may be dead without anyone knowing: it is given up, nothing is sent."""
    monkeypatch.setattr(exchange, "MAX_GATE_WAIT_S", -1.0)
    monkeypatch.setattr(transport, "STALE_AFTER_S", -1.0)

    result, server = await create_at(answering(CREATED))

    assert (result.verdict, result.error_code) == (Verdict.NOT_PROCESSED, "connection_lost")
    assert result.connect_failure is not None
    assert result.connect_failure.recovery is Recovery.AT_ONCE
    assert server.requests == []


class Permit:
    """Right to send as it is when the request is to leave."""

    def __init__(self, *, is_held: bool) -> None:
        self._is_held = is_held

    def is_held(self) -> bool:
        """Return whether it is held."""
        return self._is_held

    async def held(self) -> None:
        """Fail: only the queue waits."""
        raise AssertionError("the exchange waits for nothing")


async def test_a_request_whose_permit_lapsed_never_leaves() -> None:
    """The last look before the bytes go: the server sees nothing, and the request is made again at once."""
    await check_that_nothing_leaves(Permit(is_held=False))


async def test_a_request_that_passed_its_gate_too_long_ago_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process was frozen in between, and the start that the gate gave may be another worker's by then."""
    monkeypatch.setattr(exchange, "LATEST_DEPARTURE_S", -1.0)

    await check_that_nothing_leaves(Permit(is_held=True))


async def check_that_nothing_leaves(permit: Permit) -> None:
    """Check that a request is withheld with this permit, and is to be made again at once."""
    async with raw_server(answering(CREATED)) as server, client_of(server.url, permit=permit) as client:
        result = await client.create(REQUEST, OpenGate())

    assert (result.verdict, result.sent) == (Verdict.NOT_PROCESSED, None)
    assert result.connect_failure is not None
    assert result.connect_failure.recovery is Recovery.AT_ONCE
    assert server.requests == []


async def test_the_next_request_takes_the_same_connection() -> None:
    """A connection is kept for the next request, and cookies are not."""
    baked = reply(201, BODY, "Set-Cookie: session=1")

    async with raw_server(answering(baked)) as server, client_of(server.url) as client:
        for _ in range(3):
            await client.create(REQUEST, OpenGate())

    assert (server.connections, len(server.requests)) == (1, 3)
    assert b"cookie" not in server.requests[2].lower()


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    """Who says ``Connection: close`` gets no further request on it, and none is lost."""
    last = reply(201, BODY, "Connection: close")

    async with raw_server(answering(last)) as server, client_of(server.url) as client:
        answers = [await client.create(REQUEST, OpenGate()) for _ in range(3)]

    assert [result.verdict for result in answers] == [Verdict.CREATED] * 3
    assert (server.connections, len(server.requests)) == (3, 3)


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may be about to close it, and a request that meets that is in doubt."""
    monkeypatch.setattr(pool, "KEEPALIVE_S", -1.0)

    async with raw_server(answering(CREATED)) as server, client_of(server.url) as client:
        for _ in range(2):
            await client.create(REQUEST, OpenGate())

    assert (server.connections, len(server.requests)) == (2, 2)


async def test_a_reply_that_comes_too_late_is_never_taken_for_the_next_one() -> None:
    """The connection of a request that was given up is closed, with whatever it may still bring."""
    arrived = asyncio.Event()

    async def late(visit: Visit) -> None:
        await visit.read_request()
        await arrived.wait()
        await visit.write(reply(201, BODY.replace(SID.encode(), b"CH" + 32 * b"f")))

    async with raw_server(late, answering(CREATED)) as server, client_of(server.url, timeout_s=0.1) as client:
        first = await client.create(REQUEST, OpenGate())
        arrived.set()
        second = await client.create(REQUEST, OpenGate())

    assert (first.verdict, first.error_code) == (Verdict.MAYBE, "timeout")
    assert (second.verdict, second.conversation_sid) == (Verdict.CREATED, SID)


async def test_what_a_server_says_while_it_thinks_is_no_answer() -> None:
    """Informational replies (1xx) come before the real one."""
    thinking = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    result, _ = await create_at(answering(thinking + CREATED))

    assert (result.verdict, result.conversation_sid) == (Verdict.CREATED, SID)


@pytest.mark.parametrize("head", [b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </x>"])
async def test_a_server_that_thinks_without_an_end_is_given_up(head: bytes) -> None:
    """After a few interim replies (1xx) the attempt is in doubt: the request has left, and no reply will come."""

    async def think(visit: Visit) -> None:
        await visit.read_request()
        while True:
            await visit.write(b"HTTP/1.1 %b\r\n\r\n" % head)
            await asyncio.sleep(0)

    result, server = await create_at(think, timeout_s=60.0)

    assert (result.verdict, result.error_code) == (Verdict.MAYBE, "bad_reply")
    assert result.error == "127.0.0.1 sent interim replies (1xx) only"
    assert (result.sent is None, len(server.requests)) == (False, 1)


async def test_requests_in_flight_together_keep_their_own_evidence() -> None:
    """Each answer has its own due time and its own times, however many fly at once."""

    @dataclass
    class Numbered:
        due: float

        async def wait(self) -> float:
            await asyncio.sleep(0)
            return self.due

    async with raw_server(answering(CREATED)) as server, client_of(server.url) as client:
        answers = await asyncio.gather(*(client.create(REQUEST, Numbered(number)) for number in range(30)))

    assert [result.due for result in answers] == list(range(30))
    assert len(server.requests) == 30


async def test_a_redirect_is_not_followed() -> None:
    """Credentials and customers' data go to one host only; a redirect stops the run."""
    async with raw_server(answering(CREATED)) as elsewhere:
        result, _ = await create_at(answering(reply(307, b"", f"Location: {elsewhere.url}/v2/WebChats")))

    assert (result.verdict, result.stops_run, result.error_code) == (Verdict.REFUSED, True, "bad_reply")
    assert "--base-url" in result.error
    assert elsewhere.connections == 0


async def test_a_cancelled_flight_goes_on_to_the_caller() -> None:
    """Cancelling a sent request is the caller's business: nothing is swallowed, the connection is closed."""
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def watching(visit: Visit) -> None:
        await visit.read_request()
        arrived.set()
        await visit.reader.read()
        gone.set()

    async with raw_server(watching) as server, client_of(server.url) as client:
        creation = asyncio.ensure_future(client.create(REQUEST, OpenGate()))
        await arrived.wait()

        creation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creation

        await asyncio.wait_for(gone.wait(), 60)


async def test_a_set_clock_does_not_change_a_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are the wall clock's, durations are not: a clock set back by an hour leaves no negative latency."""
    wall = iter([5_000.0, 1_400.0, 1_400.0])
    monkeypatch.setattr(exchange, "time", SimpleNamespace(time=lambda: next(wall), monotonic=time.monotonic))

    result, _ = await create_at(answering(CREATED))

    assert result.sent == 5_000.0
    assert result.latency_ms is not None
    assert 0 <= result.latency_ms < 5_000
