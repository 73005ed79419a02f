"""Histories of old chats inside one process: a real ledger, real sockets, and a simulator that misbehaves."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.reconcile import reconcile_job
from provisioner.commands.status import job_status
from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts, MessageCounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import ReconcileOptions
from provisioner.runs import clients
from provisioner.simulator import FaultName, FaultRule, FaultScript, SimulatorSettings, open_simulator
from provisioner.simulator.state import SimulatorState
from tests.integration.commands.job import Job
from tests.ledger_samples import query
from tests.quiet_ui import QuietUserInterface

CHATS = {"3": ["Hi", "Hi", "Bye"], "1": ["Hello"]}
GREETING = "Hello, I am {CustomerFriendlyName}"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "LOOK_UPS_PER_SECOND", 10_000.0)


def write_history(folder: Path, chats: dict[str, list[str]]) -> str:
    """Write a history and return its name; all messages of a chat have the same author and date."""
    lines = [
        {
            "key": key,
            "author": f"Person {key}",
            "body": body,
            "date": "2025-03-01T10:00:00Z",
            "attributes": {"n": key},
        }
        for key, bodies in chats.items()
        for body in bodies
    ]
    path = folder / "history.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return str(path)


class Server:
    """A simulator, and runs of one job with its history against it."""

    def __init__(self, job: Job, url: str, state: SimulatorState) -> None:
        self._job, self._url, self.state = job, url, state
        self.history = write_history(job.folder, CHATS)

    async def run(self, **options: Any) -> Summary:
        """Run the job, with little patience."""
        usual = {"settle_delay": 0.02, "history": self.history, "first_message": GREETING, "concurrency": 4}
        return await self._job.run(self._url, **{**usual, **options})

    @property
    def texts(self) -> dict[str, list[str]]:
        """The texts of every conversation, by its customer."""
        return {
            each.fields["CustomerFriendlyName"]: [message.body for message in each.messages or ()]
            for each in self.state.conversations
        }


@asynccontextmanager
async def server_of(job: Job, *rules: FaultRule) -> AsyncIterator[Server]:
    """Open a simulator with these faults."""
    settings = SimulatorSettings(rate_limit=0, action_limit=0, faults=FaultScript(rules))
    async with open_simulator(settings) as running:
        yield Server(job, running.base_url, running.state)


def texts_of(chats: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is in the conversations of three customers when all is posted."""
    return {f"Customer {key}": [*chats.get(key, []), f"Hello, I am Customer {key}"] for key in ("1", "2", "3")}


async def test_a_history_is_posted_before_the_first_message(job: Job) -> None:
    """Author, date and attributes are those of the file, and only the first message triggers webhooks."""
    async with server_of(job) as server:
        summary = await server.run()
        again = await server.run()

    third = next(
        each for each in server.state.conversations if each.fields["CustomerFriendlyName"] == "Customer 3"
    )
    assert (summary.exit_code, again.exit_code) == (ExitCode.DONE, ExitCode.DONE)
    assert summary.history == again.history == MessageCounts(posted=4)
    assert summary.messages == again.messages == MessageCounts(posted=3)
    assert server.texts == texts_of(CHATS)
    assert [message.triggers_webhooks for message in third.messages or ()] == [False, False, False, True]
    assert [message.author for message in third.messages or ()] == [*["Person 3"] * 3, third.identity]
    assert {(message.created_at, message.attributes) for message in (third.messages or ())[:3]} == {
        (1_740_823_200.0, '{"n":"3"}')
    }


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_a_message_whose_answer_was_lost_is_posted_once(job: Job, number: int) -> None:
    """It is looked up among equal ones, whether it arrived or not, and the chat goes on behind it."""
    at = frozenset({number})
    for name in (FaultName.MESSAGE_RESET, FaultName.MESSAGE_RESET_AFTER_CREATE):
        async with server_of(job, FaultRule(name=name, at=at)) as server:
            summary = await server.run(output=job.folder / f"{name}.csv", concurrency=1)
            assert (summary.exit_code, summary.history) == (ExitCode.DONE, MessageCounts(posted=4))
            assert server.texts == texts_of(CHATS)


async def test_behind_a_refused_message_nothing_is_posted_until_it_is_corrected(job: Job) -> None:
    """The order holds: the rest and the first message wait, and the row says which message it was."""
    async with server_of(job, FaultRule(name=FaultName.MESSAGE_REFUSED, at=frozenset({5}))) as server:
        summary = await server.run(concurrency=1)
        with job.results.open(newline="", encoding="utf-8") as file:
            told = [(row["status"], row["error_code"], row["error"]) for row in csv.DictReader(file)]
        before = server.texts["Customer 3"]
        unchanged = await server.run()
        write_history(job.folder, {**CHATS, "3": ["Hi", "Corrected", "Bye"]})
        again = await server.run(retry=("rejected",))

    assert (summary.exit_code, unchanged.exit_code, again.exit_code) == (4, 4, 0)
    assert summary.history == MessageCounts(posted=2, rejected=1, held=1)
    assert summary.messages == MessageCounts(posted=2, held=1)
    assert told[2] == (
        "created",
        "history_rejected",
        "history: message 2 of 3: Twilio refused the request (HTTP 400, code 20001) (20001)",
    )
    assert before == ["Hi"]
    assert again.history == MessageCounts(posted=4)
    assert server.texts == texts_of({**CHATS, "3": ["Hi", "Corrected", "Bye"]})


