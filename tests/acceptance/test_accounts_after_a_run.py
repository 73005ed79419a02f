"""Looking up and closing what a job has created in many accounts."""

import signal
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
    mistyped = await program("reconcile", ledger, *there, "--accounts", "acounts.csv", env=TOKENS)
    closed = await program("close", ledger, *there, "--yes", "--rate", "0", env=TOKENS)

    assert mistyped.code == 2
    assert "acounts.csv" in mistyped.stderr
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


async def test_each_account_is_closed_at_a_rate_of_its_own(program: Program, twilio: StubMaker) -> None:
    """At one an hour, each account gets its first request at once, and no second one."""

    def script(stub: StubTwilio, call: Call) -> Answer:
        return reply(204, b"") if "Conversations" in call.target else stub.create(call)

    server = await twilio(script)
    write_job(program, 9)
    await program(*RUN, "--base-url", server.url, env=TOKENS)
    there = ("--base-url", server.url, "--accounts", "accounts.csv")

    running = await program.start(
        "close", LEDGER, *there, "--yes", "--delete", "--rate", "1/h", "--json", env=TOKENS
    )
    await server.called(9 + len(ACCOUNTS))
    running.process.send_signal(signal.SIGINT)
    ended = await running.end()

    assert ended.code == 130
    assert [(each["deleted"], each["left"]) for each in ended.summary["accounts"]] == [(1, 2)] * len(ACCOUNTS)
