"""One run at a time holds a ledger."""

import asyncio
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.errors import ExitCode, LedgerBusyError
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.lock import LedgerLock, is_locked, lock_path
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from tests.ledger_samples import SETTINGS
from tests.unit.ledger.sqlite.test_ledger_crashes import files_no_larger_than


async def test_a_second_run_is_told_who_has_the_ledger(path: Path) -> None:
    """The message names the process and since when, and the exit code is the agreed one."""
    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        with pytest.raises(LedgerBusyError) as refusal:
            async with open_sqlite_ledger(path, SETTINGS, version="1"):
                pass

    found = re.fullmatch(r"(.+) is in use by process (\d+) since (\S+)", refusal.value.message)
    assert found is not None
    assert (found[1], found[2]) == (str(path), str(os.getpid()))
    assert datetime.now(UTC) - datetime.fromisoformat(found[3]) < timedelta(minutes=1)
    assert refusal.value.cure == "wait for that run to end, or stop it"
    assert refusal.value.exit_code == ExitCode.BUSY


async def test_a_refused_run_leaves_the_holder_its_lock(path: Path) -> None:
    """Being refused twice in a row shows that the first refusal broke nothing."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        for _ in range(2):
            with pytest.raises(LedgerBusyError):
                async with open_sqlite_ledger(path, SETTINGS, version="1"):
                    pass
        await ledger.set_notes(results="here")


async def test_links_to_one_ledger_share_its_lock(path: Path, tmp_path: Path) -> None:
    """Another name is no way round."""
    link = tmp_path / "other.ledger"
    link.symlink_to(path)

    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        with pytest.raises(LedgerBusyError):
            async with open_sqlite_ledger(link, SETTINGS, version="1"):
                pass


async def test_a_lock_that_a_dead_run_left_is_no_obstacle(path: Path) -> None:
    """The kernel let go when its holder died; the file alone means nothing."""
    lock_path(path).write_text("1 2026-01-01T00:00:00+00:00\n")

    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        pass

    assert not lock_path(path).exists()


async def test_a_look_tells_whether_a_run_has_the_ledger(path: Path) -> None:
    """True while it is open, False afterwards and before."""
    assert not is_locked(path)
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.start_run(())
        with open_sqlite_reader(path) as reader:
            assert reader.is_held()
            assert 0 <= time.time() - (reader.held_since() or 0) < 60
    with open_sqlite_reader(path) as reader:
        assert not reader.is_held()
        assert reader.held_since() is None


async def test_a_left_over_lock_does_not_count_as_held(path: Path) -> None:
    """A look asks the kernel, not the file."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.start_run(())
    lock_path(path).touch()

    with open_sqlite_reader(path) as reader:
        assert not reader.is_held()


async def test_looks_do_not_keep_a_run_from_starting(path: Path) -> None:
    """The instant in which a look holds the lock is waited for."""
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            is_locked(path)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(20):
            async with open_sqlite_ledger(path, SETTINGS, version="1"):
                pass
    finally:
        is_over.set()
        await asyncio.to_thread(looking.join)


def test_a_lock_that_was_removed_meanwhile_is_not_taken_for_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened the file just before its holder removed it locks nothing, notices, and tries again."""
    first = LedgerLock(path)
    monkeypatch.setattr("provisioner.ledger.sqlite.lock.time.sleep", lambda _: None)
    opened = os.open

    def open_then_lose(name: str | Path, *arguments: int) -> int:
        monkeypatch.setattr(os, "open", opened)
        descriptor = opened(name, *arguments)
        first.release()
        return descriptor

    monkeypatch.setattr(os, "open", open_then_lose)

    second = LedgerLock(path)

    with pytest.raises(LedgerBusyError):
        LedgerLock(path)
    second.release()
    assert not lock_path(path).exists()


def test_a_holder_that_has_not_signed_yet_is_still_a_holder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between locking and writing its name, a run is unknown but in possession."""
    monkeypatch.setattr("provisioner.ledger.sqlite.lock.time.sleep", lambda _: None)
    lock = LedgerLock(path)
    os.truncate(lock_path(path), 0)

    with pytest.raises(LedgerBusyError, match="in use by process unknown since just now"):
        LedgerLock(path)

    lock.release()


def test_a_lock_that_finds_no_room_is_none(path: Path) -> None:
    """A full disk leaves no lock behind, and says that it is the disk."""
    with files_no_larger_than(0), pytest.raises(OSError, match="too large"):
        LedgerLock(path)

    assert list(path.parent.iterdir()) == []


def test_the_lock_of_another_is_not_removed(path: Path) -> None:
    """Where somebody removed a lock's file and another run made its own, that one stays."""
    first = LedgerLock(path)
    lock_path(path).unlink()
    second = LedgerLock(path)

    first.release()

    with pytest.raises(LedgerBusyError):
        LedgerLock(path)
    second.release()
