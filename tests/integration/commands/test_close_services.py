"""Accounts whose default Conversations service is not Flex's: no 404 of it says that a conversation is gone."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.close import close_conversations
from provisioner.commands.load import run_load_test
from provisioner.commands.reconcile import reconcile_job
from provisioner.errors import ExitCode, UsageError
from provisioner.models import Counts, MessageCounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import CloseOptions, LoadOptions, ReconcileOptions
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.job import ADDRESS, ENVIRON, Job
from tests.quiet_ui import QuietUserInterface

ROWS = 24
FLEX = SimulatorSettings().service_sid
DEFAULT = "the account's default Conversations service"


@dataclass
class Place:
    """A job and the simulator that has its conversations, in Flex's service only."""

    job: Job
    server: RunningSimulator

    @property
    def environment(self) -> ProcessEnvironment:
        """Environment of every command."""
        return ProcessEnvironment(ENVIRON, self.job.folder, "provisioner as before")

    @property
    def ledger(self) -> Path:
        """The job's ledger."""
        return self.job.folder / "results.csv.ledger"

    @property
    def closures(self) -> list[tuple[str, str | None]]:
        """State and service of every conversation that was closed, deleted or gone."""
        with closing(sqlite3.connect(self.ledger)) as connection:
            return connection.execute("SELECT state, service_sid FROM closures ORDER BY row_id").fetchall()

    @property
    def states(self) -> list[str]:
        """What the simulator says of each conversation."""
        return [each.state for each in self.server.state.conversations]

    async def run(self, **options: Any) -> Summary:
        """Run the job."""
        return await self.job.run(self.server.base_url, settle_delay=0.02, **options)

    async def close(self, **options: Any) -> Summary:
        """Close what the job made."""
        usual = CloseOptions(base_url=self.server.base_url, rate="0", yes=True)
        return await close_conversations(
            self.ledger, replace(usual, **options), self.environment, QuietUserInterface()
        )

    async def audit(self, **options: Any) -> Summary:
        """Audit the job."""
        usual = ReconcileOptions(base_url=self.server.base_url, audit=True, rate="0", settle_delay=0.02)
        return await reconcile_job(
            self.ledger, replace(usual, **options), self.environment, QuietUserInterface(), ProcessSignals()
        )


@asynccontextmanager
async def placed(job: Job, **settings: Any) -> AsyncIterator[Place]:
    """Open the simulator of an account whose default service is not Flex's, unless ``settings`` say otherwise."""
    chosen: Mapping[str, Any] = {"rate_limit": 0, "action_limit": 0, "default_service": "other", **settings}
    async with open_simulator(SimulatorSettings(**chosen)) as server:
        job.write(ROWS)
        yield Place(job, server)


def refusal(summary: Summary) -> str:
    """Return the error of a command that was stopped."""
    assert summary.exit_code == ExitCode.GUARD
    assert summary.error
    return summary.error.message


async def test_nothing_is_gone_while_every_answer_is_a_404(job: Job) -> None:
    """``close`` stops with 6 and names the default service; with Flex's, it closes all of them."""
    async with placed(job) as place:
        await place.run()

        stopped = await place.close()
        doubted = place.closures
        closed = await place.close(service_sid=FLEX)

    assert DEFAULT in refusal(stopped)
    assert "--service-sid" in refusal(stopped)
    assert stopped.details["gone"] == 0
    assert stopped.details["left"] == ROWS
    assert doubted == []
    assert (closed.exit_code, closed.details["closed"]) == (ExitCode.DONE, ROWS)
    assert place.closures == [("closed", FLEX)] * ROWS
    assert place.states == ["closed"] * ROWS


