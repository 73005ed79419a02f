"""Runs that several processes share, with a ledger in a real PostgreSQL; some are killed, frozen or stopped."""

import asyncio
import importlib.util
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.acceptance.program import CREDENTIALS, PATIENCE_S, Program, Running
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.postgres_server import address_of_session, query_postgres
from tests.relays import tls_relay
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

LOOPS = ("asyncio", "uvloop") if importlib.util.find_spec("uvloop") else ("asyncio",)
ROWS = 180
_BEGUN = "SELECT id FROM states WHERE status = 'in_flight'"


@dataclass
class SharedJob:
    """A job of ``ROWS`` rows over TLS, paced so that it lasts for some seconds."""

    program: Program
    twilio: Simulator
    url: str
    name: str
    loop: str = "auto"
    flags: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ledger(self) -> str:
        """Address of its ledger."""
        return f"{address_of_session()}&job={self.name}"

    async def start(self, *flags: str) -> Running:
        """Start the run."""
        command = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", self.ledger)
        pace = ("--rate", "10/s", "--canary", "0", "--settle-delay", "0.1", "--timeout", "3", "--lease", "2s")
        target = ("--base-url", self.url, "--loop", self.loop, "--yes")
        return await self.program.start(*command, *pace, *target, *self.flags, *flags, env=CREDENTIALS)

    async def join(self) -> Running:
        """Start a worker, and wait until it has joined and begun a row."""
        worker = await self.program.start("worker", self.ledger, "--loop", self.loop, env=CREDENTIALS)
        number = int((await worker.says("worker ")).split()[1])
        async with asyncio.timeout(PATIENCE_S):
            while not self.intents(number):  # noqa: ASYNC110 - another process has no events
                await asyncio.sleep(0.1)
        return worker

    def intents(self, worker: int) -> int:
        """Return how many rows this worker has begun."""
        statement = "SELECT worker, count(*) FROM intents GROUP BY worker"
        counts = query_postgres(address_of_session(), statement, schema=f'"provisioner_{self.name}"')
        return int(dict(counts).get(worker, 0))

    def ask(self, statement: str) -> list[int]:
        """Return the first values of the lines of a query."""
        lines = query_postgres(address_of_session(), statement, schema=f'"provisioner_{self.name}"')
        return [int(line[0]) for line in lines]

    async def require_each_once(self) -> None:
        """Fail unless every row has one conversation, and the results name it."""
        made = {each["sid"] for each in await self.twilio.conversations()}
        named = [row["conversation_sid"] for row in self.program.results()]
        assert len(await self.twilio.conversations()) == ROWS
        assert sorted(named) == sorted(made)


@asynccontextmanager
async def shared_job(
    program: Program, simulator: SimulatorMaker, authority: Authority, name: str, loop: str = "auto"
) -> AsyncIterator[SharedJob]:
    """Yield a job whose input is written, and whose simulator is behind TLS."""
    program.write_customers("customers.csv", ROWS)
    twilio = await simulator("--rate-limit", "0", "--latency", "50ms")
    async with tls_relay(twilio.port, authority.server(ssl.TLSVersion.TLSv1_3)) as url:
        yield SharedJob(program.trusting(authority.bundle), twilio, url, name, loop)


@pytest.mark.parametrize("loop", LOOPS)
async def test_the_rows_of_a_killed_worker_are_sent_by_another(
    program: Program, simulator: SimulatorMaker, authority: Authority, loop: str
) -> None:
    """What it had in flight is looked up, and no row is created twice."""
    async with shared_job(program, simulator, authority, f"killed-{loop}", loop) as job:
        run = await job.start()
        await job.twilio.has_seen(3)
        worker = await job.join()
        worker.signal(signal.SIGKILL)
        await worker.end()
        ended = await run.end()

        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
        assert '"event":"worker.fenced"' in ended.stderr
        await job.require_each_once()


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_run_goes_on_to_the_end_without_the_process_that_was_typed(
    program: Program, simulator: SimulatorMaker, authority: Authority, loop: str
) -> None:
    """A worker ends with the code of the run; the same command, typed again, writes the results."""
    async with shared_job(program, simulator, authority, f"orphaned-{loop}", loop) as job:
        run = await job.start()
        await job.twilio.has_seen(3)
        worker = await job.join()
        run.signal(signal.SIGKILL)
        await run.end()
        alone = await worker.end()
        again = await (await job.start()).end()

        assert alone.code == 0, alone.stderr
        assert (again.code, again.counts) == (0, {"created": ROWS}), again.stderr
        await job.require_each_once()


