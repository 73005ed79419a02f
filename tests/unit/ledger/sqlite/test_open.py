"""Opening a ledger: what is made, what is found again, and what is left behind."""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, OtherJobError
from provisioner.ledger.sqlite.database import APPLICATION_ID, open_for_writing
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from provisioner.ledger.sqlite.wal import close_connection
from provisioner.models import AttemptResult, Counts, PlanEntry, Status
from tests.ledger_samples import (
    INPUT,
    LOST,
    REFUSED,
    SETTINGS,
    THROTTLED,
    claim_all,
    entries,
    entry,
    query,
)


async def make(path: Path, rows: int = 3) -> None:
    """Make a ledger with a plan."""
    async with open_sqlite_ledger(path, SETTINGS, version="1.2.3") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(rows)), INPUT)


async def try_writing(path: Path) -> None:
    """Open for a run."""
    async with open_sqlite_ledger(path, SETTINGS, version="1.2.3"):
        pass


async def try_reading(path: Path) -> None:
    """Open for a look."""
    with open_sqlite_reader(path) as reader:
        list(reader.results())


@pytest.mark.parametrize("umask", [0o022, 0o000])
async def test_a_ledger_and_what_belongs_to_it_are_for_their_owner_only(path: Path, umask: int) -> None:
    """Whatever the umask, every file has mode 0600."""
    before = os.umask(umask)
    try:
        async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
            await ledger.set_notes(results="b")
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(["job.ledger", "job.ledger-wal", "job.ledger-shm", "job.ledger.lock"], 0o600)


async def test_nothing_but_the_ledger_is_left_behind(path: Path) -> None:
    """Log, index and lock go when the ledger is closed, and a look leaves none."""
    await make(path)
    await try_reading(path)

    assert [file.name for file in path.parent.iterdir()] == ["job.ledger"]


async def test_a_ledger_says_what_it_is(path: Path) -> None:
    """The file carries our mark and the version of its schema, and is synced at every commit."""
    await make(path)

    marks = [query(path, f"PRAGMA {name}") for name in ("application_id", "user_version", "journal_mode")]
    assert marks == [[(APPLICATION_ID,)], [(SCHEMA_VERSION,)], [("wal",)]]


