"""--max-open in the real program: it holds, a stop ends the hold, and closing makes room for the next run."""

import signal

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import SimulatorMaker


async def test_a_hold_is_stopped_at_once_and_goes_on_where_chats_were_closed(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Ctrl-C while nothing is created drains at once; what close has closed is room for the same command."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 4)
    target = ("--base-url", server.url, "--rate", "0", "--yes")
    command = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", *target, "--max-open", "2")

    running = await program.start(*command, env=CREDENTIALS)
    await server.has_seen(2)
    await running.waits()
    running.signal(signal.SIGINT)
    held = await running.end()
    closed = await program("close", "results.csv", *target, env=CREDENTIALS)
    last = await program(*command, env=CREDENTIALS)

    assert (held.code, held.counts) == (130, {"created": 2, "unsent": 2})
    assert "creation waits while 2 conversations of the job are open" in held.stderr
    assert "conversations 2 = closed 2" in closed.stdout
    assert (last.code, last.counts) == (0, {"created": 4})
    assert len(await server.conversations()) == 4
