"""The log beside a ledger: merged as it grows, never missed without a word, kept by whoever only looks."""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, StorageError
from provisioner.ledger.sqlite.database import open_for_writing
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.wal import WalCheckpointer, checkpoint, close_connection, has_wal, wal_path
from provisioner.models import Counts, Status
from tests.ledger_samples import CREATED, INPUT, SETTINGS, claim_all, entries
from tests.unit.ledger.sqlite.test_ledger_crashes import files_no_larger_than

ROWS = 40


def copy_all(path: Path, folder: Path) -> None:
    """Copy a ledger, its log, its index and its lock."""
    folder.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, folder)


def replace(path: Path) -> None:
    """Put another file in a ledger's place."""
    path.unlink()
    path.write_text("something else")


async def killed_job(path: Path, copy: Path) -> None:
    """Copy a ledger with all that belongs to it while it is written: what a kill leaves, half of it sent."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(ROWS)), INPUT)
        for claim in (await claim_all(ledger))[: ROWS // 2]:
            await ledger.begin(claim.id)
            await ledger.settle(claim.id, Status.CREATED, CREATED)
        copy_all(path, copy)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Name the ledger of a killed run."""
    (tmp_path / "run").mkdir()
    asyncio.run(killed_job(tmp_path / "run" / "job.ledger", tmp_path / "killed"))
    return tmp_path / "killed" / "job.ledger"


async def reopened(path: Path) -> Counts:
    """Open a ledger for a run."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.recover()
        return await ledger.counts()


def looked_at(path: Path) -> Counts:
    """Open a ledger for a look."""
    with open_sqlite_reader(path) as reader:
        return reader.counts()


def without_log(path: Path) -> None:
    """Tidy up what looks like litter."""
    for name in ("job.ledger-wal", "job.ledger-shm", "job.ledger.lock"):
        path.with_name(name).unlink()


def emptied_log(path: Path) -> None:
    """Cut the log short, all of it."""
    wal_path(path).write_bytes(b"")


@pytest.mark.parametrize("spoil", [without_log, emptied_log])
def test_a_ledger_that_misses_its_log_is_refused(killed: Path, spoil: Callable[[Path], None]) -> None:
    """What was sent last stands in the log: without it the ledger would send those rows again."""
    spoil(killed)

    for opening in (looked_at, lambda path: asyncio.run(reopened(path))):
        with pytest.raises(LedgerError) as refusal:
            opening(killed)
        assert refusal.value.message == f"{killed} is incomplete: its log job.ledger-wal is missing or empty"
        assert refusal.value.cure == (
            "restore both files from a copy; without the log, rows that were sent would be created again"
        )


def test_a_log_without_its_ledger_is_no_new_job(killed: Path) -> None:
    """A new ledger beside an old log would be mixed up with it."""
    killed.unlink()

    with pytest.raises(LedgerError, match=r"is missing, but its log job\.ledger-wal exists"):
        asyncio.run(reopened(killed))

    assert not killed.exists()


def test_a_look_leaves_what_a_dead_run_left(killed: Path) -> None:
    """A look changes nothing, so whoever comes after it finds the log where it belongs."""
    before = killed.read_bytes(), wal_path(killed).read_bytes()

    counts = looked_at(killed)

    assert counts == Counts(input=ROWS, pending=ROWS // 2, created=ROWS // 2)
    assert (killed.read_bytes(), wal_path(killed).read_bytes()) == before
    assert asyncio.run(reopened(killed)) == counts
    assert not wal_path(killed).exists()


def test_a_shell_that_merges_the_log_does_no_harm(killed: Path) -> None:
    """Another program that opens the ledger after a kill takes the log into it; it is not missed then."""
    with closing(sqlite3.connect(killed)) as shell:
        shell.execute("SELECT count(*) FROM rows").fetchone()

    assert not has_wal(killed)
    assert asyncio.run(reopened(killed)).created == ROWS // 2


def test_a_kill_in_the_middle_of_a_merge_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger misses its log then, and there is nothing in it: the log is there, and that is enough."""
    connection = open_for_writing(path, synchronous="FULL")
    connection.execute("INSERT INTO notes VALUES ('reading', 'x')")
    with monkeypatch.context() as patch:
        patch.setattr("provisioner.ledger.sqlite.wal._MERGED", "belongs to it")
        checkpoint(connection)
    copy_all(path, path.parent / "killed")
    close_connection(connection, path)
    killed = path.parent / "killed" / path.name

    with open_sqlite_reader(killed) as reader:
        note = reader.notes().reading
    counts = asyncio.run(reopened(killed))

    assert (note, counts) == ("x", Counts())
    assert not has_wal(killed)


