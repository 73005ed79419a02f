"""``reconcile`` of a job for many accounts: each row is looked up in its account, beside a created row of it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts
from provisioner.models.summary import CommandOutcome
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.accounts_job import COMMAND, NORTH, SOUTH, AccountsJob, by_account
from tests.raw_server import Visit, reply
from tests.stub_twilio import Answer, Call, Script, StubTwilio, error, stub_twilio


@pytest.fixture
async def simulator() -> AsyncIterator[RunningSimulator]:
    """Serve a simulator without limits."""
    async with open_simulator(SimulatorSettings(rate_limit=0)) as running:
        yield running


@pytest.fixture
async def job(tmp_path: Path, simulator: RunningSimulator) -> AccountsJob:
    """Return a job in two accounts whose rows 3, 4 and 5 are unknown; row 5 has no conversation."""
    job = AccountsJob(tmp_path, simulator.base_url)
    await job.run()
    conversations = simulator.state.conversations
    lost = next(each for each in conversations if each.fields["CustomerFriendlyName"] == "Customer 5")
    conversations.delete(lost)
    job.results.unlink()
    job.change("UPDATE rows SET status = 'unknown' WHERE id > 2")
    job.change(
        "UPDATE attempts SET class = 'maybe', http_status = NULL, conversation_sid = NULL, identity = NULL"
        " WHERE row_id > 2"
    )
    return job


def refusing_south(simulator: RunningSimulator) -> Script:
    """Return a script that refuses the credentials of one account, and lists what the other one has."""
    sids = {each.identity: each.sid for each in simulator.state.conversations if each.account == NORTH}

    def listing(_twilio: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(SOUTH):
            return error(401, 20003)
        identity = parse_qs(urlsplit(call.target).query)["Identity"][0]
        found = [{"conversation_sid": sids[identity], "participant_identity": identity}]
        return reply(200, json.dumps({"conversations": found, "meta": {}}).encode())

    return listing


async def test_each_row_is_looked_up_in_its_account(job: AccountsJob) -> None:
    """Rows that exist are found, and a row is absent when a created row of the same account is shown instead."""
    summary = await job.reconcile()
    again = await job.reconcile()

    assert (summary.exit_code, summary.counts) == (ExitCode.UNSENT, Counts(input=5, created=4, unsent=1))
    assert by_account(summary, "looked_up", "found", "absent", "unknown", "error") == {
        SOUTH: (2, 1, 1, 0, None),
        NORTH: (1, 1, 0, 0, None),
    }
    assert again.details["looked_up"] == 0
    assert (await job.run()).counts == Counts(input=5, created=5)


async def test_an_account_that_is_refused_leaves_only_its_own_rows_unknown(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """The other one is asked to the end; the error and a note name the account, and the same command goes on."""
    async with stub_twilio() as twilio:
        twilio.listing = refusing_south(simulator)
        stopped = await job.reconcile(base_url=twilio.url)
    fixed = await job.reconcile()

    assert (stopped.exit_code, stopped.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert stopped.error
    assert stopped.error.message.startswith(f"account {SOUTH}: Twilio refused the look-up (20003)")
    assert any(note.startswith(f"1 account has something left: {SOUTH} (2)") for note in stopped.notes)
    assert stopped.next_command == COMMAND
    assert by_account(stopped, "found", "unknown") == {SOUTH: (0, 2), NORTH: (1, 0)}
    assert by_account(fixed, "found", "absent")[SOUTH] == (1, 1)


async def test_accounts_are_looked_up_at_the_same_time(job: AccountsJob, simulator: RunningSimulator) -> None:
    """One whose reply does not come keeps no other one waiting."""
    is_north_asked, usual = asyncio.Event(), refusing_south(simulator)

    def listing(twilio: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(NORTH):
            is_north_asked.set()
            return usual(twilio, call)

        async def answer(visit: Visit) -> None:
            await is_north_asked.wait()
            await visit.write(error(401, 20003).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))

        return answer

    async with stub_twilio() as twilio, asyncio.timeout(60):
        twilio.listing = listing
        summary = await job.reconcile(base_url=twilio.url)

    assert by_account(summary, "looked_up") == {SOUTH: (0,), NORTH: (1,)}


async def test_only_accounts_with_unknown_rows_have_to_be_listed(job: AccountsJob) -> None:
    """One that is missing is named with its unknown rows, before anything is asked, and no run is recorded."""
    job.list_accounts(NORTH)
    with pytest.raises(UsageError) as refused:
        await job.reconcile()
    job.list_accounts(SOUTH)
    job.change("UPDATE rows SET status = 'rejected' WHERE id = 4")
    summary = await job.reconcile()

    assert f"does not list the account {SOUTH}, in which 2 unknown rows are left" in refused.value.message
    assert by_account(summary, "looked_up") == {SOUTH: (2,)}


async def test_an_audit_asks_each_account_about_its_own_rows(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """What is missing is found in the account of the row; accounts are told apart."""
    await job.reconcile()
    first = next(each for each in simulator.state.conversations if each.account == NORTH)
    simulator.state.conversations.delete(first)

    summary = await job.reconcile(audit=True)

    assert summary.exit_code is ExitCode.REJECTED
    assert [(each["row"], each["key"], each["flaw"]) for each in summary.details["findings"]] == [
        (1, f"{NORTH}|1", "none")
    ]
    assert by_account(summary, "audited", "findings", "left") == {SOUTH: (2, 0, 0), NORTH: (2, 1, 0)}


async def test_an_audit_of_an_account_that_is_refused_does_not_stop_the_others(
    job: AccountsJob, simulator: RunningSimulator
) -> None:
    """The exit code is that of the refusal, and the note says how many rows of which account are left."""
    await job.reconcile()

    async with stub_twilio() as twilio:
        twilio.listing = refusing_south(simulator)
        summary = await job.reconcile(audit=True, base_url=twilio.url)
        asked = Counter(call.credentials[:34] for call in twilio.lookups)

    assert asked[SOUTH] == 1
    assert summary.exit_code is ExitCode.GUARD
    assert f"1 account has something left: {SOUTH} (2)" in summary.notes
    assert by_account(summary, "audited", "findings", "left")[NORTH] == (2, 0, 0)


async def test_the_option_and_the_job_have_to_agree(job: AccountsJob) -> None:
    """A job for many accounts needs their file, any other job has no use for it; nothing is asked before."""
    with pytest.raises(UsageError, match="were sent in several accounts") as missing:
        await job.reconcile(accounts="")
    job.change("UPDATE manifest SET value = replace(value, 'by row', ?) WHERE name = 'settings'", NORTH)
    with pytest.raises(UsageError, match="whose rows were sent in one account") as in_vain:
        await job.reconcile()

    assert missing.value.cure == "add --accounts with the file of the job's accounts"
    assert in_vain.value.cure == "omit --accounts, also in the environment and the configuration"
