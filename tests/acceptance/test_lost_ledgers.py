"""Ledgers that were cut, lost, replaced or removed: refused or whole, and nothing is created twice."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.jobs import Job
from tests.acceptance.program import Program
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = pytest.mark.acceptance

PAGE = 4_096


def belongings(job: Job) -> list[Path]:
    """Return the ledger's file and what lies beside it."""
    return sorted(job.ledger.parent.glob(f"{job.ledger.name}*"))


def contents(job: Job) -> dict[str, bytes]:
    """Return what is in a ledger's file and in its log, where there is anything worth keeping."""
    files = {path.name: path.read_bytes() for path in belongings(job) if path.name.endswith(("ledger", "-wal"))}
    return {name: content for name, content in files.items() if len(content) > PAGE}


def cut(ending: str, share: float) -> Callable[[Job], None]:
    """Cut a file of the ledger to a share of its size."""

    def carry_out(job: Job) -> None:
        path = job.ledger.with_name(f"{job.ledger.name}{ending}")
        os.truncate(path, int(path.stat().st_size * share))

    return carry_out


def removed(*endings: str) -> Callable[[Job], None]:
    """Remove files of the ledger."""

    def carry_out(job: Job) -> None:
        for ending in endings:
            job.ledger.with_name(f"{job.ledger.name}{ending}").unlink()

    return carry_out


def replaced(content: bytes) -> Callable[[Job], None]:
    """Put another file in the ledger's place, alone."""

    def carry_out(job: Job) -> None:
        for path in belongings(job):
            path.unlink()
        job.ledger.write_bytes(content)

    return carry_out


FINISHED = {
    "all but nothing": (cut("", 0), "is empty"),
    "within its head": (cut("", 0.0013), "is damaged"),  # behind the mark that says whose file it is
    "half of it": (cut("", 0.5), "is damaged"),
    "all but the end": (cut("", 0.99), "is damaged"),
    "text": (replaced(b"crm_id,name\n" * 600), "is not a ledger"),
}
KILLED = {
    "log, index and lock are removed": (removed("-wal", "-shm", ".lock"), "is incomplete: its log"),
    "its log is emptied": (cut("-wal", 0), "is incomplete: its log"),
    "it is removed and its log is not": (removed(""), "is missing, but its log"),
    "it is emptied and its log is not": (cut("", 0), "is empty"),
}


async def refused_and_left_alone(job: Job, spoilings: dict[str, tuple[Callable[[Job], None], str]]) -> None:
    """Spoil the ledger in every way, and see it refused with nothing sent and no file of it changed."""
    keep = job.program.folder / "keep"
    keep.mkdir()
    for path in belongings(job):
        shutil.copy(path, keep)
    created = await job.created()
    for name, (spoil, words) in spoilings.items():
        spoil(job)
        before = contents(job)

        ended = await job.run()

        assert (ended.code, words in ended.stderr) == (2, True), (name, ended.stderr)
        assert job.ledger.name in ended.stderr
        assert before.items() <= contents(job).items(), name
        for path in belongings(job):
            path.unlink()
        for path in keep.iterdir():
            shutil.copy(path, job.ledger.parent)
    assert await job.created() == created


async def test_a_finished_ledger_that_was_spoilt_is_refused(program: Program, simulator: SimulatorMaker) -> None:
    """Starting without what it knew would create everything again, so nothing is sent; restored, it goes on."""
    job = Job(program, await simulator("--rate-limit", "0"))
    await job.comes_to_a_good_end()

    await refused_and_left_alone(job, FINISHED)

    await job.comes_to_a_good_end()


async def test_the_ledger_of_a_killed_run_needs_its_log(program: Program, simulator: SimulatorMaker) -> None:
    """What was sent last stands in the log; without it, nothing is sent."""
    job = Job(program, await simulator("--rate-limit", "0", "--latency", "20ms"), flags=("--concurrency", "4"))
    await job.kill_after(12)

    await refused_and_left_alone(job, KILLED)

    await job.comes_to_a_good_end()


async def test_a_killed_ledger_that_was_cut_is_whole_with_its_log_or_refused(
    program: Program, simulator: SimulatorMaker
) -> None:
    """The log makes up for what was cut off where it holds that; where it does not, nothing is sent."""
    job = Job(program, await simulator("--rate-limit", "0", "--latency", "20ms"), flags=("--concurrency", "4"))
    await job.kill_after(12)
    whole = job.ledger.read_bytes()
    cut("", 0.5)(job)

    ended = await job.run()

    if ended.code == 0:
        await job.comes_to_a_good_end()
        return
    assert ended.code == 2
    assert "is damaged" in ended.stderr
    assert len(await job.created()) < job.rows
    job.ledger.write_bytes(whole)
    await job.comes_to_a_good_end()


def folder_removed(job: Job) -> None:
    """Remove the folder of the results with everything in it."""
    shutil.rmtree(job.results.parent)


def ledger_removed(job: Job) -> None:
    """Remove the ledger alone."""
    job.ledger.unlink()


@pytest.mark.parametrize("lose", [folder_removed, ledger_removed])
async def test_a_ledger_that_is_lost_during_the_run_is_written_back(
    program: Program, simulator: SimulatorMaker, lose: Callable[[Job], None]
) -> None:
    """Nothing more is sent, what the run knows is back in its place, and the same command goes on from there."""
    (program.folder / "out").mkdir()
    job = Job(program, await simulator("--rate-limit", "0"), folder="out")

    running = await job.start("--rate", "10/s")
    await job.has_created(8)
    lose(job)
    stopped = await running.end()
    sent = len(await job.created())

    assert stopped.code == 6
    assert f"{job.ledger.name} was moved or removed while it was in use" in stopped.stderr
    assert "leave it there, then run the same command again" in stopped.stderr
    assert 8 <= sent < job.rows
    await job.comes_to_a_good_end()


async def test_a_results_folder_that_is_removed_costs_the_results_alone(
    program: Program, simulator: SimulatorMaker
) -> None:
    """With the ledger elsewhere everything is created; the folder is asked for, and then written to."""
    (program.folder / "out").mkdir()
    server = await simulator("--rate-limit", "0")
    job = Job(program, server, folder="out", flags=("--ledger", "job.ledger"))

    running = await job.start("--rate", "10/s")
    await job.has_created(8)
    folder_removed(job)
    stopped = await running.end()
    refused = await job.run()
    job.results.parent.mkdir()

    assert (stopped.code, stopped.counts) == (6, {"created": job.rows})
    assert f"{job.results.name}: not written, its folder no longer exists" in stopped.stderr
    assert (refused.code, "create it first: mkdir -p out" in refused.stderr) == (2, True)
    await job.comes_to_a_good_end()


async def test_of_two_runs_that_start_together_one_works(program: Program, simulator: SimulatorMaker) -> None:
    """Whichever comes second ends with 75, the other goes on as if nothing had been."""
    first = Job(program, await simulator("--rate-limit", "0"), rows=20)

    async def pair_up(job: Job) -> tuple[int, int]:
        both = [await job.start("--rate", "2/s") for _ in range(2)]
        ends = {asyncio.create_task(each.end()): each for each in both}
        (refused,), (at_work,) = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        ends[at_work].signal(signal.SIGINT)
        return (await refused).code, (await at_work).code

    jobs = [first.numbered(number) for number in range(1, 4)]
    codes = [await pair_up(job) for job in jobs]

    assert codes == len(jobs) * [(75, 130)]
    await jobs[0].comes_to_a_good_end()