async def test_a_history_that_was_posted_may_not_change(job: Job) -> None:
    """A run with another one, or with none while messages are owed, is refused before anything is sent."""
    async with server_of(job, FaultRule(name=FaultName.MESSAGE_REFUSED, at=frozenset({5}))) as server:
        await server.run(concurrency=1)
        requests = server.state.messages
        with pytest.raises(UsageError, match="has messages of an old chat to post"):
            await server.run(history="")
        write_history(job.folder, {**CHATS, "3": ["Other", "Hi", "Bye"]})
        with pytest.raises(UsageError, match="missing or different in it, of 3"):
            await server.run()
        assert server.state.messages == requests


async def test_a_history_may_come_later_than_its_rows(job: Job) -> None:
    """Rows of an earlier run get it as long as their first message is not posted."""
    async with server_of(job) as server:
        await server.run(history="", first_message="", limit=1)
        summary = await server.run(first_message="")

    assert summary.history == MessageCounts(posted=4)
    assert {name: texts for name, texts in server.texts.items() if texts} == {
        "Customer 1": ["Hello"],
        "Customer 3": ["Hi", "Hi", "Bye"],
    }


async def test_keys_without_a_row_are_told_and_refused_if_strict(job: Job) -> None:
    """Their messages are not posted; the lines are named, and no key."""
    async with server_of(job) as server:
        write_history(job.folder, {**CHATS, "99": ["Hi"]})
        strict = await server.run(strict=True)
        summary = await server.run()

    assert strict.exit_code == ExitCode.STRICT
    assert strict.counts == Counts(input=3, unsent=3)
    assert strict.error is not None
    assert "1 key belongs to no valid row" in strict.error.message
    assert (summary.exit_code, summary.history) == (ExitCode.DONE, MessageCounts(posted=4))


async def test_long_histories_do_not_hold_up_the_creation(job: Job) -> None:
    """Half of the workers go on creating; a history that finds no place is posted when all rows are created."""
    job.write(12)
    async with server_of(job) as server:
        write_history(job.folder, {str(number): ["Hi"] * 8 for number in range(1, 13)})
        summary = await server.run(concurrency=2, canary=0, first_message="")

    steps = [step for (step,) in query(Path(f"{job.results}.ledger"), "SELECT step FROM attempts ORDER BY id")]
    before = steps[: len(steps) - steps[::-1].index("create")]
    assert (summary.exit_code, summary.history) == (ExitCode.DONE, MessageCounts(posted=96))
    assert before.count("history") < 96 // 2


async def test_an_unknown_message_is_left_to_a_run_which_has_its_text(job: Job) -> None:
    """The command reconcile has no input to compare with, and says so; status offers the run's own command."""
    async with server_of(job, FaultRule(name=FaultName.MESSAGE_RESET, at=frozenset({4}))) as server:
        held = await server.run(concurrency=1, on_unknown="hold")
        environment = ProcessEnvironment({}, job.folder, "provisioner reconcile as before")
        ledger = Path(f"{job.results}.ledger")
        looked = await reconcile_job(ledger, ReconcileOptions(), environment, QuietUserInterface())
        status = job_status(ledger)
        again = await server.run()

    assert (held.exit_code, looked.exit_code, again.exit_code) == (ExitCode.UNKNOWN, ExitCode.DONE, ExitCode.DONE)
    assert held.history == looked.history == MessageCounts(unknown=1, posted=1, held=2)
    assert "post the messages of old chats: only --history holds their texts" in looked.notes[-1]
    assert status.next_command == held.next_command == "provisioner run as before"
    assert server.texts == texts_of(CHATS)


async def test_no_text_of_a_history_is_kept(job: Job) -> None:
    """Neither the ledger nor the results hold an author, a text or attributes."""
    async with server_of(job, FaultRule(name=FaultName.MESSAGE_RESET, at=frozenset({2}))) as server:
        write_history(job.folder, {"1": ["Secret-text"], "2": ["Secret-text"]})
        await server.run(first_message="")

    kept = b"".join(path.read_bytes() for path in job.folder.glob("results.csv*"))
    assert b"Secret-text" not in kept
    assert b"Person" not in kept
