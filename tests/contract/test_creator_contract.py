"""What every ``ports.WebChatCreator`` does, the fake and the real one over sockets alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from provisioner.http_client import connection
from provisioner.models import Verdict, WebChatRequest
from provisioner.ports.sending import GateClosed, WebChatCreator
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.webchats import WebChatClient
from tests.fake_creator import FakeCreator, Fault
from tests.gates import ClosedGate, HeldGate, OpenGate
from tests.raw_server import Behaviour, answering, closing, free_port, raw_server, reply
from tests.wires import EVERY_WIRE, TLS13, LayWire, laid_wire, open_transport

REQUEST = WebChatRequest(address_sid="IG" + 32 * "a", customer_friendly_name="Ada", identity="wc-1")
SID = "CH" + 32 * "0"
CREATED = reply(201, b'{"conversation_sid": "%s", "identity": "wc-1"}' % SID.encode())
BEHAVIOURS: dict[Fault | None, Behaviour] = {
    None: answering(CREATED),
    Fault.THROTTLED: answering(reply(429, b'{"code": 45780, "status": 429}')),
    Fault.INVALID: answering(reply(400, b'{"code": 45745, "status": 400}')),
    Fault.FORBIDDEN: answering(reply(401, b'{"code": 20003, "status": 401}')),
    Fault.LOST: closing,
    Fault.NAMELESS: answering(reply(201, b'{"conversation_sid": null}')),
}


@dataclass
class Bench:
    """A creator under test, and how many requests reached its server."""

    creator: WebChatCreator
    arrived: Callable[[], int]


OpenBench = Callable[[Fault | None], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def open_fake(fault: Fault | None) -> AsyncIterator[Bench]:
    """Set up the fake."""
    fake = FakeCreator([fault])
    yield Bench(fake, lambda: len(fake.created))


@asynccontextmanager
async def open_real(fault: Fault | None) -> AsyncIterator[Bench]:
    """Set up the real client and a server that misbehaves."""
    async with raw_server(BEHAVIOURS.get(fault, closing)) as server:
        url = f"{laid_wire().scheme}://127.0.0.1:{free_port()}" if fault is Fault.UNREACHABLE else server.url
        async with open_transport(SIMULATED, version="1", base_url=url) as transport:
            yield Bench(WebChatClient(transport), lambda: len(server.requests))


@pytest.fixture(params=["fake", *EVERY_WIRE, "session"], ids=str)
def open_bench(request: pytest.FixtureRequest, lay_wire: LayWire, monkeypatch: pytest.MonkeyPatch) -> OpenBench:
    """Return what sets up a creator with one fault: the fake, the real one over a wire, or without kept ones."""
    if request.param == "fake":
        return open_fake
    if request.param == "session":
        monkeypatch.setitem(connection.NAMES, "aiohttp.connector.Connection", ("gone",))
    lay_wire(TLS13 if request.param == "session" else request.param)
    return open_real


async def test_a_creation_is_answered_with_its_sid(open_bench: OpenBench) -> None:
    """A created WebChat has a SID, its identity, HTTP 201, and times in their order."""
    async with open_bench(None) as bench:
        result = await bench.creator.create(REQUEST, OpenGate())

    assert result.verdict is Verdict.CREATED
    assert (result.conversation_sid, result.identity, result.http_status) == (SID, "wc-1", 201)
    assert result.sent is not None
    assert result.due <= result.sent <= result.ended
    assert result.error_code == ""


@pytest.mark.parametrize(
    ("fault", "verdict", "code"),
    [
        (Fault.THROTTLED, Verdict.NOT_PROCESSED, "45780"),
        (Fault.INVALID, Verdict.REFUSED, "45745"),
        (Fault.FORBIDDEN, Verdict.REFUSED, "20003"),
        (Fault.LOST, Verdict.MAYBE, "connection_lost"),
        (Fault.NAMELESS, Verdict.MAYBE, "bad_reply"),
    ],
)
async def test_a_failure_of_the_row_is_an_answer(
    open_bench: OpenBench, fault: Fault, verdict: Verdict, code: str
) -> None:
    """What was sent and went wrong is told by verdict and code, never raised, and names no conversation."""
    async with open_bench(fault) as bench:
        result = await bench.creator.create(REQUEST, OpenGate())

    assert (result.verdict, result.error_code, result.conversation_sid) == (verdict, code, "")
    assert result.sent is not None
    assert result.is_throttled == (fault is Fault.THROTTLED)
    assert result.stops_run == (fault is Fault.FORBIDDEN)


async def test_without_a_connection_the_gate_is_left_alone(open_bench: OpenBench) -> None:
    """A request that finds no connection takes no turn, was never sent, and may be sent again."""
    gate = OpenGate()

    async with open_bench(Fault.UNREACHABLE) as bench:
        result = await bench.creator.create(REQUEST, gate)

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.latency_ms is None
    assert gate.passed == 0


async def test_nothing_is_sent_before_the_gate_opens(open_bench: OpenBench) -> None:
    """Whoever stands at the gate has sent nothing; one turn is taken for one request."""
    gate = HeldGate()
    async with open_bench(None) as bench, asyncio.TaskGroup() as tasks:
        creation = tasks.create_task(bench.creator.create(REQUEST, gate))
        await gate.reached.wait()
        before = bench.arrived()

        gate.opened.set()
        await creation

        assert (before, bench.arrived()) == (0, 1)


async def test_a_closed_gate_sends_nothing(open_bench: OpenBench) -> None:
    """``GateClosed`` goes on to the caller, and the server hears nothing."""
    async with open_bench(None) as bench:
        with pytest.raises(GateClosed):
            await bench.creator.create(REQUEST, ClosedGate())

        assert bench.arrived() == 0


async def test_a_cancelled_wait_sends_nothing(open_bench: OpenBench) -> None:
    """Cancellation at the gate goes on to the caller, and the server hears nothing."""
    gate = HeldGate()
    async with open_bench(None) as bench:
        creation = asyncio.ensure_future(bench.creator.create(REQUEST, gate))
        await gate.reached.wait()

        creation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creation

        assert bench.arrived() == 0
