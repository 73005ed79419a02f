"""The engine of a Dask cluster: a scheduler and Dask workers in this process, and workers as real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from distributed import Scheduler, Worker

from provisioner.cluster import dask_engine
from provisioner.cluster.dask_engine import DaskEngine
from provisioner.errors import GuardError, UsageError
from tests.fake_worker import FakeLedger

from .kept_run import KeptRun, until

MODULE = "tests.fake_worker"


@pytest.fixture(autouse=True)
def tests_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of Dask workers find the fake worker."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))


@asynccontextmanager
async def scheduler(port: int = 0) -> AsyncIterator[Scheduler]:
    """Run a Dask scheduler on loopback."""
    async with Scheduler(host="127.0.0.1", port=port, dashboard=False) as running:
        yield running


def address(of: Scheduler) -> str:
    """Return the address of a scheduler as ``--engine`` names it, without the scheme."""
    return str(of.address).removeprefix("tcp://")


@asynccontextmanager
async def cluster(*, workers: int = 2) -> AsyncIterator[tuple[Scheduler, list[Worker]]]:
    """Run a Dask scheduler with Dask workers of one thread each."""
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(scheduler())
        placed = [await stack.enter_async_context(Worker(running.address, nthreads=1)) for _ in range(workers)]
        yield running, placed


def keeping(of: Scheduler, run: KeptRun) -> asyncio.Task[None]:
    """Start to keep the workers of a run."""
    return asyncio.create_task(DaskEngine(address(of), module=MODULE).keep_workers(run.placement))


async def test_a_killed_worker_is_replaced_and_all_end_with_the_run(ledger: FakeLedger) -> None:
    """As many work as before, each on a thread of the cluster; the method returns when the last one has ended."""
    run = KeptRun(ledger, count=2)
    async with cluster() as (running, _):
        kept = keeping(running, run)
        await until(lambda: len(ledger.alive()) == 2)

        os.kill(ledger.alive()[0], signal.SIGKILL)
        await until(lambda: len(ledger.started()) == 3 and len(ledger.alive()) == 2)
        run.end(4)
        await kept

    assert ledger.alive() == []
    assert len(ledger.started()) == 3
    assert ledger.started()[0]["arguments"] == ["worker", str(ledger.folder), "--give-up", "1m", "--json"]
    assert len(run.told) == 1
    assert "was ended by SIGKILL; the next one starts in" in run.told[0]


async def test_workers_without_a_thread_wait_for_one(ledger: FakeLedger) -> None:
    """The user is told; a Dask worker that joins takes one of them."""
    run = KeptRun(ledger, count=2)
    async with cluster(workers=1) as (running, _):
        kept = keeping(running, run)
        await until(lambda: len(ledger.alive()) == 1)
        assert run.told == [
            "the Dask cluster has threads for 1 of 2 workers; the others wait for Dask workers to join"
        ]

        async with Worker(running.address, nthreads=1):
            await until(lambda: len(ledger.alive()) == 2)
            run.end()
            await kept


async def test_a_dask_worker_that_leaves_lets_its_worker_finish(ledger: FakeLedger) -> None:
    """The worker is asked to end, and another one starts on another Dask worker."""
    run = KeptRun(ledger, count=1)
    async with cluster() as (running, placed):
        kept = keeping(running, run)
        await until(lambda: len(ledger.alive()) == 1)
        (busy,) = (each for each in placed if each.state.executing_count)

        await running.retire_workers([busy.address])
        await until(lambda: len(ledger.started()) == 2 and len(ledger.alive()) == 1)
        run.end()
        await kept

    assert (ledger.folder / "signalled").exists()


async def test_cancelling_leaves_the_workers_alone(ledger: FakeLedger) -> None:
    """Dask forgets their tasks, and they work until the ledger says that the run is over."""
    run = KeptRun(ledger)
    async with cluster() as (running, placed):
        kept = keeping(running, run)
        await until(lambda: len(ledger.alive()) == 2)

        kept.cancel()
        with pytest.raises(asyncio.CancelledError):
            await kept
        await until(lambda: not running.tasks)

        assert len(ledger.alive()) == 2
        assert not (ledger.folder / "signalled").exists()
        run.end()
        await until(lambda: ledger.alive() == [])
        await until(lambda: not any(each.state.tasks for each in placed))


async def test_a_scheduler_that_comes_back_gets_the_workers_anew(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Dask workers end without it, and let our workers finish first."""
    run = KeptRun(ledger, count=1)
    async with AsyncExitStack() as stack:
        async with scheduler() as first, Worker(first.address, nthreads=1):
            port = first.port
            kept = keeping(first, run)
            await until(lambda: len(ledger.alive()) == 1)
        await until(lambda: ledger.alive() == [])

        second = await stack.enter_async_context(scheduler(port))
        await stack.enter_async_context(Worker(second.address, nthreads=1))
        await until(lambda: len(ledger.alive()) == 1)
        run.end()
        await kept

    assert len(ledger.started()) == 2