async def test_a_service_that_is_not_there_is_named(job: Job) -> None:
    """Neither closing nor an audit says anything about the conversations; what is no SID is refused at once."""
    wrong = "IS" + 32 * "0"
    async with placed(job) as place:
        await place.run()

        closed, audited = await place.close(service_sid=wrong), await place.audit(service_sid=wrong)
        with pytest.raises(UsageError, match="--service-sid is not the SID"):
            await place.close(service_sid="AC" + 32 * "0")

    assert f"the service {wrong}: check --service-sid" in refusal(closed)
    assert "check --service-sid" in refusal(audited)
    assert place.closures == []


@pytest.mark.parametrize("deletes", [False, True])
async def test_what_is_gone_is_so_beside_one_that_is_shown(job: Job, *, deletes: bool) -> None:
    """Also when it comes first, and when all others were deleted by an earlier command."""
    async with placed(job, default_service="flex") as place:
        await place.run()
        conversations = place.server.state.conversations
        for each in list(conversations)[:-1]:
            conversations.delete(each)

        summary = await place.close(delete=deletes, concurrency=1)
        with closing(sqlite3.connect(place.ledger)) as connection, connection:
            connection.execute("UPDATE closures SET state = 'maybe' WHERE row_id = 1")
        again = await place.close(delete=deletes)

    assert summary.exit_code == again.exit_code == ExitCode.DONE
    assert summary.details["gone"] == ROWS - 1
    assert again.details["gone"] == 1


async def test_a_first_message_to_another_service_stops_the_run(job: Job) -> None:
    """Nothing is refused for good: with Flex's service the same job posts what is left."""
    async with placed(job) as place:
        stopped = await place.run(first_message="Hello")
        posted = await place.run(first_message="Hello", service_sid=FLEX)

    assert DEFAULT in refusal(stopped)
    assert stopped.counts
    assert (stopped.counts.created, stopped.counts.unsent) == (1, ROWS - 1)
    assert stopped.messages == MessageCounts(unsent=1)
    assert posted.exit_code == ExitCode.DONE
    assert posted.counts == Counts(input=ROWS, created=ROWS)
    assert posted.messages == MessageCounts(posted=ROWS)


async def test_a_message_in_doubt_is_not_gone_in_another_service(job: Job) -> None:
    """Its look-up stops the run, and the message stays unknown; in Flex's service it is found there."""
    async with placed(job) as place:
        await place.run(first_message="Hello", service_sid=FLEX)
        with closing(sqlite3.connect(place.ledger)) as connection, connection:
            connection.execute("UPDATE rows SET message = 'unknown' WHERE id = 3")

        stopped = await place.run(first_message="Hello")
        found = await place.run(first_message="Hello", service_sid=FLEX)

    assert DEFAULT in refusal(stopped)
    assert stopped.messages == MessageCounts(posted=ROWS - 1, unknown=1)
    assert found.messages == MessageCounts(posted=ROWS)


async def test_a_timer_in_another_service_stops_the_load_test(job: Job) -> None:
    """Otherwise every conversation would stay open without anybody noticing."""
    async with placed(job) as place:
        options = LoadOptions(
            output=job.results,
            base_url=place.server.base_url,
            address_sid=ADDRESS,
            rate="200/s",
            close_after="10m",
        )
        summary = await run_load_test(
            [str(job.folder / "customers.csv")], options, place.environment, QuietUserInterface(), ProcessSignals()
        )

    assert DEFAULT in refusal(summary)
    assert summary.counts
    assert summary.counts.created == 1


async def test_an_audit_of_another_service_finds_no_flaws(job: Job) -> None:
    """It stops with 6; in Flex's service everything is as recorded, and what was deleted is missing."""
    async with placed(job) as place:
        await place.run()

        stopped, whole = await place.audit(), await place.audit(service_sid=FLEX)
        await place.close(service_sid=FLEX, delete=True)
        deleted = await place.audit(service_sid=FLEX)

    assert DEFAULT in refusal(stopped)
    assert (whole.exit_code, whole.details["findings"]) == (ExitCode.DONE, [])
    assert (deleted.exit_code, len(deleted.details["findings"])) == (ExitCode.REJECTED, ROWS)