async def test_what_a_worker_of_the_run_before_gives_up_late_is_sent_too(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """It had begun rows when the new run was cut into shards, and cancels them after that: no shard has them."""
    async with shared_job(program, simulator, authority, "given-up-late") as job:
        run = await job.start("--lease", "20s", "--engine", "local", "--workers", "1")
        await job.twilio.has_seen(20)
        (pid,) = job.ask("SELECT pid FROM workers WHERE generation = 1")
        os.kill(pid, signal.SIGSTOP)
        run.signal(signal.SIGKILL)
        await run.end()
        new = await job.start("--lease", "20s")
        async with asyncio.timeout(PATIENCE_S):
            while job.ask("SELECT max(generation) FROM shared_runs") == [1]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        begun = job.ask(_BEGUN)
        os.kill(pid, signal.SIGCONT)
        ended = await new.end()

        assert begun
        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
        await job.require_each_once()


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_worker_that_was_frozen_for_longer_than_its_lease_sends_nothing_more(
    program: Program, simulator: SimulatorMaker, authority: Authority, loop: str
) -> None:
    """Another one has its rows; when it wakes up, it ends with 75."""
    async with shared_job(program, simulator, authority, f"frozen-{loop}", loop) as job:
        run = await job.start()
        await job.twilio.has_seen(3)
        worker = await job.join()
        worker.signal(signal.SIGSTOP)
        ended = await run.end()
        worker.signal(signal.SIGCONT)
        woken = await worker.end()

        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
        assert woken.code == 75, woken.stderr
        assert "longer than its lease" in woken.stderr
        await job.require_each_once()


async def test_a_worker_that_is_stopped_leaves_the_run_to_the_others(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """It finishes what is in flight, and ends with the signal's code."""
    async with shared_job(program, simulator, authority, "stopped") as job:
        run = await job.start()
        await job.twilio.has_seen(3)
        worker = await job.join()
        worker.signal(signal.SIGINT)
        stopped = await worker.end()
        ended = await run.end()

        assert stopped.code == 130, stopped.stderr
        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
        assert '"event":"worker.fenced"' not in ended.stderr
        await job.require_each_once()


async def test_a_signal_to_the_process_that_was_typed_stops_all_workers(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """All of them end with its code, and the same command goes on."""
    async with shared_job(program, simulator, authority, "all-stopped") as job:
        run = await job.start()
        await job.twilio.has_seen(3)
        worker = await job.join()
        run.signal(signal.SIGTERM)
        ended, left = await run.end(), await worker.end()
        again = await (await job.start()).end()

        assert (ended.code, left.code) == (143, 143), ended.stderr + left.stderr
        assert "unknown" not in ended.counts
        assert (again.code, again.counts) == (0, {"created": ROWS}), again.stderr
        await job.require_each_once()


async def test_an_engine_replaces_a_worker_that_dies(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """The workers of ``--engine local`` are processes; one is killed, and another one takes its place."""
    async with shared_job(program, simulator, authority, "engine") as job:
        run = await job.start("--engine", "local", "--workers", "2", "-v")
        await job.twilio.has_seen(5)
        ((pid,),) = query_postgres(
            address_of_session(),
            "SELECT pid FROM workers JOIN intents ON intents.worker = workers.id "
            "WHERE fenced_at IS NULL AND ended_at IS NULL LIMIT 1",
            schema='"provisioner_engine"',
        )
        signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)
        ended = await run.end()

        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
        assert ended.stderr.count('"event":"worker.joined"') >= 3
        await job.require_each_once()


async def test_only_a_worker_that_can_send_the_same_rows_may_join(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """Another account, other bytes at the same name, a ledger in a file, and a job without a run are refused."""
    async with shared_job(program, simulator, authority, "refused") as job:
        early = await program("worker", f"{job.ledger}-nobody", env=CREDENTIALS)
        run = await job.start()
        await job.twilio.has_seen(3)
        other = {**CREDENTIALS, "TWILIO_ACCOUNT_SID": "AC" + 32 * "9"}
        stranger = await program("worker", job.ledger, env=other)
        program.write_customers("customers.csv", ROWS - 1)
        changed = await program("worker", job.ledger, env=CREDENTIALS)
        program.write_customers("customers.csv", ROWS)
        program.write("other.ledger", b"SQLite format 3\0")
        filed = await program("worker", "other.ledger", env=CREDENTIALS)
        ended = await run.end()

        assert [each.code for each in (early, stranger, changed, filed)] == [2, 2, 2, 2]
        assert "the run is for account" in stranger.stderr
        assert "is not the input that was planned" in changed.stderr
        assert "workers cannot share a ledger in a file" in filed.stderr
        assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
