"""First messages inside one process: a real ledger, real sockets, and a simulator that misbehaves."""

import asyncio
import csv
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.run import run_job
from provisioner.errors import ExitCode, GuardError, OtherJobError
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.models import Counts, MessageCounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from provisioner.simulator import (
    FaultName,
    FaultRule,
    FaultScript,
    RunningSimulator,
    SimulatorSettings,
    open_simulator,
)
from provisioner.twilio import paging
from tests.quiet_ui import QuietUserInterface

ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "invented"}
GREETING = "Hello, I am {CustomerFriendlyName}"


@dataclass
class Job:
    """A folder with customers, and runs over them at one simulator."""

    folder: Path
    server: RunningSimulator
    ui: QuietUserInterface = field(default_factory=QuietUserInterface)

    def write(self, *lines: str) -> None:
        """Write customers; the first line names the columns."""
        (self.folder / "customers.csv").write_text("\n".join((*lines, "")))

    def write_customers(self, count: int) -> None:
        """Write so many customers."""
        self.write("id,CustomerFriendlyName", *(f"{number},Customer {number}" for number in range(1, count + 1)))

    async def run(self, **options: Any) -> Summary:
        """Run it, as fast as it goes, with little patience."""
        usual = RunOptions(
            output=self.folder / "results.csv",
            base_url=self.server.base_url,
            rate="0",
            address_sid="IG" + 32 * "a",
            key=("id",),
            first_message=GREETING,
            settle_delay=0.02,
            timeout=0.5,
        )
        environment = ProcessEnvironment(ENVIRON, self.folder, "provisioner run as before")
        return await run_job(
            [str(self.folder / "customers.csv")], replace(usual, **options), environment, self.ui, ProcessSignals()
        )

    @property
    def results(self) -> list[dict[str, str]]:
        """Read the results."""
        with (self.folder / "results.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def column(self, name: str) -> list[str]:
        """Return one column of the results."""
        return [row[name] for row in self.results]

    @property
    def said(self) -> dict[str, list[tuple[str, str]]]:
        """Return what was said in every conversation of the server: SIDs and texts by customer."""
        return {
            each.fields["CustomerFriendlyName"]: [(message.sid, message.body) for message in each.messages or []]
            for each in self.server.state.conversations
        }

    @property
    def posted(self) -> int:
        """How many messages the server has."""
        return self.server.state.messages


OpenJob = Callable[..., Awaitable[Job]]


@pytest.fixture
async def open_job(tmp_path: Path) -> AsyncIterator[OpenJob]:
    """Return what starts a simulator with such faults, and a job at it."""
    async with AsyncExitStack() as stack:

        async def start(*rules: FaultRule, **settings: Any) -> Job:
            chosen = SimulatorSettings(rate_limit=0, faults=FaultScript(rules), **settings)
            return Job(tmp_path, await stack.enter_async_context(open_simulator(chosen)))

        yield start


def at(name: FaultName, *numbers: int, **parameters: Any) -> FaultRule:
    """Let a fault strike these requests."""
    return FaultRule(name=name, at=frozenset(numbers), **parameters)


async def test_every_row_says_its_first_message_and_starts_a_flow(open_job: OpenJob) -> None:
    """Template and customer make the text, the guest is its author, and the results name the message."""
    job = await open_job()
    job.write_customers(20)

    summary = await job.run()

    assert summary.exit_code is ExitCode.DONE
    assert summary.counts == Counts(input=20, created=20)
    assert summary.messages == MessageCounts(posted=20)
    said = job.said
    assert {name: [body for _, body in texts] for name, texts in said.items()} == {
        f"Customer {number}": [f"Hello, I am Customer {number}"] for number in range(1, 21)
    }
    assert job.column("message_sid") == [said[f"Customer {number}"][0][0] for number in range(1, 21)]
    assert set(job.column("error_code")) == {""}
    assert job.server.state.flows_started == 20
    assert json.loads(summary.to_json())["messages"] == {"posted": 20, "rejected": 0, "unknown": 0, "unsent": 0}


async def test_a_column_gives_the_message_and_the_option_fills_in(open_job: OpenJob) -> None:
    """A row's own text wins; without the option, a row without one says nothing."""
    job = await open_job()
    job.write("id,CustomerFriendlyName,First Message", '1,Ana,"Where is ""it""?"', "2,Bo,")

    await job.run()

    assert [text for _, text in job.said["Ana"] + job.said["Bo"]] == ['Where is "it"?', "Hello, I am Bo"]

    (job.folder / "results.csv").unlink()
    summary = await job.run(first_message="", ledger=job.folder / "other.ledger")

    assert summary.messages == MessageCounts(posted=1)
    assert [bool(sid) for sid in job.column("message_sid")] == [True, False]


async def test_the_template_belongs_to_the_job(open_job: OpenJob) -> None:
    """Another text is another job, so nobody gets two greetings by a change of mind."""
    job = await open_job()
    job.write_customers(1)
    await job.run()

    with pytest.raises(OtherJobError, match=r"first_message: was 'Hello, I am {CustomerFriendlyName}', now 'Hi'"):
        await job.run(first_message="Hi")


async def test_a_guest_whom_twilio_named_is_the_author(open_job: OpenJob) -> None:
    """Without an identity of ours, and where the server overlooks it, the message is from whom the 201 named."""
    job = await open_job(ignore_identity=True)
    job.write_customers(2)

    summary = await job.run(identity="none")

    assert summary.messages == MessageCounts(posted=2)


async def test_a_guest_whom_nobody_named_says_nothing(open_job: OpenJob) -> None:
    """The row is created, and its results say why it has no message."""
    job = await open_job(at(FaultName.NULL_IDENTITY, 2))
    job.write_customers(2)

    summary = await job.run(identity="none")

    assert summary.exit_code is ExitCode.REJECTED
    assert job.column("status") == ["created", "created"]
    assert job.column("error_code") == ["", "message_rejected"]
    assert job.column("error")[1].startswith("first message: Twilio returned no identity for the customer")


MAYBES = [
    FaultName.MESSAGE_RESET,
    FaultName.MESSAGE_RESET_AFTER_CREATE,
    FaultName.MESSAGE_NULL_SID,
    FaultName.MESSAGE_ERROR_500,
    FaultName.MESSAGE_ERROR_500_CREATED,
    FaultName.MESSAGE_STALL,
]


@pytest.mark.parametrize("name", MAYBES)
async def test_a_message_in_doubt_is_looked_for_before_it_is_posted_again(
    open_job: OpenJob, name: FaultName
) -> None:
    """Whether or not it had been posted, in the end it is there once, and the results name it."""
    job = await open_job(at(name, 2))
    job.write_customers(3)

    summary = await job.run()

    assert summary.exit_code is ExitCode.DONE
    assert summary.messages == MessageCounts(posted=3)
    assert [len(texts) for texts in job.said.values()] == [1, 1, 1]
    assert sorted(job.column("message_sid")) == sorted(sid for texts in job.said.values() for sid, _ in texts)


async def test_a_message_that_may_be_there_is_held_where_that_was_asked_for(open_job: OpenJob) -> None:
    """--on-unknown hold asks nobody: the row is created, its message unknown; the next run looks."""
    job = await open_job(at(FaultName.MESSAGE_RESET_AFTER_CREATE, 2))
    job.write_customers(3)

    held = await job.run(on_unknown="hold")
    told = job.column("error_code")
    looked = await job.run()

    assert (held.exit_code, held.messages) == (ExitCode.UNKNOWN, MessageCounts(posted=2, unknown=1))
    assert sorted(told) == ["", "", "message_unknown"]
    assert any("1 first message is unknown" in note for note in held.notes)
    assert held.next_command == "provisioner run as before"
    assert (looked.exit_code, looked.messages) == (ExitCode.DONE, MessageCounts(posted=3))
    assert job.posted == 3


async def test_a_conversation_that_cannot_be_asked_leaves_the_message_unknown(
    open_job: OpenJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks that fail prove nothing: nothing is posted, and the run ends with 5."""
    monkeypatch.setattr(paging, "TRIES", 1)
    down = FaultRule(name=FaultName.LOOKUP_FAILS, percent=100)
    job = await open_job(at(FaultName.MESSAGE_RESET, 1), down)
    job.write_customers(1)

    summary = await job.run(canary=0)

    assert (summary.exit_code, summary.messages) == (ExitCode.UNKNOWN, MessageCounts(unknown=1))
    assert job.column("status") == ["created"]
    assert job.column("error_code") == ["message_unknown"]
    assert job.posted == 0


async def test_a_refused_message_leaves_its_row_created_and_ends_with_4(open_job: OpenJob) -> None:
    """It is left alone, until --retry rejected posts it."""
    job = await open_job(at(FaultName.MESSAGE_REFUSED, 2))
    job.write_customers(3)

    first = await job.run()
    told = sorted(job.column("error_code"))
    again = await job.run()
    retried = await job.run(retry=("rejected",))

    assert (first.exit_code, first.messages) == (ExitCode.REJECTED, MessageCounts(posted=2, rejected=1))
    assert first.counts == Counts(input=3, created=3)
    assert told == ["", "", "message_rejected"]
    assert "1 first message rejected: 20001, Twilio refused the request (HTTP 400, code 20001)" in first.notes
    assert "rejected messages are left alone: --retry rejected posts them again" in first.notes
    assert again.exit_code is ExitCode.REJECTED
    assert (retried.exit_code, retried.messages) == (ExitCode.DONE, MessageCounts(posted=3))
    assert [len(texts) for texts in job.said.values()] == [1, 1, 1]


async def test_messages_that_were_only_throttled_are_posted_by_the_next_run(open_job: OpenJob) -> None:
    """The row is not created again; its message finds conversation and guest in the ledger."""
    job = await open_job(at(FaultName.MESSAGE_THROTTLED, 1, 2))
    job.write_customers(2)

    first = await job.run(max_attempts=1, canary=0)
    second = await job.run()

    assert (first.exit_code, first.messages) == (ExitCode.UNSENT, MessageCounts(unsent=2))
    assert any("2 first messages are not posted" in note for note in first.notes)
    assert first.next_command == "provisioner run as before"
    assert (second.exit_code, second.messages) == (ExitCode.DONE, MessageCounts(posted=2))
    assert [plan.to_post for plan in job.ui.plans] == [0, 2]
    assert job.server.state.webchats == 2
    assert set(job.column("error_code")) == {""}


async def test_a_row_found_by_looking_gets_its_message_in_the_same_run(open_job: OpenJob) -> None:
    """Its creation's answer was lost; once its conversation is found, the message follows."""
    job = await open_job(at(FaultName.RESET_AFTER_CREATE, 3), at(FaultName.ERROR_500, 4))
    job.write_customers(4)

    summary = await job.run()

    assert summary.exit_code is ExitCode.DONE
    assert summary.messages == MessageCounts(posted=4)
    assert [len(texts) for texts in job.said.values()] == [1, 1, 1, 1]


async def test_a_canary_whose_message_is_refused_stops_the_run(open_job: OpenJob) -> None:
    """One conversation without a flow, and no more."""
    job = await open_job(FaultRule(name=FaultName.MESSAGE_REFUSED, percent=100))
    job.write_customers(5)

    summary = await job.run()

    assert summary.exit_code is GuardError.exit_code
    assert summary.counts == Counts(input=5, created=1, unsent=4)
    assert summary.error is not None
    assert "its message: Twilio refused the request" in summary.error.message


async def test_a_changed_row_keeps_what_may_have_been_posted_for_it(open_job: OpenJob) -> None:
    """Its new text is not compared with the old one, so it is not posted on top of it."""
    job = await open_job(at(FaultName.MESSAGE_RESET_AFTER_CREATE, 1))
    job.write_customers(1)
    await job.run(on_unknown="hold")

    job.write("id,CustomerFriendlyName", "1,Somebody Else")
    changed = await job.run()
    job.write_customers(1)
    as_before = await job.run()

    assert (changed.exit_code, changed.messages) == (ExitCode.UNKNOWN, MessageCounts(unknown=1))
    assert "the row has changed" in " ".join(changed.notes)
    assert (as_before.exit_code, as_before.messages) == (ExitCode.DONE, MessageCounts(posted=1))
    assert job.posted == 1


async def test_no_text_of_a_message_is_in_ledger_log_or_results(open_job: OpenJob) -> None:
    """What customers say travels from the input to Twilio, and nowhere else."""
    rules = at(FaultName.MESSAGE_REFUSED, 2), at(FaultName.MESSAGE_RESET_AFTER_CREATE, 3)
    job = await open_job(*rules, at(FaultName.MESSAGE_RESET, 4))
    job.write("id,CustomerFriendlyName,first_message", *(f"{row},Ana,secret-words-{row}" for row in range(1, 6)))

    with capture_logs() as events:
        await job.run()

    kept = b"".join(path.read_bytes() for path in job.folder.iterdir() if path.name != "customers.csv")
    assert b"secret-words" not in kept
    assert "secret-words" not in json.dumps(events, default=str)
    assert "message.rejected" in {event["event"] for event in events}


async def test_the_steps_are_timed_in_the_ledger(open_job: OpenJob) -> None:
    """Each request to create and each message has its due time, its departure and its end."""
    job = await open_job()
    job.write_customers(3)

    await job.run()

    with open_reader(LedgerLocation(job.folder / "results.csv.ledger")) as reader:
        for step in ("create", "message"):
            attempts = list(reader.attempts(step))
            assert [attempt.number for attempt in attempts] == [1, 1, 1]
            for each in attempts:
                assert each.due is not None
                assert each.sent is not None
                assert each.due <= each.sent + 0.001
                assert each.sent <= each.ended


async def test_a_stop_while_messages_are_looked_for_leaves_them_unknown(open_job: OpenJob) -> None:
    """Nobody waits out the looks: the run ends with the signal's code, and the next one looks again."""
    job = await open_job(at(FaultName.MESSAGE_RESET, 2))
    job.write_customers(2)

    async def stop_while_looking() -> None:
        while not job.server.state.lookups:  # noqa: ASYNC110 - the simulator has no events to wait for
            await asyncio.sleep(0.005)
        signal.raise_signal(signal.SIGTERM)

    stopping = asyncio.create_task(stop_while_looking())
    stopped = await job.run(settle_delay=30)
    await stopping
    finished = await job.run()

    assert (stopped.exit_code, stopped.messages) == (ExitCode.SIGTERM, MessageCounts(posted=1, unknown=1))
    assert stopped.next_command == "provisioner run as before"
    assert (finished.exit_code, finished.messages) == (ExitCode.DONE, MessageCounts(posted=2))
    assert [len(texts) for texts in job.said.values()] == [1, 1]
