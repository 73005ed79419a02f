"""One conversation for several rows: found when it is answered, by a real ledger and over real sockets."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.close import close_conversations
from provisioner.commands.reconcile import reconcile_job
from provisioner.errors import ExitCode
from provisioner.models import Counts, MessageCounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import CloseOptions, ReconcileOptions
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.job import ENVIRON, Job
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import reply
from tests.stub_twilio import Call, StubTwilio, stub_twilio

SAME = SimulatorSettings(rate_limit=0, action_limit=0, repeated_identity="same")
SID = "CH" + 32 * "7"
USUAL: Mapping[str, Any] = {"settle_delay": 0.01, "concurrency": 4}


def results(job: Job) -> list[dict[str, str]]:
    """Read the results."""
    with job.results.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_people(job: Job, *people: str) -> None:
    """Write one row for each of these people, whose names are their identities."""
    lines = [f"{number},{name}" for number, name in enumerate(people, start=1)]
    (job.folder / "customers.csv").write_text("\n".join(["id,CustomerFriendlyName", *lines, ""]))


async def run(job: Job, url: str, **options: Any) -> Summary:
    """Run the job."""
    return await job.run(url, **{**USUAL, **options})


def mocking(_twilio: StubTwilio, _call: Call) -> bytes:
    """Name the same conversation for every row, as a mock does."""
    return reply(201, b'{"conversation_sid": "%s", "identity": null}' % SID.encode())


async def test_a_mock_that_names_one_conversation_creates_one_row(job: Job) -> None:
    """All others are unknown, name the first, and are never sent again; --allow-shared does not apply to them."""
    job.write(70)
    async with stub_twilio(mocking) as twilio:
        first = await run(job, twilio.url, concurrency=16)
        again = await run(job, twilio.url, allow_shared=True)

    rows = results(job)
    (created,) = (row for row in rows if row["status"] == "created")
    others = [row for row in rows if row is not created]
    assert (first.exit_code, again.exit_code) == (ExitCode.UNKNOWN, ExitCode.UNKNOWN)
    assert first.counts == again.counts == Counts(input=70, created=1, unknown=69)
    assert len(twilio.calls) == 70
    assert created["conversation_sid"] == SID
    assert {(row["error_code"], row["conversation_sid"]) for row in others} == {("duplicate_sid", "")}
    assert {row["error"] for row in others} == {f"Twilio named {SID}, the conversation of row {created['row']}"}


async def test_nothing_is_posted_into_another_rows_conversation(job: Job) -> None:
    """For a repeated identity Twilio names its first chat: that has one message, and the exit code stays 5."""
    write_people(job, "ana", "bo", "ana", "ana")
    async with open_simulator(SAME) as server:
        how = {"identity": "{CustomerFriendlyName}", "first_message": "Hello {id}"}
        first = await run(job, server.base_url, concurrency=1, **how)
        rows = results(job)
        again = await run(job, server.base_url, **how)

        assert [row["status"] for row in rows] == ["created", "created", "unknown", "unknown"]
        assert [row["error_code"] for row in rows] == ["", "", "duplicate_sid", "duplicate_sid"]
        assert "the conversation of row 1; " in rows[2]["error"]
        assert "--allow-shared" in rows[2]["error"]
        assert (first.exit_code, again.exit_code) == (ExitCode.UNKNOWN, ExitCode.UNKNOWN)
        assert [row["error_code"] for row in results(job)] == ["", "", "duplicate_sid", "duplicate_sid"]
        assert first.messages == again.messages == MessageCounts(posted=2)
        assert posted(server) == [["Hello 1"], ["Hello 2"]]
        assert server.state.webchats == 4


@pytest.mark.parametrize("comes_late", [False, True])
async def test_identities_that_repeat_on_purpose_may_share(job: Job, *, comes_late: bool) -> None:
    """Each row is created, with a note; also when it was unknown before. What is in doubt after that stays so."""
    write_people(job, "ana", "bo", "ana", "ana")
    async with open_simulator(SAME) as server:
        how = {"identity": "{CustomerFriendlyName}", "first_message": "Hello {id}"}
        if comes_late:
            await run(job, server.base_url, concurrency=1, **how)
        summary = await run(job, server.base_url, concurrency=1, allow_shared=True, **how)
        again = await run(job, server.base_url, **how)
        audited = await audit(job, server)
        chats = posted(server)
        closed, deleted = [await close(job, server, delete=delete) for delete in (False, True)]

        assert summary.exit_code == again.exit_code == ExitCode.DONE
        assert summary.counts == Counts(input=4, created=4)
        assert summary.messages == MessageCounts(posted=4)
        assert [row["error_code"] for row in results(job)] == ["", "", "shared", "shared"]
        assert {row["error"].partition(", ")[2] for row in results(job)[2:]} == {"the conversation of row 1"}
        assert len({row["conversation_sid"] for row in results(job)}) == 2
        assert chats == [["Hello 1", "Hello 3", "Hello 4"], ["Hello 2"]]
        assert server.state.webchats == 4
        assert (audited.exit_code, audited.details["findings"]) == (ExitCode.DONE, [])
        assert [each.exit_code for each in (closed, deleted)] == [ExitCode.DONE] * 2
        assert (closed.details["closed"], deleted.details["deleted"], deleted.details["gone"]) == (2, 2, 0)


async def test_a_row_whose_own_conversation_is_found_gets_that(job: Job) -> None:
    """Twilio named another row's conversation by a fault: looking the identity up shows which one it made."""

    def listing(twilio: StubTwilio, call: Call) -> bytes:
        made = next(each for each in twilio.calls if each.form["Identity"] in call.target)
        item = b'{"conversation_sid": "CH%032x", "participant_identity": "%s"}'
        return reply(
            200, b'{"conversations": [' + item % (made.number, made.form["Identity"].encode()) + b'], "meta": {}}'
        )

    def faulty(twilio: StubTwilio, call: Call) -> bytes:
        twilio.create(call)
        number, identity = min(call.number, 2), call.form["Identity"].encode()
        return reply(201, b'{"conversation_sid": "CH%032x", "identity": "%s"}' % (number, identity))

    async with stub_twilio(faulty) as twilio:
        twilio.listing = listing
        summary = await run(job, twilio.url, concurrency=1)

    assert summary.exit_code == ExitCode.DONE
    assert [row["conversation_sid"] for row in results(job)] == [f"CH{number:032x}" for number in (1, 2, 3)]
    assert len(twilio.calls) == 3


