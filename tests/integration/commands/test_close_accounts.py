"""``close`` of a job for many accounts: each conversation in the account of its row, at the same time."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.close import close_conversations
from provisioner.commands.export import export_results
from provisioner.errors import ExitCode, InputError, UsageError
from provisioner.models.summary import CommandOutcome
from provisioner.options import CloseOptions, ExportOptions
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.accounts_job import COMMAND, NORTH, ROWS, SOUTH, AccountsJob, by_account
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import Visit, reply
from tests.stub_twilio import Answer, Call, StubTwilio, error, stub_twilio


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    """Serve a simulator without limits."""
    settings = SimulatorSettings(rate_limit=0, action_limit=0, interaction_limit=0)
    async with open_simulator(settings) as running:
        yield running


@pytest.fixture
async def job(tmp_path: Path, simulator: RunningSimulator) -> AccountsJob:
    """Return a finished job in two accounts."""
    job = AccountsJob(tmp_path, simulator.base_url)
    await job.run()
    return job


def states(simulator: RunningSimulator) -> Counter[tuple[str, str]]:
    """Return the number of conversations by account and state."""
    return Counter((each.account, each.state) for each in simulator.state.conversations)


def closing_as_asked(_twilio: StubTwilio, call: Call) -> bytes:
    """Answer like Twilio to a request that closes a conversation."""
    return reply(200, json.dumps({"sid": call.target.rpartition("/")[2], "state": "closed"}).encode())


async def test_each_conversation_is_closed_in_its_account(job: AccountsJob, simulator: RunningSimulator) -> None:
    """The plan and the question are about all accounts; the end tells what became of each; nothing is left."""
    ui = QuietUserInterface(answer=True)

    summary = await job.close(ui=ui, yes=False, rate="10/s")
    again = await job.close(ui=QuietUserInterface(), yes=False)

    assert ui.said[:3] == [
        "close: 5 conversations of 2 accounts, at 10/s each: 0:00:01",
        f"  {SOUTH}: 3 conversations",
        f"  {NORTH}: 2 conversations",
    ]
    assert ui.questions == ["Close 5 conversations?"]
    assert states(simulator) == {(NORTH, "closed"): 2, (SOUTH, "closed"): 3}
    assert (summary.exit_code, summary.details["closed"], summary.notes) == (ExitCode.DONE, 5, ())
    assert by_account(summary, "to_close", "closed", "left", "error") == {
        SOUTH: (3, 3, 0, None),
        NORTH: (2, 2, 0, None),
    }
    assert (again.exit_code, again.details["done_before"]) == (ExitCode.DONE, 5)


async def test_an_account_that_is_refused_leaves_only_its_own_conversations(job: AccountsJob) -> None:
    """It gets one request; the error names it, the note says how much is left, and the same command goes on."""
    is_refused = True

    def script(twilio: StubTwilio, call: Call) -> Answer:
        if is_refused and call.credentials.startswith(SOUTH):
            return error(401, 20003)
        return closing_as_asked(twilio, call)

    async with stub_twilio(script) as twilio:
        stopped = await job.close(base_url=twilio.url)
        asked = Counter(call.credentials.partition(":")[0] for call in twilio.calls)
        is_refused = False
        fixed = await job.close(base_url=twilio.url)

    assert asked == {SOUTH: 1, NORTH: 2}
    assert (stopped.exit_code, stopped.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert stopped.error
    assert stopped.error.message.startswith(f"account {SOUTH}: Twilio did not accept the credentials")
    assert "check its line in --accounts" in stopped.error.cure + stopped.error.message
    assert f"1 account has something left: {SOUTH} (3)" in stopped.notes
    assert stopped.next_command == COMMAND
    assert by_account(stopped, "closed", "left") == {SOUTH: (0, 3), NORTH: (2, 0)}
    assert (fixed.exit_code, fixed.details["closed"], fixed.details["done_before"]) == (ExitCode.DONE, 3, 2)


async def test_accounts_do_not_wait_for_each_other(job: AccountsJob) -> None:
    """One whose first reply does not come keeps no other one waiting."""
    is_north_done = asyncio.Event()

    def script(twilio: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(NORTH):
            if Counter(each.credentials[:34] for each in twilio.calls)[NORTH] == ROWS.count(NORTH):
                is_north_done.set()
            return closing_as_asked(twilio, call)

        async def answer(visit: Visit) -> None:
            await is_north_done.wait()
            text = closing_as_asked(twilio, call)
            await visit.write(text.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

        return answer

    async with stub_twilio(script) as twilio, asyncio.timeout(60):
        summary = await job.close(base_url=twilio.url)

    assert (summary.exit_code, summary.details["closed"]) == (ExitCode.DONE, 5)


async def test_conversations_and_guests_are_deleted_in_their_accounts(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """Also through their interactions: every step asks the account of the row."""
    summary = await job.close(delete=True, delete_users=True, through="interactions")

    assert (summary.exit_code, summary.details["guests"]["deleted"]) == (ExitCode.DONE, 5)
    assert states(simulator) == {}
    guests = {each["account_sid"]: each["guests"]["deleted"] for each in summary.details["accounts"]}
    assert guests == {SOUTH: 3, NORTH: 2}


async def test_only_accounts_with_something_left_have_to_be_listed(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """One that is missing is named with what is left in it, before anything is asked; afterwards it may go."""
    job.list_accounts(NORTH)
    with pytest.raises(UsageError) as refused:
        await job.close()
    open_then = states(simulator)
    job.list_accounts(NORTH, SOUTH)
    await job.close()
    job.list_accounts(NORTH)
    done = await job.close()

    assert f"does not list the account {SOUTH}, in which 3 conversations are left" in refused.value.message
    assert refused.value.cure.startswith("add a line for each account")
    assert open_then == {(NORTH, "active"): 2, (SOUTH, "active"): 3}
    assert (done.exit_code, done.details["done_before"]) == (ExitCode.DONE, 5)


async def test_rows_that_left_the_input_are_closed_in_their_account(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """Also when no row of the account is in the input any more."""
    await job.run(rows=(NORTH,))

    summary = await job.close()

    assert states(simulator) == {(NORTH, "closed"): 2, (SOUTH, "closed"): 3}
    assert by_account(summary, "closed") == {SOUTH: (3,), NORTH: (2,)}


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
async def test_results_that_name_the_accounts_are_enough(
    job: AccountsJob, simulator: RunningSimulator, suffix: str
) -> None:
    """They keep their progress beside them; an edited line whose account is lost closes nothing."""
    results = job.folder / f"elsewhere.{suffix}"
    export_results(job.ledger, ExportOptions(output=results))
    whole = results.read_text()
    results.write_text(whole.replace(SOUTH, "South"))
    with pytest.raises(InputError, match="account_sid is not the SID of an account"):
        await job.close(results)
    results.write_text(whole)

    first = await job.close(results)
    again = await job.close(results)

    assert states(simulator) == {(NORTH, "closed"): 2, (SOUTH, "closed"): 3}
    assert by_account(first, "closed") == {NORTH: (2,), SOUTH: (3,)} == by_account(first, "to_close")
    assert (again.exit_code, again.details["done_before"]) == (ExitCode.DONE, 5)


@pytest.mark.parametrize("name", ["results.csv", "results.csv.ledger"])
async def test_a_job_for_many_accounts_needs_their_file(job: AccountsJob, name: str) -> None:
    """Without it nothing is asked, whatever account the environment names."""
    with pytest.raises(UsageError, match="were sent in several accounts") as refused:
        await job.close(job.folder / name, accounts="")

    assert refused.value.cure == "add --accounts with the file of the job's accounts"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"account_sid": NORTH}, "--account-sid with --accounts"),
        ({"profile": "live"}, "--profile with --accounts"),
        ({"service_sid": "IS" + 32 * "5"}, "--service-sid with --accounts"),
    ],
)
async def test_options_of_one_account_do_not_go_with_a_file_of_accounts(
    job: AccountsJob, how: dict[str, Any], told: str
) -> None:
    """They would be true of one of them at most."""
    with pytest.raises(UsageError, match=told):
        await job.close(**how)


async def test_a_selection_is_made_in_one_account(job: AccountsJob) -> None:
    """A file of accounts says nothing about conversations that no row names."""
    options = CloseOptions(accounts=str(job.accounts), base_url=job.url, since="2026-11-01", until="2026-11-02")

    with pytest.raises(UsageError, match="--accounts needs the ledger or the results of its job"):
        await close_conversations(None, options, job.environment, QuietUserInterface())


async def test_a_rehearsal_of_many_accounts_leaves_nothing_behind(
    tmp_path: Path, job: AccountsJob, simulator: RunningSimulator
) -> None:
    """All accounts of --simulate are those of one simulator, and it needs no key."""
    summary = await job.close(job.results, simulate=True, base_url="")

    assert (summary.exit_code, summary.details["gone"]) == (ExitCode.DONE, 5)
    assert states(simulator) == {(NORTH, "active"): 2, (SOUTH, "active"): 3}
    assert not (tmp_path / "results.csv.close.ledger").exists()