async def test_workers_that_cannot_start_end_the_run_with_their_error(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error comes from the other machine."""
    monkeypatch.setattr("provisioner.cluster.replacement.backoff_s", lambda _failures: 0.01)
    ledger.fail(2)

    async with cluster(workers=1) as (running, _):
        with pytest.raises(GuardError) as failed:
            await keeping(running, KeptRun(ledger, count=1))

    assert failed.value.message == "no worker stays alive: the last one ended with exit code 2: no credentials"
    assert failed.value.cure == "set them"


async def test_what_a_dask_worker_lacks_is_told(ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program may be missing there; of any other exception only the type is shown, which holds no data."""
    monkeypatch.setattr("provisioner.cluster.replacement.backoff_s", lambda _failures: 0.01)

    def failing(error: Exception) -> Callable[..., None]:
        def run_worker(*_arguments: object) -> None:
            raise error

        return run_worker

    told = {
        ModuleNotFoundError("provisioner"): "this program is not installed where the Dask workers run",
        RuntimeError("a secret"): "could not be started: Dask says RuntimeError$",
    }
    async with cluster(workers=1) as (running, _):
        for error, text in told.items():
            monkeypatch.setattr(dask_engine, "run_worker", failing(error))
            with pytest.raises(GuardError, match=text):
                await keeping(running, KeptRun(ledger, count=1))


async def test_a_secret_is_not_sent_through_the_scheduler(ledger: FakeLedger) -> None:
    """Nothing is started, and the error names the variable and not its value."""
    run = KeptRun(ledger, secrets={"PGPASSWORD": "hunter2"})

    with pytest.raises(UsageError, match=r"not sent through the Dask scheduler \(PGPASSWORD\)") as refused:
        await DaskEngine("127.0.0.1:1", module=MODULE).keep_workers(run.placement)

    assert "environment of the Dask workers" in refused.value.cure


async def test_a_scheduler_that_is_not_there_is_told(ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names its address."""
    monkeypatch.setattr(dask_engine, "CONNECT_S", 0.5)

    with pytest.raises(UsageError, match=r"no Dask scheduler answers at 127\.0\.0\.1:1"):
        await DaskEngine("127.0.0.1:1", module=MODULE).keep_workers(KeptRun(ledger).placement)


_CHOICE = """
import logging, sys
if sys.argv[1] == "before":
    import distributed
from provisioner.cluster.choice import choose_engine
from provisioner.options import RunOptions
choose_engine(RunOptions(engine="dask://127.0.0.1:1"), {}, is_shared=True)
logging.getLogger("distributed.client").error("seen on stderr")
"""


def test_dask_prints_nothing_past_the_log() -> None:
    """Its messages go where those of other libraries go; a program that uses Dask itself keeps what it has set."""

    def printed(when: str) -> list[str]:
        command = [sys.executable, "-c", _CHOICE, when]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line for line in done.stderr.splitlines() if "ERROR" in line]

    assert printed("after") == []
    assert len(printed("before")) == 1


_DASK_WORKER = """
import asyncio, sys
from distributed import Worker

async def work():
    async with Worker(sys.argv[1], nthreads=1) as worker:
        await worker.finished()

asyncio.run(work())
"""


async def test_a_dask_worker_that_is_killed_takes_its_worker_with_it(ledger: FakeLedger) -> None:
    """The worker goes to another Dask worker, and so there are never more than asked for for long."""
    run = KeptRun(ledger, count=1)
    async with scheduler() as running:
        command = [sys.executable, "-c", _DASK_WORKER, running.address]
        first = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        kept = keeping(running, run)
        await until(lambda: len(ledger.alive()) == 1)
        (worker,) = ledger.alive()

        first.kill()
        await first.wait()
        async with Worker(running.address, nthreads=1):
            await until(lambda: len(ledger.started()) == 2)
            await until(lambda: worker not in ledger.alive())
            assert len(ledger.alive()) == 1
            run.end()
            await kept
