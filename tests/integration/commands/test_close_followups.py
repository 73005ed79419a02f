"""What ``close`` does besides closing: interactions, webhooks and guests, against the simulator."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.close import close_conversations
from provisioner.errors import ExitCode, UsageError
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import CloseOptions
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.job import ENVIRON, Job
from tests.quiet_ui import QuietUserInterface
from tests.stub_twilio import error, stub_twilio

ROWS = 3


@dataclass
class Scene:
    """A job of three rows, and the simulator that has its conversations."""

    job: Job
    server: RunningSimulator

    @property
    def ledger(self) -> Path:
        """The job's ledger."""
        return self.job.folder / "results.csv.ledger"

    @property
    def states(self) -> list[str]:
        """State of every conversation that is there."""
        return [each.state for each in self.server.state.conversations]

    @property
    def identities(self) -> list[str]:
        """Identity of the guest of every conversation."""
        return [each.identity or "" for each in self.server.state.conversations]

    @property
    def counts(self) -> Any:
        """What the simulator has counted."""
        return self.server.state.summary()

    def rows(self, statement: str) -> list[Any]:
        """Return what a query of the ledger finds."""
        with closing(sqlite3.connect(self.ledger)) as connection:
            return connection.execute(statement).fetchall()

    def change(self, statement: str) -> None:
        """Change the ledger behind the program's back."""
        with closing(sqlite3.connect(self.ledger)) as connection, connection:
            connection.execute(statement)

    async def run(self, **options: Any) -> Summary:
        """Create the rows."""
        return await self.job.run(self.server.base_url, settle_delay=0.02, **options)

    async def close(self, *, ui: QuietUserInterface | None = None, **options: Any) -> Summary:
        """Close what the job made."""
        usual = CloseOptions(base_url=self.server.base_url, rate="0", yes=True)
        environment = ProcessEnvironment(ENVIRON, self.job.folder, "provisioner close as before")
        return await close_conversations(
            self.ledger, replace(usual, **options), environment, ui or QuietUserInterface()
        )


@asynccontextmanager
async def opened(job: Job, **settings: Any) -> AsyncIterator[Scene]:
    """Open a simulator without limits for the job."""
    chosen = SimulatorSettings(**{"rate_limit": 0, "action_limit": 0, "interaction_limit": 0, **settings})
    async with open_simulator(chosen) as server:
        yield Scene(job, server)


async def test_an_interaction_is_closed_before_its_conversation(job: Job) -> None:
    """Where a first message made a task, channel and task end too; a conversation without one just closes."""
    async with opened(job) as scene:
        await scene.run(first_message="Hello")
        next(iter(scene.server.state.conversations)).channel = ""

        summary = await scene.close(through="interactions")
        again = await scene.close(through="interactions")

    assert summary.exit_code == ExitCode.DONE
    assert (summary.details["closed"], summary.details["interactions_closed"]) == (ROWS, 2)
    assert "2 interactions closed first, with the tasks of Flex" in summary.notes
    assert scene.states == ["closed"] * ROWS
    assert scene.counts["interactions"] == {"active": 0, "closed": 2}
    assert scene.rows("SELECT class, count(*) FROM attempts WHERE step = 'interaction'") == [("closed", 2)]
    assert (again.details["done_before"], again.details["left"]) == (ROWS, 0)


async def test_without_asking_for_it_an_interaction_stays(job: Job) -> None:
    """``close`` alone closes the conversation and asks TaskRouter nothing."""
    async with opened(job) as scene:
        await scene.run(first_message="Hello")

        summary = await scene.close()

    assert summary.details["closed"] == ROWS
    assert scene.counts["interactions"] == {"active": ROWS, "closed": 0}
    assert scene.counts["webhook_changes"] == 0
    assert "GET /v1/Workspaces/{sid}/Tasks" not in scene.counts["requests"]["by_endpoint"]


async def test_an_interaction_that_was_closed_already_is_done(job: Job) -> None:
    """What Twilio answers to closing it twice is not documented: after a refusal the channel is looked at."""
    async with opened(job) as scene:
        await scene.run(first_message="Hello")
        next(iter(scene.server.state.conversations)).channel = "closed"

        summary = await scene.close(through="interactions", delete=True)

    assert (summary.exit_code, summary.details["deleted"]) == (ExitCode.DONE, ROWS)
    assert scene.states == []


async def test_limits_of_interactions_are_given_way_to(job: Job) -> None:
    """A 429 there pauses, and everything is closed in the end."""
    async with opened(job, interaction_limit=2) as scene:
        await scene.run(first_message="Hello")

        summary = await scene.close(through="interactions")

    assert (summary.exit_code, summary.details["closed"]) == (ExitCode.DONE, ROWS)
    assert scene.counts["interactions"]["closed"] == ROWS


async def test_a_key_that_may_not_read_tasks_closes_nothing(job: Job) -> None:
    """It is one refusal for all: exit code 6, and no conversation is closed around its interaction."""
    async with opened(job) as scene:
        await scene.run(first_message="Hello")
        async with stub_twilio() as twilio:
            twilio.listing = lambda _twilio, _call: error(403, 20403)
            summary = await scene.close(through="interactions", base_url=twilio.url)

    assert summary.exit_code == ExitCode.GUARD
    assert summary.error
    assert "may not read" in summary.error.message
    assert summary.details["left"] == ROWS
    assert twilio.calls == []
    assert scene.rows("SELECT * FROM closures") == []


