"""The two runs that docs/operating.md shows, with the commands that stand there and fewer rows."""

import asyncio
import json
import shlex
import signal
import subprocess
import sys

import pytest

from tests.acceptance.program import CREDENTIALS, ROOT, Program, read_csv
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.transcripts import blocks_of, steps_of

pytestmark = pytest.mark.acceptance

SHOWN_ROWS, ROWS = "5000", 300
SHOWN_URL = "http://127.0.0.1:4010"
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def shown_command(heading: str, start: str) -> list[str]:
    """Return the arguments of the first command below a heading that starts so, without the program's name."""
    below = PAGE.split(f"### {heading}\n", 1)[1]
    steps = [step for block in blocks_of(below, "text") for step in steps_of(block)]
    command = next(step.command for step in steps if step.command.startswith(start))
    return shlex.split(command.replace(SHOWN_ROWS, str(ROWS)))[1:]


def make_customers(program: Program) -> list[dict[str, str]]:
    """Write the export that is shown, only shorter, and return its records."""
    path = program.folder / f"customers-{ROWS}.csv"
    with path.open("wb") as stream:
        subprocess.run(
            [sys.executable, ROOT / "samples" / "make_customers.py", str(ROWS)], stdout=stream, check=True
        )
    return read_csv(path)


async def serve(simulator: SimulatorMaker) -> Simulator:
    """Start the simulator with the flags that are shown, on a free port."""
    shown = shown_command("A large export", "provisioner simulate")
    return await simulator(*shown[shown.index("4010") + 1 :])


async def test_a_large_export_arrives_to_the_letter(program: Program, simulator: SimulatorMaker) -> None:
    """Names of every script and topics with quotes and line breaks are on the server as they are in the file."""
    server, customers = await serve(simulator), make_customers(program)
    command = [word.replace(SHOWN_URL, server.url) for word in shown_command("A large export", "provisioner run")]

    ended = await program(*command, env=CREDENTIALS)

    assert (ended.code, ended.counts) == (0, {"created": ROWS})
    there = {each["sid"]: each for each in await server.conversations()}
    for customer, result in zip(customers, program.results(), strict=True):
        conversation = there.pop(result["conversation_sid"])
        assert conversation["customer_friendly_name"] == customer["CustomerFriendlyName"]
        assert json.loads(conversation["pre_engagement_data"]) == {
            "plan": customer["pre_engagement.plan"],
            "topic": customer["pre_engagement.topic"],
            "friendlyName": customer["CustomerFriendlyName"],
        }
    assert there == {}


async def test_a_run_stopped_halfway_is_finished_by_the_same_command(
    program: Program, simulator: SimulatorMaker
) -> None:
    """After Ctrl-C and the same command again, the server's own count of creations is the number of rows."""
    server = await serve(simulator)
    make_customers(program)
    shown = shown_command("Stopped and finished", "provisioner run")
    command = [word.replace(SHOWN_URL, server.url) for word in shown]

    running = await program.start(*command, env=CREDENTIALS)
    while (await server.state())["webchats"]["created"] < ROWS // 3:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.05)
    running.signal(signal.SIGINT)
    stopped = await running.end()
    created_before = (await server.state())["webchats"]["created"]
    finished = await program(*command, env=CREDENTIALS)

    assert (stopped.code, stopped.counts) == (130, {"created": created_before, "unsent": ROWS - created_before})
    assert (finished.code, finished.counts) == (0, {"created": ROWS})
    assert (await server.state())["webchats"]["created"] == ROWS
