"""Killed processes and full disks: what was said to be durable is there, and nothing else is claimed."""

import asyncio
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.errors import LedgerBusyError, StorageError
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import Counts, Fingerprint, PlanEntry, Status
from tests.ledger_samples import CREATED, INPUT, SENDABLE, SETTINGS, claim_all, digest_of, entries, entry, query
from tests.sids import conversation_sid

PROGRAM = Path(__file__).with_name("ledger_process.py")
KILLED = {"job": "killed"}


@contextmanager
def process(what: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the program, and see that it is gone in the end."""
    with subprocess.Popen([sys.executable, PROGRAM, what, path], stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def said_before_the_kill(what: str, path: Path, lines: int) -> list[list[str]]:
    """Kill the program after it has said so many lines; return everything it said."""
    with process(what, path) as started:
        assert started.stdout is not None
        said = [started.stdout.readline() for _ in range(lines)]
        started.send_signal(signal.SIGKILL)
        said += started.stdout.readlines()
    return [line.split() for line in said if line.endswith("\n")]


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let every write beyond this size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("lines", [1, 60, 333])
def test_a_killed_process_leaves_everything_it_called_durable(path: Path, lines: int) -> None:
    """Settled rows have their outcome, begun ones are in flight at least, and hardly another row was touched."""
    said = said_before_the_kill("send", path, lines)
    begun = {int(words[1]) for words in said if words[0] == "begun"}
    settled = {int(words[1]) for words in said if words[0] == "settled"}

    with open_sqlite_reader(path) as reader:
        assert not reader.is_held()
        lines_after = list(reader.results())
        counts = reader.counts()

    created = {line.row for line in lines_after if line.status == "created"}
    touched = created | {line.row for line in lines_after if line.error_code == "interrupted"}
    assert settled <= created
    assert begun <= touched
    assert len(touched - begun) <= 8
    assert all(line.conversation_sid == conversation_sid(line.row) for line in lines_after if line.row in created)
    assert counts.is_balanced
    assert counts.input == 400


async def recovered(path: Path) -> tuple[int, Counts, list[int]]:
    """Open the ledger of a killed process and go on."""
    async with open_sqlite_ledger(path, KILLED, version="1") as ledger:
        count = await ledger.recover()
        await ledger.start_run(SENDABLE)
        claims = await ledger.claim(1_000)
        return count, await ledger.counts(), [claim.row for claim in claims]


def test_after_a_kill_only_untouched_rows_are_sent(path: Path) -> None:
    """What was in flight is unknown and not handed out again; the rest is, once."""
    said_before_the_kill("send", path, 100)
    with open_sqlite_reader(path) as reader:
        untouched = [line.row for line in reader.results() if line.error_code == "stopped"]
        in_flight = reader.counts().in_flight

    count, counts, claimed = asyncio.run(recovered(path))

    assert count == in_flight == counts.unknown
    assert claimed == untouched
    assert counts.created + counts.unknown + counts.pending == 400


async def planned(path: Path, *rows: PlanEntry) -> Counts:
    """Plan a few rows."""
    async with open_sqlite_ledger(path, KILLED, version="1") as ledger:
        return (await ledger.plan(rows, INPUT)).counts


async def inputs_of(path: Path) -> object:
    """Return what the ledger says was planned."""
    async with open_sqlite_ledger(path, KILLED, version="1") as ledger:
        return await ledger.planned_inputs()


@pytest.mark.parametrize("lines", [1, 20, 40])
def test_a_first_plan_that_was_killed_is_no_plan(path: Path, lines: int) -> None:
    """Half a plan is never taken for a whole one; the next run plans again."""
    said = said_before_the_kill("plan", path, lines)

    inputs = asyncio.run(inputs_of(path))

    assert ["planned"] not in said
    assert inputs is None
    assert asyncio.run(planned(path, *entries("ab"))) == Counts(input=2, pending=2)


@pytest.mark.parametrize("lines", [1, 40])
def test_a_later_plan_that_was_killed_leaves_the_one_before(path: Path, lines: int) -> None:
    """The old plan stands in every row until the new one is whole."""
    asyncio.run(planned(path, *entries("ab"), entry(3, "a")))
    with open_sqlite_reader(path) as reader:
        before = list(reader.results())

    said_before_the_kill("plan", path, lines)

    with open_sqlite_reader(path) as reader:
        assert list(reader.results()) == before
        assert reader.fingerprints() == list(INPUT)


def test_another_process_is_kept_out(path: Path) -> None:
    """The lock holds between processes, and goes with its holder."""
    with process("hold", path) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LedgerBusyError, match=f"is in use by process {holder.pid} since"):
            asyncio.run(planned(path))
        with open_sqlite_reader(path) as reader:
            assert reader.is_held()

    assert asyncio.run(planned(path)) == Counts()


def test_of_processes_that_start_together_one_gets_the_ledger(path: Path) -> None:
    """The others end, and none waits."""
    started = [
        subprocess.Popen(
            [sys.executable, PROGRAM, "hold", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    try:
        errors = [each.stderr.read() for each in started if each.stderr and not holds(each)]
    finally:
        for each in started:
            each.kill()
            each.communicate()

    assert len(errors) == 2
    assert all("LedgerBusyError" in error for error in errors)


def holds(started: subprocess.Popen[str]) -> bool:
    """Wait until a process says that it holds the ledger, or ends."""
    assert started.stdout is not None
    return started.stdout.readline() == "holding\n"


async def settle_until_full(ledger: SqliteLedger) -> tuple[list[int], int]:
    """Settle row after row; return the ids that were settled, and the one that could not be."""
    settled: list[int] = []
    for claim in await claim_all(ledger):
        try:
            await ledger.begin(claim.id)
            await ledger.settle(claim.id, Status.CREATED, CREATED)
        except StorageError:
            return settled, claim.id
        settled.append(claim.id)
    raise AssertionError("the disk never filled up")


async def test_a_full_disk_costs_nothing_that_was_recorded(path: Path) -> None:
    """The row at which it happens is told, everything before it stands, and the ledger works again with room."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(400)), INPUT)
        with files_no_larger_than(400_000):
            settled, failed = await settle_until_full(ledger)
            with pytest.raises(StorageError) as refusal:
                await asyncio.gather(*(ledger.set_notes(results=200_000 * "x") for _ in range(2)))
        counts = await ledger.counts()
        await ledger.set_notes(results="again")

    assert refusal.value.cure
    assert counts.created == len(settled) > 10
    assert counts.is_balanced
    statuses = dict(query(path, "SELECT id, status FROM rows"))
    assert all(statuses[each] == "created" for each in settled)
    assert statuses[failed] in {"pending", "in_flight"}


async def test_a_full_disk_leaves_the_plan_before(path: Path) -> None:
    """A plan that does not fit is as if it had never begun."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        many = (PlanEntry(row, row, 0, f"k-{row}", digest_of(str(row))) for row in range(1, 50_000))
        with files_no_larger_than(300_000), pytest.raises(StorageError):
            await ledger.plan(many, [Fingerprint("other.csv", 1, "b")])
        inputs = await ledger.planned_inputs()
        again = await ledger.plan(entries("abc"), INPUT)

    assert inputs == list(INPUT)
    assert again.added == 1


async def test_a_disk_that_is_full_from_the_start_makes_no_ledger(path: Path) -> None:
    """The error says that it is the disk, and leaves nothing locked."""
    with files_no_larger_than(10), pytest.raises(StorageError):
        async with open_sqlite_ledger(path, SETTINGS, version="1"):
            pass

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        assert ledger.is_new
