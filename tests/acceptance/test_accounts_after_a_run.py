"""Looking up and closing what a job has created in many accounts."""

from collections import Counter

import pytest

from tests.acceptance.program import Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.acceptance.test_many_accounts import ACCOUNTS, RUN, TOKENS, write_job
from tests.postgres_server import address_of_session
from tests.raw_server import reply
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error

pytestmark = pytest.mark.acceptance
LEDGER = "results.csv.ledger"


@pytest.mark.parametrize("kind", ["file", "database"])
async def test_a_killed_job_is_looked_up_and_closed_in_its_accounts(
    program: Program, simulator: SimulatorMaker, kind: str
) -> None:
    """Each account has its line at the end, and nothing of any account is left open, wherever the ledger is."""
    ledger = LEDGER if kind == "file" else f"{address_of_session()}&job=accounts-after-a-run"
    server = await simulator("--rate-limit", "0", "--latency", "50ms")
    write_job(program, 60, rate="20/s")
    there = ("--base-url", server.url, "--accounts", "accounts.csv")
    running = await program.start(*RUN, "--base-url", server.url, "--ledger", ledger, env=TOKENS)
    await server.has_seen(25)
    running.process.kill()
    await running.end()

    looked_up = await program("reconcile", ledger, *there, "--settle-delay", "0.2", env=TOKENS)
    closed = await program("close", ledger, *there, "--yes", "--rate", "0", env=TOKENS)

    assert looked_up.code in {0, 7}
    assert looked_up.counts.get("unknown", 0) == 0
    assert closed.code == 0
    assert {each["state"] for each in await server.conversations()} == {"closed"}
    lines = [line.split()[0] for line in closed.stdout.splitlines() if line.startswith("AC")]
    assert Counter(lines) == dict.fromkeys(ACCOUNTS.values(), 1)


async def test_a_refused_account_is_named_and_the_same_command_closes_the_rest(
    program: Program, twilio: StubMaker
) -> None:
    """The next command keeps the file of the accounts; exit code and error are those of the refusal."""
    is_refused = True

    def script(stub: StubTwilio, call: Call) -> Answer:
        if "Conversations" not in call.target:
            return stub.create(call)
        is_south = call.credentials.startswith(ACCOUNTS["South"])
        return error(401, 20003) if is_refused and is_south else reply(204, b"")

    server = await twilio(script)
    write_job(program, 9)
    await program(*RUN, "--base-url", server.url, env=TOKENS)
    command = ("close", LEDGER, "--base-url", server.url, "--accounts", "accounts.csv", "--yes", "--delete")

    stopped = await program(*command, env=TOKENS)
    is_refused = False
    fixed = await program(*command, "--json", env=TOKENS)

    assert stopped.code == 6
    assert f"account {ACCOUNTS['South']}: Twilio did not accept the credentials" in stopped.stderr
    assert f"next:    provisioner {' '.join(command)}" in stopped.stderr + stopped.stdout
    assert fixed.summary["done_before"] + fixed.summary["to_close"] == 9
    assert [each["account_sid"] for each in fixed.summary["accounts"]] == [ACCOUNTS["South"]]


async def test_each_account_is_closed_at_the_rate_that_was_asked_for(
    program: Program, simulator: SimulatorMaker
) -> None:
    """The rate is that of one account: all three together are closed in the time of one."""
    server = await simulator("--rate-limit", "0")
    write_job(program, 60)
    await program(*RUN, "--base-url", server.url, env=TOKENS)

    closed = await program(
        *("close", LEDGER, "--base-url", server.url, "--accounts", "accounts.csv", "--yes", "--rate", "20/s"),
        "--json",
        env=TOKENS,
    )

    assert (closed.code, closed.summary["closed"]) == (0, 60)
    assert 25 < closed.summary["rate_achieved"] <= 61
