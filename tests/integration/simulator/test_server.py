"""Starting and stopping the simulator."""

import asyncio
import socket
import subprocess
import sys
import time

import aiohttp
import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript, SimulatorSettings, open_simulator
from provisioner.simulator.server import Listener
from tests.integration.simulator.caller import Caller, Simulate


async def is_open(port: int) -> bool:
    """Say whether a connection to the port is accepted."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.transport.abort()
    return True


STALLING = SimulatorSettings(
    faults=FaultScript((FaultRule(name=FaultName.STALL, percent=100, seconds=600),)), rate_limit=0
)


async def test_it_stops_quickly_with_requests_hanging() -> None:
    """Stalled requests are cut off when the simulator stops, and nothing of it goes on."""
    async with aiohttp.ClientSession() as session:
        async with open_simulator(STALLING) as running:
            caller = Caller(running, session)
            hanging = [asyncio.create_task(caller.create()) for _ in range(20)]
            await caller.wait_for(lambda state: state.created == 20)
            stopping = time.perf_counter()
        took_s = time.perf_counter() - stopping
        failures = await asyncio.gather(*hanging, return_exceptions=True)

    assert took_s < 1
    assert all(isinstance(each, aiohttp.ServerDisconnectedError) for each in failures)
    assert running.state.in_progress == 0


async def test_it_stops_with_its_port_shut() -> None:
    """A refusal that is still on does not outlive the simulator."""
    rule = FaultRule(name=FaultName.REFUSE, percent=100, seconds=600)
    async with (
        aiohttp.ClientSession() as session,
        open_simulator(SimulatorSettings(faults=FaultScript((rule,)))) as running,
    ):
        caller = Caller(running, session)
        with pytest.raises(ConnectionResetError):
            await caller.exchange(caller.raw_webchat())

    assert not await is_open(running.port)


async def test_a_shut_port_comes_back_once_it_is_free() -> None:
    """After its time the same port is open again, also where another program had taken it meanwhile."""
    listener = Listener("127.0.0.1", 0)
    await listener.open(asyncio.Protocol)

    listener.refuse_for(0.0)
    with socket.create_server(("127.0.0.1", listener.port)):
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while not await is_open(listener.port):  # noqa: ASYNC110 - a port announces nothing
            await asyncio.sleep(0.01)

    await listener.close()
    assert not await is_open(listener.port)


async def test_a_port_that_is_taken_is_an_error() -> None:
    """Two simulators do not share a port."""
    async with open_simulator(SimulatorSettings()) as running:
        with pytest.raises(OSError, match="in use"):
            async with open_simulator(SimulatorSettings(), port=running.port):
                pass


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
async def test_an_ipv6_host_is_written_in_brackets() -> None:
    """The base URL can be used as it stands."""
    async with open_simulator(SimulatorSettings(), host="::1") as running:
        assert running.base_url == f"http://[::1]:{running.port}"


async def test_a_caller_that_leaves_while_sending_is_no_trouble(simulate: Simulate) -> None:
    """A request cut short creates nothing, and the next one is served."""
    caller = await simulate()

    _, writer = await asyncio.open_connection("127.0.0.1", caller.running.port)
    writer.write(caller.raw_webchat()[:-5])
    await writer.drain()
    await caller.wait_for(lambda state: state.in_progress)
    writer.close()
    await writer.wait_closed()
    await caller.wait_for(lambda state: not state.in_progress)

    assert (await caller.create()).status == 201
    state = await caller.state()
    assert state["answers"] == {"201": 1, "unanswered": 1}
    assert state["conversations"]["made"] == 1


async def test_a_caller_that_leaves_before_a_break_is_no_trouble(simulate: Simulate) -> None:
    """A connection that has ended already cannot be broken off any more."""
    rule = FaultRule(name=FaultName.STALL, at=frozenset({1}), seconds=0.1)
    caller = await simulate(faults=FaultScript((rule,)))

    _, writer = await asyncio.open_connection("127.0.0.1", caller.running.port)
    writer.write(caller.raw_webchat())
    await caller.wait_for(lambda state: state.created)
    writer.transport.abort()
    await caller.wait_for(lambda state: not state.in_progress)

    assert (await caller.create()).status == 201
    assert (await caller.state())["answers"] == {"201": 1, "broken_off": 1}


async def test_a_connection_serves_many_requests(simulate: Simulate) -> None:
    """Connections are kept alive between requests, as Twilio keeps them."""
    caller = await simulate(keep_alive_s=60)

    once = caller.raw_webchat()
    answers = await caller.exchange(once + once + once.replace(b"Host:", b"Connection: close\r\nHost:"))

    assert answers.count(b"HTTP/1.1 201 Created") == 3


def test_it_breaks_connections_on_uvloop_too() -> None:
    """Resets and refusals do not depend on the event loop."""
    uvloop = pytest.importorskip("uvloop")
    rules = (
        FaultRule(name=FaultName.RESET_AFTER_CREATE, at=frozenset({1})),
        FaultRule(name=FaultName.CUT_IN_BODY, at=frozenset({2})),
        FaultRule(name=FaultName.REFUSE, at=frozenset({3}), seconds=60),
    )

    async def meet_them() -> int:
        async with (
            aiohttp.ClientSession() as session,
            open_simulator(SimulatorSettings(faults=FaultScript(rules))) as running,
        ):
            caller = Caller(running, session)
            with pytest.raises(ConnectionResetError):
                await caller.exchange(caller.raw_webchat())
            cut = await caller.exchange(caller.raw_webchat())
            assert cut.startswith(b"HTTP/1.1 201")
            with pytest.raises(ConnectionResetError):
                await caller.exchange(caller.raw_webchat())
            with pytest.raises(ConnectionRefusedError):
                await caller.exchange(caller.raw_webchat())
        return running.state.created

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(meet_them()) == 2


def test_importing_it_does_not_load_the_http_library() -> None:
    """Programs that never start a server do not pay for one."""
    script = "import sys, provisioner.simulator; print('aiohttp' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