def test_a_long_log_is_merged(path: Path) -> None:
    """So a log does not grow with the run, and a lost one is noticed after a merge as before it."""
    connection = open_for_writing(path, synchronous="OFF")
    checkpointer = WalCheckpointer(connection)
    for number in range(6_000):
        connection.execute("INSERT INTO notes VALUES (?, 'x')", (f"note {number}",))
        checkpointer.checkpoint_if_long()
    sizes = path.stat().st_size, wal_path(path).stat().st_size
    alone = path.with_name("copy.ledger")
    shutil.copy(path, alone)
    close_connection(connection, path)

    assert sizes[0] > 100_000
    assert sizes[1] < 2_100 * 3 * 4_200
    with pytest.raises(LedgerError, match="is incomplete"):
        looked_at(alone)
    assert looked_at(path) == Counts()


def test_a_log_that_cannot_be_merged_for_good_is_kept(path: Path) -> None:
    """When a full disk keeps the ledger from saying that nothing is missed, its log stays, and nothing is lost."""
    connection = open_for_writing(path, synchronous="FULL")
    connection.execute("INSERT INTO notes VALUES ('reading', 'x')")
    checkpoint(connection)
    connection.execute("INSERT INTO notes VALUES ('asked', 'y')")

    with files_no_larger_than(0):
        close_connection(connection, path)
    was_kept = has_wal(path)

    async def notes() -> list[str | None]:
        async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
            found = await ledger.notes()
            return [found.reading, found.asked]

    assert was_kept
    assert asyncio.run(notes()) == ["x", "y"]


async def refusal_of(write: Awaitable[None]) -> StorageError:
    """Wait for a write that fails; return what is said."""
    with pytest.raises(StorageError) as refusal:
        await write
    return refusal.value


def names(folder: Path) -> list[str]:
    """Name the files of a folder."""
    return [file.name for file in folder.iterdir()]


async def test_a_ledger_that_is_removed_while_it_is_used_is_written_back(path: Path) -> None:
    """SQLite would go on in a file without a name; instead nothing more is begun, and what is known is there."""
    path = path.parent / "folder" / path.name
    path.parent.mkdir()
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abc"), INPUT)
        first, second, _ = await claim_all(ledger)
        await ledger.begin(first.id)
        await ledger.settle(first.id, Status.CREATED, CREATED)
        await ledger.begin(second.id)
        shutil.rmtree(path.parent)

        said = [await refusal_of(ledger.settle(second.id, Status.CREATED, CREATED)) for _ in range(2)]

    assert names(path.parent) == ["job.ledger"]
    assert said[0] is said[1]
    assert said[0].message == (
        f"{path} was moved or removed while it was in use, so nothing more is sent; "
        "its content was written back there"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert await reopened(path) == Counts(input=3, created=1, unknown=1, pending=1)


async def lose(path: Path, how: Callable[[Path], None]) -> StorageError:
    """Lose an open ledger and try to write; return what is said."""
    said = []
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abc"), INPUT)
        how(path)
        said.append(await refusal_of(ledger.set_notes(results="b")))
    return said[0]


def test_a_file_that_took_the_ledgers_place_is_not_touched(path: Path) -> None:
    """What the ledger knows is kept beside it."""
    rescued = path.with_name("job.ledger.rescued")

    error = asyncio.run(lose(path, replace))
    after = path.read_text()
    rescued.rename(path)

    assert "was replaced while it was in use" in error.message
    assert error.message.endswith("its content was saved in job.ledger.rescued beside it")
    assert after == "something else"
    assert names(path.parent) == ["job.ledger"]
    assert looked_at(path) == Counts(input=3, pending=3)


def test_a_ledger_that_cannot_be_written_back_is_told_as_lost(path: Path) -> None:
    """Where there can be no file any more, the message says what that means."""

    def bar(place: Path) -> None:
        shutil.rmtree(place.parent)
        place.parent.write_text("no folder")

    inner = path.parent / "folder" / path.name
    inner.parent.mkdir()

    error = asyncio.run(lose(inner, bar))

    assert error.message.endswith("it could not be written back")
    assert error.cure == "restore it from a copy; without it, the rows it knew would be created again"
