"""What is forked is what is started."""

import os
import signal

import pytest

from tests.acceptance.fork_server import ForkServer
from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance


async def test_a_forked_execution_is_told_from_a_started_one_by_nothing(program: Program) -> None:
    """Exit code and both streams are the same, for an answer, a refusal and the program's own help."""
    for arguments in (("mapping", "show", "zoho"), ("run", "nobody.csv"), ("--help",)):
        forked = await program(*arguments)
        started = await (await program.start(*arguments)).end()

        assert forked == started


async def test_a_forked_process_hears_its_signals(program: Program, forks: ForkServer) -> None:
    """By its own number; one that is killed has the signal's code."""
    codes = []
    for number in (signal.SIGTERM, signal.SIGKILL):
        async with forks.run(("simulate", "--port", "0"), program.folder, program.env) as running:
            await running.stdout.readline()
            os.kill(running.pid, number)
            codes.append((await running.end())[0])

    assert codes == [0, -signal.SIGKILL]
