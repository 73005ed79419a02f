"""Fixtures of acceptance tests: the program, a Twilio stub that can fail, and the simulator in a process."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.acceptance.fork_server import ForkServer, fork_server
from tests.acceptance.program import ROOT, Program, programs_in
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.stub_twilio import Script, StubMaker, StubTwilio, stub_twilio
from tests.wires import authority

__all__ = ["authority"]


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    """Yield the process that forks the program."""
    with fork_server({"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}) as forks:
        yield forks


@pytest.fixture
async def program(tmp_path: Path, forks: ForkServer) -> AsyncIterator[Program]:
    """Yield the program in an empty folder with an empty home; kill its processes at the end of the test."""
    async with programs_in(tmp_path, forks) as program:
        yield program


@pytest.fixture
async def twilio() -> AsyncIterator[StubMaker]:
    """Yield a function that serves a stub with the given script until the test ends."""
    async with AsyncExitStack() as stack:

        async def serve(*script: Script) -> StubTwilio:
            return await stack.enter_async_context(stub_twilio(*script))

        yield serve


@pytest.fixture
async def simulator(program: Program, forks: ForkServer) -> AsyncIterator[SimulatorMaker]:
    """Yield a function that starts the simulator with ``--inspect`` and the given flags until the test ends."""
    async with AsyncExitStack() as stack:

        async def start(*flags: str) -> Simulator:
            arguments = ("simulate", "--port", "0", "--inspect", *flags)
            forked = await stack.enter_async_context(forks.run(arguments, program.folder, program.env))
            first_line = (await forked.stdout.readline()).decode()
            return Simulator(first_line.split()[2].rstrip(","))

        yield start