async def test_conversations_of_other_rows_count_as_failures(job: Job) -> None:
    """``--max-failures`` stops the run that a mock would otherwise let through to the last row."""
    job.write(50)
    async with stub_twilio(mocking) as twilio:
        summary = await run(job, twilio.url, concurrency=1, max_failures="3")

    assert summary.exit_code == ExitCode.GUARD
    assert len(twilio.calls) < 10


def posted(server: RunningSimulator) -> list[list[str]]:
    """Return the messages of each conversation in the order in which these were made."""
    return [[each.body for each in made.messages or ()] for made in server.state.conversations]


def environment(folder: Path) -> ProcessEnvironment:
    """Return the environment of a command that follows."""
    return ProcessEnvironment(ENVIRON, folder, "provisioner as before")


async def audit(job: Job, server: RunningSimulator) -> Summary:
    """Audit the job."""
    options = ReconcileOptions(base_url=server.base_url, audit=True, rate="0", settle_delay=0.01)
    ledger = job.folder / "results.csv.ledger"
    return await reconcile_job(ledger, options, environment(job.folder), QuietUserInterface())


async def close(job: Job, server: RunningSimulator, *, delete: bool) -> Summary:
    """Close or delete what the job made."""
    options = CloseOptions(base_url=server.base_url, rate="0", yes=True, concurrency=1, delete=delete)
    ledger = job.folder / "results.csv.ledger"
    return await close_conversations(ledger, options, environment(job.folder), QuietUserInterface())
