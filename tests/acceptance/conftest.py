"""Fixtures of acceptance tests: the program, a Twilio stub that can fail, and the simulator in a process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.acceptance.program import Program, programs_in
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.stub_twilio import Script, StubMaker, StubTwilio, stub_twilio
from tests.wires import authority

__all__ = ["authority"]


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """Yield the program in an empty folder with an empty home; kill its processes at the end of the test."""
    async with programs_in(tmp_path) as program:
        yield program


@pytest.fixture
async def twilio() -> AsyncIterator[StubMaker]:
    """Yield a function that serves a stub with the given script until the test ends."""
    async with AsyncExitStack() as stack:

        async def serve(*script: Script) -> StubTwilio:
            return await stack.enter_async_context(stub_twilio(*script))

        yield serve


@pytest.fixture
async def simulator(program: Program) -> SimulatorMaker:
    """Return a function that starts the simulator with ``--inspect`` and the given flags until the test ends."""

    async def start(*flags: str) -> Simulator:
        running = await program.start("simulate", "--port", "0", "--inspect", *flags)
        assert running.process.stdout is not None
        first_line = (await running.process.stdout.readline()).decode()
        return Simulator(first_line.split()[2].rstrip(","))

    return start