async def test_webhooks_are_called_where_asked_for(job: Job) -> None:
    """Closing, deleting, and deleting guests carry the header."""
    async with opened(job) as scene:
        await scene.run()

        await scene.close(webhooks=True)
        closed = scene.counts["webhook_changes"]
        await scene.close(webhooks=True, delete=True, delete_users=True)

    assert (closed, scene.counts["webhook_changes"]) == (ROWS, 3 * ROWS)


async def test_guests_that_the_job_made_are_deleted(job: Job) -> None:
    """After their conversations; the plan says so first, and again there is nothing left to do."""
    ui = QuietUserInterface(answer=True)
    async with opened(job) as scene:
        await scene.run()

        summary = await scene.close(delete_users=True, yes=False, ui=ui)
        again = await scene.close(delete_users=True, yes=False, ui=ui)

    assert ui.questions == ["Close 3 conversations and delete up to 3 guests for good?"]
    assert any("up to 3 guests of this job" in line for line in ui.said)
    assert summary.exit_code == again.exit_code == ExitCode.DONE
    assert summary.details["guests"]["deleted"] == ROWS
    assert scene.identities == [""] * ROWS
    assert scene.rows("SELECT state, in_flight FROM users") == [("deleted", 0)] * ROWS
    assert scene.rows("SELECT class FROM attempts WHERE step = 'delete_user'") == [("deleted",)] * ROWS
    assert again.details["guests"]["to_delete"] == 0


async def test_a_guest_in_another_conversation_is_kept(job: Job) -> None:
    """Twilio would take it out of that one too; once that conversation is gone, it is deleted."""
    async with opened(job) as scene:
        await scene.run()
        conversations = scene.server.state.conversations
        first = next(iter(conversations))
        other = conversations.add(first.form, first.identity, account=first.account, now=1.0, lag_s=0)

        kept = await scene.close(delete_users=True)
        conversations.delete(other)
        deleted = await scene.close(delete_users=True)

    assert kept.exit_code == deleted.exit_code == ExitCode.DONE
    assert (kept.details["guests"]["kept"], kept.details["guests"]["deleted"]) == (1, 2)
    assert "1 guest not deleted: in_use, it is in another conversation too" in kept.notes
    assert deleted.details["guests"] == {
        "to_delete": 1, "deleted": 1, "gone": 0, "kept": 0, "refused": 0, "in_doubt": 0, "not_sent": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("identity", "deleted"), [("crm-{id}", 0), ("none", ROWS)])
async def test_a_guest_with_an_identity_of_the_input_is_kept(job: Job, identity: str, deleted: int) -> None:
    """It may be older than the job, and no look-up could tell; one that Twilio named is the job's."""
    async with opened(job) as scene:
        await scene.run(identity=identity)

        summary = await scene.close(delete_users=True)

    guests = summary.details["guests"]
    assert (summary.exit_code, guests["deleted"], guests["kept"]) == (ExitCode.DONE, deleted, ROWS - deleted)
    assert scene.identities.count("") == deleted


async def test_guests_of_open_conversations_are_left(job: Job) -> None:
    """A conversation that was refused keeps its guest; the accounting says that it waits."""
    async with opened(job) as scene:
        await scene.run()
        async with stub_twilio(lambda _twilio, _call: error(400, 50001)) as twilio:
            summary = await scene.close(delete_users=True, base_url=twilio.url)

    assert summary.exit_code == ExitCode.REJECTED
    assert summary.details["guests"]["to_delete"] == ROWS
    assert sum(summary.details["guests"].values()) == ROWS
    assert scene.identities.count("") == 0


async def test_an_intent_without_an_outcome_is_repeated(job: Job) -> None:
    """A kill after the intent leaves a guest in doubt; the next command asks again and deletes it."""
    async with opened(job) as scene:
        await scene.run()
        await scene.close()
        scene.change("INSERT INTO users (row_id, in_flight) VALUES (1, 1)")
        scene.server.state.conversations.delete_user(scene.identities[0])

        summary = await scene.close(delete_users=True)

    assert summary.exit_code == ExitCode.DONE
    assert (summary.details["guests"]["gone"], summary.details["guests"]["deleted"]) == (1, ROWS - 1)
    assert scene.rows("SELECT state, in_flight FROM users ORDER BY row_id") == [
        ("gone", 0), ("deleted", 0), ("deleted", 0),
    ]  # fmt: skip


async def test_no_guest_is_gone_in_a_service_that_has_none_of_the_job(job: Job) -> None:
    """The account's default service is another: its 404 says nothing, and the command stops with 6."""
    flex = SimulatorSettings().service_sid
    async with opened(job, default_service="other") as scene:
        await scene.run()
        await scene.close(service_sid=flex)

        stopped = await scene.close(delete_users=True)
        deleted = await scene.close(delete_users=True, service_sid=flex)

    assert stopped.exit_code == ExitCode.GUARD
    assert scene.rows("SELECT count(*) FROM users WHERE service_sid IS NULL AND state IS NOT NULL") == [(0,)]
    assert deleted.details["guests"]["deleted"] == ROWS


async def test_guests_need_the_ledger_of_their_job(job: Job) -> None:
    """Results do not say which identities the job made."""
    async with opened(job) as scene:
        await scene.run()
        environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner close as before")
        options = CloseOptions(base_url=scene.server.base_url, delete_users=True, yes=True)

        with pytest.raises(UsageError, match="--delete-users needs the ledger of the job"):
            await close_conversations(job.results, options, environment, QuietUserInterface())
