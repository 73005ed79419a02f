"""Closing what a job made, in processes that are stopped and killed."""

import asyncio
import signal

import pytest

from tests.acceptance.program import API_KEY, CREDENTIALS, Program
from tests.acceptance.simulator_process import Simulator, SimulatorMaker

pytestmark = pytest.mark.acceptance

ROWS = 60
PATIENCE_S = 60.0


async def make(program: Program, server: Simulator) -> tuple[str, ...]:
    """Run a job, and return the command that closes what it made."""
    program.write_customers("customers.csv", ROWS)
    await program(
        *("run", "customers.csv", "-o", "results.csv", "--rate", "0", "--base-url", server.url), env=CREDENTIALS
    )
    return ("close", "results.csv.ledger", "--base-url", server.url, "--yes")


async def closed(server: Simulator) -> int:
    """Return how many conversations are closed."""
    return int((await server.state())["conversations"]["closed"])


async def closed_at_least(server: Simulator, number: int) -> None:
    """Wait until so many conversations are closed."""
    async with asyncio.timeout(PATIENCE_S):
        while await closed(server) < number:
            pass


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
async def test_closing_goes_on_where_it_was_stopped(
    program: Program, simulator: SimulatorMaker, number: int, code: int
) -> None:
    """However it was stopped, the same command closes the rest, and in the end every conversation is closed."""
    server = await simulator("--rate-limit", "0", "--latency", "20ms")
    command = await make(program, server)

    running = await program.start(*command, "--rate", "25/s", env=CREDENTIALS)
    await closed_at_least(server, 10)
    running.signal(number)
    stopped = await running.end()
    before = await closed(server)
    finished = await program(*command, "--rate", "29/s", "--json", env=CREDENTIALS)

    assert stopped.code == code
    assert 10 <= before < ROWS
    assert finished.code == 0
    assert finished.summary["to_close"] + finished.summary["done_before"] == ROWS
    assert finished.summary["left"] == 0
    assert await closed(server) == ROWS


async def test_a_killed_close_goes_on_with_interactions_and_guests(
    program: Program, simulator: SimulatorMaker
) -> None:
    """In the end every task is completed, every conversation closed, and every guest deleted, each once."""
    server = await simulator("--rate-limit", "0", "--latency", "10ms")
    program.write_customers("customers.csv", 30)
    run = ("run", "customers.csv", "-o", "results.csv", "--rate", "0", "--first-message", "Hello")
    await program(*run, "--base-url", server.url, env=CREDENTIALS)
    command = ("close", "results.csv.ledger", "--base-url", server.url, "--yes", "--rate", "29/s")
    further = ("--through", "interactions", "--webhooks", "--delete-users")

    running = await program.start(*command, *further, env=CREDENTIALS)
    await closed_at_least(server, 5)
    running.signal(signal.SIGKILL)
    await running.end()
    finished = await program(*command, *further, "--json", env=CREDENTIALS)

    state = await server.state()
    assert finished.code == 0
    assert finished.summary["guests"]["deleted"] == 30
    assert state["interactions"] == {"active": 0, "closed": 30}
    assert (state["conversations"]["closed"], state["webhook_changes"]) == (30, 60)


async def test_a_killed_selection_goes_on(program: Program, simulator: SimulatorMaker) -> None:
    """Without any ledger of the job: the same command closes the rest, and its record has what was closed."""
    server = await simulator("--rate-limit", "0", "--latency", "10ms")
    await make(program, server)
    account = f"AC{API_KEY[2:]}"  # the one that the simulator gives to this key
    environment = {**CREDENTIALS, "TWILIO_ACCOUNT_SID": account}
    selected = ("--identity-prefix", "wc-", "--since", "2026-01-01", "--account-sid", account)
    command = ("close", *selected, "--base-url", server.url, "--yes")

    running = await program.start(*command, "--rate", "25/s", env=environment)
    await closed_at_least(server, 10)
    running.signal(signal.SIGKILL)
    await running.end()
    before = await closed(server)
    finished = await program(*command, "--rate", "29/s", "--json", env=environment)

    assert 10 <= before < ROWS
    assert finished.code == 0
    assert finished.summary["to_close"] + finished.summary["done_before"] == ROWS
    assert await closed(server) == ROWS


async def test_limits_are_given_way_to(program: Program, simulator: SimulatorMaker) -> None:
    """Asked for more than Twilio's 30 a second, it is turned away, waits, and still closes all."""
    server = await simulator("--rate-limit", "0")
    command = await make(program, server)

    ended = await program(*command, "--rate", "0", env=CREDENTIALS)

    assert ended.code == 0
    assert f"conversations {ROWS} = closed {ROWS}" in ended.stdout
    assert " answers were 429" in ended.stdout
    assert (await server.state())["throttled"] > 0
    assert await closed(server) == ROWS


async def test_without_a_terminal_it_is_a_dry_run(program: Program, simulator: SimulatorMaker) -> None:
    """A scheduled command that lacks --yes closes nothing, ends well and says what is missing."""
    server = await simulator("--rate-limit", "0")
    *command, _yes = await make(program, server)

    ended = await program(*command, env=CREDENTIALS)

    assert ended.code == 0
    assert ended.stdout.startswith(
        f"close: {ROWS} conversations of account {CREDENTIALS['TWILIO_ACCOUNT_SID']}, at "
    )
    assert ended.stdout.splitlines()[-1] == f"next:    provisioner {' '.join(command)} --yes"
    assert await closed(server) == 0


async def test_the_service_of_the_environment_is_the_one_that_is_asked(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Where the default service is not Flex's, closing ends with 6 and says so, and with Flex's it closes all."""
    flex = "IS" + "c" * 32
    server = await simulator("--rate-limit", "0", "--default-service", "other", "--service-sid", flex)
    command = await make(program, server)

    stopped = await program(*command, env=CREDENTIALS)
    named = {**CREDENTIALS, "TWILIO_CONVERSATIONS_SERVICE_SID": flex}
    finished = await program(*command, "--rate", "29/s", env=named)

    assert stopped.code == 6
    assert "default Conversations service" in stopped.stderr
    assert "TWILIO_CONVERSATIONS_SERVICE_SID" in stopped.stderr
    assert finished.code == 0
    assert f"conversations {ROWS} = closed {ROWS}" in finished.stdout
    assert await closed(server) == ROWS
