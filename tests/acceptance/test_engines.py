"""A job whose workers an engine keeps, as a user runs it; the database is a real PostgreSQL server."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from distributed import Scheduler, Worker

from tests.acceptance.program import CREDENTIALS, PATIENCE_S, Program
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.fake_worker import is_alive
from tests.postgres_server import address_of_session, query_postgres
from tests.prometheus_text import parse

pytestmark = pytest.mark.acceptance

ROWS = 80


def command_of(job: str, twilio: Simulator, *flags: str) -> tuple[str, ...]:
    """Return the command of a job that two workers share."""
    ledger = f"{address_of_session()}&job={job}"
    target = ("--base-url", twilio.url, "--settle-delay", "0.1", "--rate", "8/s", "--lease", "3s", "--yes")
    run = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--ledger", ledger, "--workers", "2")
    return (*run, *target, *flags)


def workers_of(job: str) -> list[int]:
    """Return the process IDs of the workers of a job that live, in the order in which they joined."""
    known = query_postgres(address_of_session(), "SELECT schema_name::text FROM information_schema.schemata")
    if (schema := f"provisioner_{job}",) not in known:
        return []
    joined = query_postgres(
        address_of_session(),
        "SELECT pid FROM workers WHERE lease_until IS NOT NULL AND ended_at IS NULL ORDER BY id",
        schema=schema,
    )
    return [pid for (pid,) in joined if is_alive(pid)]


async def workers_when(job: str, holds: Callable[[list[int]], bool]) -> list[int]:
    """Wait until something holds for the workers of a job, and return them."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if holds(found := await asyncio.to_thread(workers_of, job)):
                return found
            await asyncio.sleep(0.1)


async def test_a_killed_process_of_this_machine_is_replaced(program: Program, simulator: SimulatorMaker) -> None:
    """Its rows go to the others, every row is created once, and no process is left."""
    program.write_customers("customers.csv", ROWS)
    twilio = await simulator("--rate-limit", "0")

    running = await program.start(*command_of("engine-local", twilio, "--engine", "local"), env=CREDENTIALS)
    first, *_ = await workers_when("engine-local", lambda found: len(found) == 2)
    await twilio.has_seen(ROWS // 4)
    os.kill(first, signal.SIGKILL)
    ended = await running.end()

    assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
    assert len(await twilio.conversations()) == ROWS
    assert "was ended by SIGKILL; the next one starts in" in ended.stderr
    assert await asyncio.to_thread(workers_of, "engine-local") == []


async def test_workers_finish_the_job_of_a_process_that_was_killed(
    program: Program, simulator: SimulatorMaker
) -> None:
    """The same command writes the results afterwards."""
    program.write_customers("customers.csv", ROWS)
    twilio = await simulator("--rate-limit", "0")
    command = command_of("engine-alone", twilio, "--engine", "local")

    running = await program.start(*command, env=CREDENTIALS)
    await workers_when("engine-alone", lambda found: len(found) == 2)
    running.signal(signal.SIGKILL)
    await running.end()
    await workers_when("engine-alone", lambda found: not found)

    assert len(await twilio.conversations()) == ROWS
    ended = await program(*command, env=CREDENTIALS)
    assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
    assert len(await twilio.conversations()) == ROWS


async def test_the_live_page_shows_the_workers_of_an_engine_and_stops_them(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Each worker has a line, metrics and charts are those of all, and only Stop is there: it drains."""
    program.write_customers("customers.csv", 10 * ROWS)
    twilio = await simulator("--rate-limit", "0")
    command = command_of("engine-page", twilio, "--engine", "local", "--dashboard", "0")

    running = await program.start(*command, env=CREDENTIALS)
    url, _, token = (await running.says("dashboard: ")).removeprefix("dashboard: ").partition("#")
    await workers_when("engine-page", lambda found: len(found) == 2)
    await twilio.has_seen(ROWS // 4)
    async with aiohttp.ClientSession(headers={"X-Token": token}) as client:
        async with asyncio.timeout(PATIENCE_S):
            while "<h2>2 workers</h2>" not in (page := await text_at(client, url)):  # noqa: ASYNC110 - as it is
                await asyncio.sleep(0.1)
        charts = re.findall('aria-label="([^"]+);', page)
        metrics = parse(await text_at(client, f"{url}metrics"))
        async with client.post(f"{url}control", json={"action": "stop"}) as answer:
            said = await answer.json()
    ended = await running.end()

    offered = re.findall(r'data-action="(\w+)">', page)
    assert offered == ["stop"]
    assert charts == ["Rate in requests/s: allowed, started", "In flight in requests: most seen at once"]
    assert metrics["provisioner_run_workers", frozenset()] == 2
    assert metrics["provisioner_run_requests_total", frozenset()] > 1
    assert said["said"].startswith("stopping: ")
    assert not any(said["controls"].values())
    assert (ended.code, set(ended.counts)) == (130, {"created", "unsent"}), ended.stderr


async def text_at(client: aiohttp.ClientSession, url: str) -> str:
    """Return what is served there."""
    async with client.get(url) as answer:
        return await answer.text()


@asynccontextmanager
async def dask_cluster() -> AsyncIterator[str]:
    """Run a Dask cluster with two Dask workers in this process, and yield its address for ``--engine``."""
    async with (
        Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler,
        Worker(scheduler.address, nthreads=1),
        Worker(scheduler.address, nthreads=1),
    ):
        yield scheduler.address.replace("tcp://", "dask://")


async def test_a_killed_worker_of_a_dask_cluster_is_replaced(
    program: Program, simulator: SimulatorMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Dask workers have the credentials; every row is created once, and no process is left."""
    for name, value in {**program.env, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)
    program.write_customers("customers.csv", ROWS)
    twilio = await simulator("--rate-limit", "0")

    async with dask_cluster() as engine:
        running = await program.start(*command_of("engine-dask", twilio, "--engine", engine), env=CREDENTIALS)
        first, *_ = await workers_when("engine-dask", lambda found: len(found) == 2)
        await twilio.has_seen(ROWS // 4)
        os.kill(first, signal.SIGKILL)
        ended = await running.end()

    assert (ended.code, ended.counts) == (0, {"created": ROWS}), ended.stderr
    assert len(await twilio.conversations()) == ROWS
    assert "was ended by SIGKILL; the next one starts in" in ended.stderr
    assert await asyncio.to_thread(workers_of, "engine-dask") == []
