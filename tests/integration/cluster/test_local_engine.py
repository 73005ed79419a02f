"""The engine of this machine, with real processes."""

import asyncio
import os
import signal
import sys

import pytest

from provisioner.cluster import worker_process
from provisioner.cluster.local_engine import LocalEngine
from provisioner.errors import GuardError
from tests.fake_worker import PROGRAM, FakeLedger

from .kept_run import KeptRun, until

ENVIRON = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "")}


async def test_a_killed_worker_is_replaced_and_all_end_with_the_run(ledger: FakeLedger) -> None:
    """As many work as before; the method returns when the last one has ended."""
    run = KeptRun(ledger, count=3)
    keeping = asyncio.create_task(LocalEngine(ENVIRON, program=PROGRAM).keep_workers(run.placement))
    await until(lambda: len(ledger.alive()) == 3)

    os.kill(ledger.alive()[1], signal.SIGKILL)
    await until(lambda: len(ledger.started()) == 4 and len(ledger.alive()) == 3)
    run.end(4)
    await keeping

    assert ledger.alive() == []
    assert len(ledger.started()) == 4
    assert len(run.told) == 1
    assert "was ended by SIGKILL; the next one starts in" in run.told[0]


async def test_a_suspended_worker_is_replaced_and_left(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it at the end of the run either; it ends by itself when it continues."""
    monkeypatch.setattr(worker_process, "SUSPENDED_S", 0.3)
    run = KeptRun(ledger, count=1)
    kept = asyncio.create_task(LocalEngine(ENVIRON, program=PROGRAM).keep_workers(run.placement))
    await until(lambda: len(ledger.alive()) == 1)
    (suspended,) = ledger.alive()

    os.kill(suspended, signal.SIGSTOP)
    await until(lambda: len(ledger.alive()) == 2)
    run.end()
    await kept

    assert ledger.alive() == [suspended]
    assert len(run.told) == 1
    assert run.told[0].startswith("the worker is suspended, and is left alone; the next one starts in ")
    os.kill(suspended, signal.SIGCONT)
    await until(lambda: ledger.alive() == [])


async def test_a_worker_gets_secrets_by_its_environment_alone(ledger: FakeLedger) -> None:
    """The arguments, which every user of the machine can read, hold none of them."""
    run = KeptRun(ledger, count=1, secrets={"PGPASSWORD": "hunter2"})
    run.end()

    await LocalEngine(ENVIRON, program=PROGRAM).keep_workers(run.placement)

    (worker,) = ledger.started()
    assert worker["arguments"] == ["worker", str(ledger.folder), "--give-up", "1m", "--json"]
    assert worker["password"] == "hunter2"
    assert worker["log_level"] == "warning"


async def test_a_worker_keeps_what_the_environment_says_of_the_log(ledger: FakeLedger) -> None:
    """The level of the workers' log is a default."""
    run = KeptRun(ledger, count=1)
    run.end()

    await LocalEngine({**ENVIRON, "PROVISIONER_LOG_LEVEL": "debug"}, program=PROGRAM).keep_workers(run.placement)

    assert ledger.started()[0]["log_level"] == "debug"


async def test_cancelling_leaves_the_workers_alone(ledger: FakeLedger) -> None:
    """They end when the ledger says so."""
    run = KeptRun(ledger)
    keeping = asyncio.create_task(LocalEngine(ENVIRON, program=PROGRAM).keep_workers(run.placement))
    await until(lambda: len(ledger.alive()) == 2)

    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping

    assert len(ledger.alive()) == 2
    run.end()
    await until(lambda: ledger.alive() == [])


async def test_workers_that_cannot_start_end_the_run_with_their_error(
    ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message and the cure are those of the last worker; the exit code of its error does not matter."""
    monkeypatch.setattr("provisioner.cluster.replacement.backoff_s", lambda _failures: 0.01)
    ledger.fail(2)

    with pytest.raises(GuardError) as failed:
        await LocalEngine(ENVIRON, program=PROGRAM).keep_workers(KeptRun(ledger, count=1).placement)

    assert failed.value.message == "no worker stays alive: the last one ended with exit code 2: no credentials"
    assert failed.value.cure == "set them"


async def test_a_program_that_is_not_there_is_told(ledger: FakeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the operating system's."""
    monkeypatch.setattr("provisioner.cluster.replacement.backoff_s", lambda _failures: 0.01)

    with pytest.raises(GuardError, match="the last one could not be started: No such file or directory"):
        await LocalEngine(ENVIRON, program=("/nowhere/python",)).keep_workers(KeptRun(ledger).placement)


_COORDINATOR = """
import asyncio, os, sys
from provisioner.cluster.local_engine import LocalEngine
from provisioner.ports.engine import WorkerPlacement
from tests.fake_worker import PROGRAM

async def is_over():
    return False

placement = WorkerPlacement(count=2, address=sys.argv[1], is_over=is_over, tell=print)
asyncio.run(LocalEngine(os.environ, program=PROGRAM).keep_workers(placement))
"""


async def test_workers_outlive_the_process_that_placed_them(ledger: FakeLedger) -> None:
    """Neither its death nor the Ctrl-C of its terminal, which reaches its whole group, ends them."""
    for end_with in (signal.SIGKILL, signal.SIGINT):
        command = [sys.executable, "-c", _COORDINATOR, str(ledger.folder)]
        coordinator = await asyncio.create_subprocess_exec(
            *command, process_group=0, stderr=asyncio.subprocess.DEVNULL
        )
        await until(lambda: len(ledger.alive()) == 2)
        os.killpg(coordinator.pid, end_with)
        await coordinator.wait()

        workers = ledger.started()[-2:]
        assert ledger.alive() == [each["pid"] for each in workers]
        assert ledger.alive() == [each["session"] for each in workers]
        ledger.end()
        await until(lambda: ledger.alive() == [])
        ledger.begin()
