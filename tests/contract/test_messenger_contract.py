"""What every ``ports.Messenger`` does, the fake and the real one over sockets alike."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from provisioner.models import Message, MessageLookup, Verdict
from provisioner.ports.sending import GateClosed, Messenger
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.messages import MessageClient
from tests.fake_creator import Fault
from tests.fake_messenger import FakeMessenger
from tests.free_pace import FreePace
from tests.gates import ClosedGate, OpenGate
from tests.raw_server import Behaviour, Visit, free_port, raw_server, reply
from tests.wires import EVERY_WIRE, LayWire, laid_wire, open_transport

MESSAGE = Message("CH" + 32 * "1", "wc-1", "Hello?")
SID = f"IM{0:032x}"
REFUSALS = {
    Fault.THROTTLED: reply(429, b'{"code": 20429, "status": 429}'),
    Fault.INVALID: reply(400, b'{"code": 50377, "status": 400}'),
    Fault.FORBIDDEN: reply(401, b'{"code": 20003, "status": 401}'),
    Fault.SWALLOWED: reply(502, b"<html>"),
}


def keeping(fault: Fault | None) -> Behaviour:
    """Be a server with one conversation; the fault strikes what is posted."""
    entries: list[dict[str, str]] = []

    async def behave(visit: Visit) -> None:
        while True:
            request = await visit.read_request()
            if request.startswith(b"GET"):
                await visit.write(reply(200, json.dumps({"messages": entries, "meta": {}}).encode()))
                continue
            if fault in REFUSALS:
                await visit.write(REFUSALS[fault])
                continue
            entries.append({"sid": SID, "author": MESSAGE.author, "body": MESSAGE.body})
            if fault is Fault.LOST:
                return
            sid = None if fault is Fault.NAMELESS else SID
            await visit.write(reply(201, json.dumps({"sid": sid}).encode()))

    return behave


OpenMessenger = Callable[[Fault | None], AbstractAsyncContextManager[Messenger]]


@asynccontextmanager
async def open_fake(fault: Fault | None) -> AsyncIterator[Messenger]:
    """Set up the fake."""
    yield FakeMessenger([fault])


@asynccontextmanager
async def open_real(fault: Fault | None) -> AsyncIterator[Messenger]:
    """Set up the real client and a server of one conversation."""
    async with raw_server(keeping(fault)) as server:
        url = f"{laid_wire().scheme}://127.0.0.1:{free_port()}" if fault is Fault.UNREACHABLE else server.url
        async with open_transport(SIMULATED, version="1", base_url=url) as transport:
            yield MessageClient(transport, FreePace())


@pytest.fixture(params=[None, *EVERY_WIRE], ids=lambda wire: str(wire or "fake"))
def open_messenger(request: pytest.FixtureRequest, lay_wire: LayWire) -> OpenMessenger:
    """Return what sets up a messenger with one fault: the fake, or the real one over a wire."""
    if request.param is None:
        return open_fake
    lay_wire(request.param)
    return open_real


async def test_a_posted_message_is_answered_with_its_sid(open_messenger: OpenMessenger) -> None:
    """It has a SID, HTTP 201 and times in their order, and is found again under that SID."""
    gate = OpenGate()
    async with open_messenger(None) as messenger:
        before = await messenger.find(MESSAGE)
        result = await messenger.post(MESSAGE, gate)
        after = await messenger.find(MESSAGE)

    assert (before, after) == (MessageLookup(), MessageLookup(message_sids=(SID,)))
    assert (result.verdict, result.message_sid, result.http_status) == (Verdict.CREATED, SID, 201)
    assert result.sent is not None
    assert result.due <= result.sent <= result.ended
    assert gate.passed == 1


@pytest.mark.parametrize(
    ("fault", "verdict", "status", "code"),
    [
        (Fault.UNREACHABLE, Verdict.NOT_PROCESSED, None, "connect_failed"),
        (Fault.THROTTLED, Verdict.NOT_PROCESSED, 429, "20429"),
        (Fault.INVALID, Verdict.REFUSED, 400, "50377"),
        (Fault.FORBIDDEN, Verdict.REFUSED, 401, "20003"),
        (Fault.LOST, Verdict.MAYBE, None, "connection_lost"),
        (Fault.NAMELESS, Verdict.MAYBE, 201, "bad_reply"),
        (Fault.SWALLOWED, Verdict.MAYBE, 502, "server_error"),
    ],
)
async def test_every_failure_is_an_answer(
    open_messenger: OpenMessenger, fault: Fault, verdict: Verdict, status: int | None, code: str
) -> None:
    """Nothing raises; what was never sent has no time, and what arrived shows when it is looked for."""
    async with open_messenger(fault) as messenger:
        result = await messenger.post(MESSAGE, OpenGate())
        looked = None if fault is Fault.UNREACHABLE else await messenger.find(MESSAGE)

    assert (result.verdict, result.http_status, result.error_code) == (verdict, status, code)
    assert (result.sent is None) == (fault is Fault.UNREACHABLE)
    assert result.is_throttled == (fault is Fault.THROTTLED)
    assert result.stops_run == (fault is Fault.FORBIDDEN)
    if looked:
        assert bool(looked.message_sids) == (fault in {Fault.LOST, Fault.NAMELESS})


async def test_a_closed_gate_lets_nothing_out(open_messenger: OpenMessenger) -> None:
    """The gate's refusal is passed on, and nothing was posted."""
    async with open_messenger(None) as messenger:
        with pytest.raises(GateClosed):
            await messenger.post(MESSAGE, ClosedGate())
        looked = await messenger.find(MESSAGE)

    assert looked == MessageLookup()


async def test_what_the_author_said_besides_is_told(open_messenger: OpenMessenger) -> None:
    """Another text of the same author is not the message, and not nothing either."""
    other = Message(MESSAGE.conversation_sid, MESSAGE.author, "Good-bye")
    async with open_messenger(None) as messenger:
        await messenger.post(MESSAGE, OpenGate())
        looked = await messenger.find(other)

    assert looked == MessageLookup(has_others=True)
