"""What a run and the commands after it tell of each account of a job for many."""

import pytest

from tests.acceptance.program import Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker
from tests.acceptance.test_many_accounts import ACCOUNTS, RUN, TOKENS, write_job
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error

pytestmark = pytest.mark.acceptance


async def test_a_run_tells_its_accounts_apart(program: Program, twilio: StubMaker) -> None:
    """By name, counts, rate and what stopped one; the results, status and report agree with it."""

    def script(stub: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(ACCOUNTS["South"]):
            return error(401, 20003)
        return stub.create(call)

    server = await twilio(script)
    write_job(program, 31)

    ended = await program(*RUN, "--base-url", server.url, "--json", env=TOKENS)
    status = await program("status", "results.csv", "--json")
    report = await program("report", "results.csv", "-o", "report.html")

    told = {each["name"]: each for each in ended.summary["accounts"]}
    assert {name: each["account_sid"] for name, each in told.items()} == ACCOUNTS
    numbers = {name: (each["counts"]["created"], each["counts"]["unsent"]) for name, each in told.items()}
    assert numbers == {"North": (11, 0), "South": (0, 10), "East": (10, 0)}
    assert [bool(told[name]["rate"]) for name in ACCOUNTS] == [True, False, True]
    assert [bool(told[name]["error"]) for name in ACCOUNTS] == [False, True, False]
    rows = read_csv(program.folder / "results.csv")
    assert [row["account_sid"] for row in rows[:3]] == [*ACCOUNTS.values()]
    assert {row["account_sid"] for row in rows if row["status"] != "created"} == {ACCOUNTS["South"]}
    created = {each["account_sid"]: each["counts"]["created"] for each in status.summary["accounts"]}
    assert created == {ACCOUNTS["North"]: 11, ACCOUNTS["South"]: 0, ACCOUNTS["East"]: 10}
    page = (program.folder / "report.html").read_text(encoding="utf-8")
    assert report.code == 0
    assert all(f'<th scope="row">{sid}</th>' in page for sid in ACCOUNTS.values())


async def test_a_run_ends_with_a_line_for_each_account(program: Program, simulator: SimulatorMaker) -> None:
    """That has the account's name, which the file of accounts gives; one without rows has a line, too."""
    server = await simulator("--rate-limit", "0")
    write_job(program, 20, names=("North", "South"))

    ended = await program(*RUN, "--base-url", server.url, env=TOKENS)

    lines = [line.split() for line in ended.stdout.splitlines() if line.startswith("AC")]
    assert [line[:4] for line in lines] == [
        [ACCOUNTS["North"], "(North)", "10", "10"],
        [ACCOUNTS["South"], "(South)", "10", "10"],
        [ACCOUNTS["East"], "(East)", "0", "0"],
    ]
