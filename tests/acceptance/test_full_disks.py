"""A disk that is full at any write: told with the file and the cure, and nothing lost, nothing twice."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.acceptance.jobs import Job, remount, small_disk
from tests.acceptance.program import CREDENTIALS, Ended, Program, bounded, read_csv
from tests.acceptance.simulator_process import SimulatorMaker

pytestmark = pytest.mark.acceptance

FULL_KIB = 16_000
ONE_AT_A_TIME = ("--concurrency", "1")
"""A commit holds all that waits for it, more on a busy machine: one row at a time takes one at least."""


def tells_the_disk(ended: Ended, file: str) -> bool:
    """Say whether a run ended as one does on a full disk: resumable, with the file, the cure and the command."""
    error, cure = ended.stderr.split("error: ", 1)[1].splitlines()[:2]
    is_resumable = "run the same command again" in cure and "next:    provisioner " in ended.stdout + ended.stderr
    return ended.code == 6 and file in error and is_resumable


async def test_a_file_that_cannot_grow_stops_the_run_wherever_that_is(
    program: Program, simulator: SimulatorMaker
) -> None:
    """Lock, making, plan, intent, outcome, results: exit code 6 each time, and room is all that is missing."""
    first = Job(program, await simulator("--rate-limit", "0", "--latency", "5ms"), flags=ONE_AT_A_TIME)
    sizes = [0, 40_000, 100_000, 150_000, 200_000]
    jobs = [first.numbered(number) for number in range(1, len(sizes) + 1)]
    two_at_a_time = asyncio.Semaphore(2)

    async def suffer(job: Job, size: int) -> int:
        async with two_at_a_time:
            ended = await job.run(preexec_fn=bounded(size))
            sent = len(await job.created())
            assert tells_the_disk(ended, job.ledger.name), (size, ended.stderr)
            await job.comes_to_a_good_end()
            return sent

    sent = await asyncio.gather(*map(suffer, jobs, sizes))

    assert sent[:2] == [0, 0]
    assert 0 < sent[-1] < first.rows


@pytest.fixture
def disk(program: Program) -> Iterator[Path]:
    """Give a small disk of its own."""
    folder = program.folder / "small"
    with ExitStack() as stack:
        try:
            stack.enter_context(small_disk(folder, FULL_KIB))
        except OSError as error:
            pytest.skip(f"no disk can be mounted here: {error}")
        yield folder


def leave_room(disk: Path, kib: int) -> Path:
    """Fill a disk up, but for so many KiB."""
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - kib * 1024))
    return filler


@pytest.mark.parametrize("room_kib", [0, 64, 128])
async def test_a_full_disk_is_told_and_costs_nothing(
    program: Program, simulator: SimulatorMaker, disk: Path, room_kib: int
) -> None:
    """What was recorded stands, what was in flight is looked up, what waited is sent once there is room."""
    server = await simulator("--rate-limit", "0", "--latency", "5ms")
    job = Job(program, server, folder="small", flags=ONE_AT_A_TIME)
    await job.run("--limit", "1")
    before = job.results.read_bytes()
    filler = leave_room(disk, room_kib)

    full = await job.run()
    after = job.results.read_bytes()
    sent = len(await job.created())
    filler.unlink()

    assert tells_the_disk(full, job.ledger.name), full.stderr
    assert sent < job.rows
    assert after == before or len(read_csv(job.results)) == job.rows
    await job.comes_to_a_good_end()


async def test_a_job_is_begun_anew_on_a_disk_that_was_full(
    program: Program, simulator: SimulatorMaker, disk: Path
) -> None:
    """Where not even a ledger could be made, none is there, and with room the job begins."""
    job = Job(program, await simulator("--rate-limit", "0"), folder="small", rows=5)
    filler = leave_room(disk, 8)

    full = await job.run()
    left = job.litter()
    filler.unlink()

    assert tells_the_disk(full, job.ledger.name), full.stderr
    assert (left, job.ledger.exists()) == ([], False)
    await job.comes_to_a_good_end()


async def test_results_on_a_full_disk_do_not_cost_the_job(
    program: Program, simulator: SimulatorMaker, disk: Path
) -> None:
    """With the ledger elsewhere everything is created, and the old results stay until there is room."""
    server = await simulator("--rate-limit", "0", "--latency", "5ms")
    job = Job(program, server, folder="small", flags=("--ledger", "job.ledger"))
    await job.run("--limit", "1")
    before = job.results.read_bytes()
    filler = leave_room(disk, 4)

    full = await job.run()
    after = job.results.read_bytes()
    filler.unlink()

    assert tells_the_disk(full, f"small/{job.results.name}"), full.stderr
    assert "the disk is full; what was there before is still there" in full.stderr
    assert full.counts == {"created": job.rows}
    assert after == before
    await job.comes_to_a_good_end()


async def test_a_ledger_on_a_read_only_disk_is_refused(
    program: Program, simulator: SimulatorMaker, disk: Path
) -> None:
    """A run does not begin what it could not record; a look asks for a place that can be written."""
    job = Job(program, await simulator("--rate-limit", "0"), flags=("--ledger", "small/job.ledger"), rows=5)
    await job.run("--limit", "1")
    remount(disk, "ro")

    refused = await job.run()
    looked = await program("status", "small/job.ledger")
    sent = len(await job.created())
    remount(disk, "rw")

    assert (refused.code, looked.code, sent) == (2, 2, 1)
    for ended in (refused, looked):
        assert "small/job.ledger cannot be opened for reading and writing" in ended.stderr
        assert "allow reading and writing for the file and its folder" in ended.stderr
    await job.comes_to_a_good_end()


async def test_results_that_stdout_takes_in_part_are_not_called_whole(program: Program) -> None:
    """Where stdout cannot grow, and is unbuffered as in a container, the end says that rows are missing."""
    program.write_customers("customers.csv", 400)
    await program(*("run", "customers.csv", "-o", "results.csv", "--simulate", "--rate", "0"))
    whole = await program("export", "results.csv.ledger", "-o", "-", "--format", "jsonl")
    room = len(whole.stdout) // 2

    with (program.folder / "part.jsonl").open("wb") as part:
        ended = await program.unwatched()(
            *("export", "results.csv.ledger", "-o", "-", "--format", "jsonl"),
            env={"PYTHONUNBUFFERED": "1"},
            stdout=part,
            preexec_fn=bounded(room),
        )

    assert whole.code == 0
    assert (program.folder / "part.jsonl").stat().st_size == room
    assert ended.code == 6
    assert "results cannot be written to stdout: File too large" in ended.stderr
    assert "-o and the name of a file" in ended.stderr


def full_disk() -> BinaryIO:
    """Open a device that has no room."""
    return Path("/dev/full").open("wb")


async def test_an_answer_that_finds_no_room_is_no_bug(program: Program) -> None:
    """Whatever is to be told on a full disk, the exit code says so and nobody is asked to report anything."""
    program.write_customers("customers.csv", 1)
    commands = [("check", "customers.csv"), ("check", "customers.csv", "--json"), ("--help",)]

    with full_disk() as full:
        ended = [await program(*command, stdout=full, env=CREDENTIALS) for command in commands]

    assert [each.code for each in ended] == [6, 6, 6]
    assert all("No space left on device" in each.stderr for each in ended)
    assert not any("bug" in each.stderr for each in ended)