async def test_a_manifest_is_made_once(path: Path) -> None:
    """The job's random id, its settings, time and maker stay for all runs."""
    async with open_sqlite_ledger(path, SETTINGS, version="1.2.3") as ledger:
        first, is_new = ledger.manifest, ledger.is_new
        await ledger.start_run(())
    async with open_sqlite_ledger(path, SETTINGS, version="9.9.9") as ledger:
        again, is_new_again = ledger.manifest, ledger.is_new
    with open_sqlite_reader(path) as reader:
        read = reader.manifest

    assert (is_new, is_new_again) == (True, False)
    assert first == again == read
    assert (first.settings, first.created_by) == (SETTINGS, "1.2.3")
    assert re.fullmatch("[0-9a-f]{32}", first.job_id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", first.created_at)


async def test_two_jobs_have_two_ids(tmp_path: Path) -> None:
    """The id is random, so nothing can be told from it."""
    ids = set()
    for name in ("a", "b"):
        async with open_sqlite_ledger(tmp_path / name, SETTINGS, version="1") as ledger:
            ids.add(ledger.manifest.job_id)

    assert len(ids) == 2


async def test_the_ledger_of_another_job_is_refused_with_the_difference(path: Path) -> None:
    """Every setting that differs is named with both values."""
    await make(path)
    other = {"account": "AC" + 32 * "1", "identity": "none"}

    with pytest.raises(OtherJobError) as refusal:
        async with open_sqlite_ledger(path, other, version="1"):
            pass

    assert refusal.value.message == (
        f"{path} belongs to another job:\n"
        f"  account: was 'AC{32 * '0'}', now 'AC{32 * '1'}'\n"
        "  key: was 'id', now not set\n"
        "  identity: was not set, now 'none'"
    )
    assert refusal.value.cure == "undo the change, or start a job of its own with another -o or --ledger"
    await try_writing(path)


@pytest.mark.parametrize(
    ("status", "result", "is_taken"),
    [
        (None, THROTTLED, True),
        (Status.UNSENT, THROTTLED, True),
        (Status.UNSENT, REFUSED, True),
        (Status.REJECTED, REFUSED, False),
        (Status.UNKNOWN, LOST, False),
    ],
)
async def test_a_job_of_which_nothing_was_sent_makes_room_for_another(
    path: Path, status: Status | None, result: AttemptResult, *, is_taken: bool
) -> None:
    """Its plan and its runs are deleted, when no row has an outcome; a refusal of the credentials is none."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        (claim, _) = await claim_all(ledger)
        if status is not None:
            await ledger.begin(claim.id, "wc-1")
            await ledger.settle(claim.id, status, result)
        known = ledger.manifest.job_id
    other = {**SETTINGS, "key": "email"}

    with open_sqlite_reader(path) as reader:
        assert reader.is_unsent() == is_taken
    if not is_taken:
        with pytest.raises(OtherJobError):
            async with open_sqlite_ledger(path, other, version="1", replaces_unsent=True):
                pass
        return
    with pytest.raises(OtherJobError):
        async with open_sqlite_ledger(path, other, version="1"):
            pass
    async with open_sqlite_ledger(path, other, version="1", replaces_unsent=True) as ledger:
        await ledger.plan(entries("cde"), INPUT)
        assert (await ledger.counts()).input == 3
        assert ledger.manifest.settings == other
        assert ledger.manifest.job_id != known
    assert query(path, "SELECT count(*) FROM rows") == [(3,)]
    assert query(path, "SELECT count(*) FROM runs") == [(0,)]


async def test_a_ledger_in_which_only_rows_were_refused_says_that_it_may_be_removed(path: Path) -> None:
    """Nothing was created with it, but the refusals are worth knowing: a person decides."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        (claim, _) = await claim_all(ledger)
        await ledger.begin(claim.id, "wc-1")
        await ledger.settle(claim.id, Status.REJECTED, REFUSED)

    with pytest.raises(OtherJobError) as refusal:
        async with open_sqlite_ledger(path, {}, version="1", replaces_unsent=True):
            pass

    assert f"or remove {path}, with which nothing was created" in refusal.value.cure


async def test_a_ledger_of_closed_conversations_never_makes_room(path: Path) -> None:
    """Also one that has closed nothing: it has runs, and no plan."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.start_run(())

    with pytest.raises(OtherJobError):
        async with open_sqlite_ledger(path, {}, version="1", replaces_unsent=True):
            pass


async def test_settings_may_hold_any_text(path: Path) -> None:
    """Whatever a user may type into an option comes back as it was, in any order."""
    settings = {"set": "name={Vorname} Ω 👋 \"'", "b": "\udcff", "a": ""}
    for _ in range(2):
        async with open_sqlite_ledger(path, settings, version="1") as ledger:
            assert ledger.manifest.settings == settings
        settings = dict(reversed(settings.items()))


def killed() -> None:
    """Stand in for a kill: nothing after it is done."""
    raise KeyboardInterrupt


def test_a_ledger_whose_making_was_cut_off_is_made_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger is there whole or not at all; what a kill has left of the making is no obstacle."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda _draft, _path: killed())
        patch.setattr("provisioner.ledger.sqlite.create_file._remove", lambda _draft: None)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(make(path))
    left = [file.name for file in path.parent.iterdir()]

    asyncio.run(make(path))

    assert left == [".job.ledger.draft"]
    assert [file.name for file in path.parent.iterdir()] == ["job.ledger"]
    with open_sqlite_reader(path) as reader:
        assert reader.counts() == Counts(input=3, pending=3)


def test_a_making_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error on the way takes the draft with it."""
    monkeypatch.setattr(Path, "rename", lambda _draft, _path: killed())

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(make(path))

    assert list(path.parent.iterdir()) == []


async def test_a_ledger_without_a_job_says_so(path: Path) -> None:
    """A kill right after it was made leaves tables and no job."""
    close_connection(open_for_writing(path, synchronous="FULL"), path)

    with open_sqlite_reader(path) as reader:
        assert not reader.has_job()
        with pytest.raises(LedgerError, match="has no job yet"):
            _ = reader.manifest

    await make(path)
    with open_sqlite_reader(path) as reader:
        assert reader.has_job()


async def test_a_temporary_ledger_goes_with_its_context() -> None:
    """It can be read like any other while it is there, and leaves nothing."""
    async with open_sqlite_ledger(None, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        with open_sqlite_reader(ledger.path) as reader:
            counts = reader.counts()

    assert counts == Counts(input=2, pending=2)
    assert not ledger.path.parent.exists()


async def test_a_ledger_is_closed_when_its_user_fails(path: Path) -> None:
    """An error inside the context lets go of file and lock."""

    async def fail() -> None:
        async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
            await ledger.start_run(())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    await try_writing(path)
    assert [file.name for file in path.parent.iterdir()] == ["job.ledger"]


def failing_plan() -> Iterator[PlanEntry]:
    """Yield one entry, and then fail as an input does that cannot be read to its end."""
    yield entry(1, "a")
    raise ZeroDivisionError


def test_a_new_ledger_in_which_nothing_was_recorded_does_not_stay(path: Path) -> None:
    """A plan that fails leaves none, so that the corrected command may be another job; a link to it stays."""
    link = path.with_name("link.ledger")
    link.symlink_to(path)

    async def plan(name: Path, settings: dict[str, str], planned: Iterable[PlanEntry]) -> None:
        async with open_sqlite_ledger(name, settings, version="1") as ledger:
            await ledger.plan(planned, INPUT)

    for name in (path, link):
        with pytest.raises(ZeroDivisionError):
            asyncio.run(plan(name, SETTINGS, failing_plan()))
        assert list(path.parent.iterdir()) == [link]

    asyncio.run(plan(path, {"key": "another"}, ()))
    assert path.exists()


def test_a_ledger_that_this_run_did_not_create_stays(path: Path) -> None:
    """An earlier one that holds nothing is not deleted, and neither is one that took the place of a new one."""
    earlier = path.with_name("earlier.ledger")
    close_connection(open_for_writing(earlier, synchronous="FULL"), earlier)
    content = earlier.read_bytes()

    def replace() -> None:
        path.rename(path.with_name("moved.ledger"))
        path.write_bytes(content)

    async def open_and_replace() -> None:
        async with open_sqlite_ledger(path, SETTINGS, version="1"):
            await asyncio.to_thread(replace)

    asyncio.run(try_writing(earlier))
    asyncio.run(open_and_replace())

    assert path.read_bytes() == content
    with open_sqlite_reader(earlier) as reader:
        assert reader.manifest.settings == SETTINGS
