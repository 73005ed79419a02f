"""--max-open: creation waits for conversations to be closed, by a real ledger and over real sockets."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts, MessageCounts
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.reconciling import open_conversations
from provisioner.runs import clients, open_limit
from provisioner.simulator import FaultName, FaultRule, FaultScript, SimulatorSettings, open_simulator
from provisioner.simulator.conversations import Conversation, Conversations
from provisioner.simulator.state import SimulatorState
from tests.integration.commands.job import Job
from tests.ledger_samples import query
from tests.stub_twilio import error, stub_twilio

GREETING = {"first_message": "I am {CustomerFriendlyName}"}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (clients, open_limit):
        monkeypatch.setattr(module, "LOOK_UPS_PER_SECOND", 10_000.0)
    monkeypatch.setattr(open_conversations, "ASK_AGAIN_S", 0.01)


class Agents:
    """A simulator whose conversations are closed by agents, one after the other, while a job creates them."""

    def __init__(
        self, job: Job, url: str, state: SimulatorState, is_answered: Callable[[Conversation], bool]
    ) -> None:
        self._job, self._url, self.state, self._is_answered = job, url, state, is_answered
        self.most_open = 0

    @property
    def open(self) -> list[Conversation]:
        """Conversations that are not closed."""
        return [each for each in self.state.conversations if each.state != "closed"]

    async def run(self, **options: Any) -> Summary:
        """Run the job."""
        return await self._job.run(self._url, **{"settle_delay": 0.0, "concurrency": 4, **options})

    @asynccontextmanager
    async def at_work(self, most: int) -> AsyncIterator[None]:
        """Close the oldest conversation that an agent can see whenever ``most`` or more are open."""
        working = asyncio.create_task(self._work(most))
        try:
            yield
        finally:
            working.cancel()

    async def _work(self, most: int) -> None:
        while True:
            await asyncio.sleep(0.02)
            self.most_open = max(self.most_open, len(self.open))
            answered = [each for each in self.open if self._is_answered(each)]
            if answered and len(self.open) >= most:
                self.state.conversations.set_state(answered[0], "closed")


@asynccontextmanager
async def agents_of(
    job: Job, *rules: FaultRule, is_answered: Callable[[Conversation], bool] = lambda _: True, **settings: Any
) -> AsyncIterator[Agents]:
    """Open a simulator with these faults; agents see the conversations that are ``is_answered``."""
    script = FaultScript(rules)
    async with open_simulator(SimulatorSettings(rate_limit=0, faults=script, **settings)) as running:
        yield Agents(job, running.base_url, running.state, is_answered)


def has_message(conversation: Conversation) -> bool:
    """Return whether an agent sees the conversation: its guest has said something."""
    return bool(conversation.messages)


def asked(agents: Agents) -> int:
    """Return how often the state of a conversation was asked for."""
    requests = agents.state.summary()["requests"]
    assert isinstance(requests, dict)
    return int(requests["by_endpoint"].get("GET /v1/Conversations/{sid}", 0))


async def made(agents: Agents, number: int) -> None:
    """Wait until so many conversations were created, and one of them was asked for since."""
    async with asyncio.timeout(60):
        while agents.state.conversations.made < number:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.01)
        before = asked(agents)
        while asked(agents) == before:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.01)


async def stopped(agents: Agents, number: int, **options: Any) -> Summary:
    """Run the job, and stop it when it holds with so many conversations created."""
    running = asyncio.create_task(agents.run(**options))
    await made(agents, number)
    signal.raise_signal(signal.SIGINT)
    return await running


async def test_no_more_conversations_are_open_than_max_open(job: Job) -> None:
    """With any number of workers and with messages, creation waits, goes on as chats are closed, and ends."""
    job.write(12)
    with capture_logs() as logs:
        async with agents_of(job, is_answered=has_message) as agents, agents.at_work(3):
            ended = await agents.run(max_open=3, canary=2, **GREETING)

    assert (ended.exit_code, ended.counts) == (ExitCode.DONE, Counts(input=12, created=12))
    assert agents.most_open == 3
    assert ended.details["held_s"] > 0
    held = [each for each in logs if each["event"] == "creation.held"]
    assert held
    assert {(each["open"], each["max_open"]) for each in held} == {(3, 3)}


async def test_nothing_is_asked_while_the_limit_is_not_reached(job: Job) -> None:
    """A limit that is out of reach costs no request."""
    job.write(5)
    async with agents_of(job) as agents:
        ended = await agents.run(max_open=6)

    assert (ended.exit_code, asked(agents), ended.details["held_s"]) == (ExitCode.DONE, 0, 0)


async def test_a_stopped_job_holds_with_what_it_made_before(job: Job) -> None:
    """A stop ends a hold at once; the next run counts what is open, and no close is asked for twice."""
    job.write(6)
    async with agents_of(job) as agents:
        first = await stopped(agents, 2, max_open=2)
        still = await stopped(agents, 2, max_open=2)
        conversations: Conversations = agents.state.conversations
        for each in list(agents.open):
            conversations.set_state(each, "closed")
        third = await stopped(agents, 4, max_open=2)
        raised = await agents.run(max_open=9)

    ends = [first, still, third, raised]
    assert [each.exit_code for each in ends] == [ExitCode.SIGINT] * 3 + [ExitCode.DONE]
    assert [each.counts.created if each.counts else 0 for each in ends] == [2, 2, 4, 6]
    found = query(
        job.folder / "results.csv.ledger", "SELECT step, class FROM attempts WHERE step NOT IN ('create')"
    )
    assert found == [("state_lookup", "closed")] * 2


async def test_max_duration_ends_a_hold_as_planned(job: Job) -> None:
    """The time is over while nothing may be created: exit 8, and the rows wait."""
    async with agents_of(job) as agents:
        ended = await agents.run(max_open=2, max_duration="4s")

    assert (ended.exit_code, ended.outcome) == (ExitCode.AS_PLANNED, CommandOutcome.PLANNED)
    assert ended.counts == Counts(input=3, created=2, unsent=1)


async def test_a_wrong_service_stops_the_hold(job: Job) -> None:
    """A service that answers 404 for every conversation ends the run with 6; nothing counts as closed."""
    job.write(6)
    async with agents_of(job, default_service="other") as agents:
        refused = await agents.run(max_open=2)
        flex = await stopped(agents, 2, max_open=2, service_sid=agents.state.settings.service_sid)

    assert (refused.exit_code, flex.exit_code) == (ExitCode.GUARD, ExitCode.SIGINT)
    assert refused.error is not None
    assert "default Conversations service" in refused.error.message
    assert flex.counts is not None
    assert flex.counts.created == 2


async def test_a_deleted_conversation_makes_room(job: Job) -> None:
    """Beside a conversation that is shown, one that is answered with 404 is gone."""
    job.write(4)
    async with agents_of(job) as agents:
        running = asyncio.create_task(agents.run(max_open=2))
        await made(agents, 2)
        agents.state.conversations.delete(agents.open[0])
        await made(agents, 3)
        for each in list(agents.open):
            agents.state.conversations.set_state(each, "closed")
        ended = await running

    assert (ended.exit_code, agents.state.conversations.made) == (ExitCode.DONE, 4)


async def test_what_was_lost_is_looked_up_while_creation_is_held(job: Job) -> None:
    """Chats whose message never came would hold the run for ever: they are looked up, and make room."""
    job.write(6)
    lost = FaultRule(name=FaultName.MESSAGE_RESET, at=frozenset({1, 2}))
    async with agents_of(job, lost, is_answered=has_message) as agents, agents.at_work(2):
        ended = await agents.run(max_open=2, settle_delay=0.02, **GREETING)

    assert ended.messages == MessageCounts(posted=6)
    assert (ended.exit_code, agents.state.conversations.made) == (ExitCode.DONE, 6)


async def test_owed_messages_are_posted_before_creation_waits(job: Job) -> None:
    """Created rows whose message is owed count like all others, although a row before them has to be sent."""
    job.write(4)
    async with agents_of(job, is_answered=has_message) as agents:
        await agents.run(**GREETING)
        conversations: Conversations = agents.state.conversations
        conversations.delete(next(iter(conversations)))
        for each in conversations:
            each.messages = None
        with closing(sqlite3.connect(job.folder / "results.csv.ledger", isolation_level=None)) as connection:
            connection.execute("UPDATE rows SET status = 'pending', last_attempt = NULL WHERE id = 1")
            connection.execute("UPDATE rows SET message = 'pending', last_message = NULL")
        async with agents.at_work(3):
            ended = await agents.run(max_open=3, concurrency=1, **GREETING)

    assert agents.most_open == 3
    assert (ended.exit_code, ended.counts) == (ExitCode.DONE, Counts(input=4, created=4))
    assert all(has_message(each) for each in conversations)


async def test_a_conversation_that_rows_share_counts_once(job: Job) -> None:
    """Two rows of one guest take one place, although each row is counted as created."""
    people = "".join(f"{number},guest-{number // 2}\n" for number in range(5))
    (job.folder / "customers.csv").write_text(f"id,CustomerFriendlyName\n{people}")
    async with agents_of(job, repeated_identity="same") as agents:
        ended = await agents.run(
            max_open=3, concurrency=1, allow_shared=True, identity="{CustomerFriendlyName}", max_duration="30s"
        )

    assert (ended.exit_code, ended.counts) == (ExitCode.DONE, Counts(input=5, created=5))
    assert len(agents.open) == 3


async def test_a_refusal_to_show_conversations_ends_the_run(job: Job) -> None:
    """A key that may not read conversations stops the run, resumable; a failing server is asked again."""
    job.write(3)
    codes = {1: (503, 20503), 2: (403, 20403)}

    async with stub_twilio() as twilio:
        twilio.listing = lambda _twilio, call: error(*codes[call.number])
        ended = await job.run(twilio.url, max_open=1, settle_delay=0.0)

    assert (ended.exit_code, len(twilio.lookups)) == (ExitCode.GUARD, 2)
    assert ended.error is not None
    assert "may not read conversations" in ended.error.message


async def test_a_simulator_inside_the_process_has_nobody_who_closes(job: Job) -> None:
    """--simulate with --max-open would wait for ever, so it is refused before anything is sent."""
    with pytest.raises(UsageError, match="nobody closes conversations"):
        await job.run(simulate=True, max_open=1)
