"""The writer thread: commits of many rows, in order, and what a failing one costs the others."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from provisioner.errors import LedgerError
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.wal import WalCheckpointer
from provisioner.ledger.sqlite.writer import Writer
from provisioner.ledger.sqlite.writes import WriteStep
from provisioner.models import Counts, Status
from tests.ledger_samples import CREATED, INPUT, SETTINGS, claim_all, entries, query

ADD = "INSERT INTO numbers (number) VALUES (?)"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Open a database for the thread to own."""
    path = tmp_path / "numbers.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as opened:
        opened.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, number INTEGER UNIQUE)")
        yield opened


@pytest.fixture
async def writer(connection: sqlite3.Connection, tmp_path: Path) -> AsyncIterator[Writer]:
    """Start a thread, and end it."""
    started = Writer(connection, tmp_path / "numbers.db")
    yield started
    with suppress(ZeroDivisionError):  # what one of the tests lets the thread fail with
        await started.call(lambda _: None, is_last=True)


def numbers(connection: sqlite3.Connection) -> list[int]:
    """Return what was written, in the order of writing."""
    return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY id")]


def held_up(is_free: threading.Event) -> Callable[[sqlite3.Connection], None]:
    """Make an operation that keeps the thread until it is let go."""

    def wait(_: sqlite3.Connection) -> None:
        is_free.wait()

    return wait


async def hold_up(writer: Writer) -> Callable[[], None]:
    """Keep the thread busy, so that operations queue up; return what lets it go."""
    is_free = threading.Event()
    holding = writer.call(held_up(is_free))
    await asyncio.sleep(0)

    def let_go() -> None:
        is_free.set()
        assert not holding.cancelled()

    return let_go


async def test_what_waits_together_is_committed_together(writer: Writer, connection: sqlite3.Connection) -> None:
    """All writes that queued up behind one commit share the next."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    let_go = await hold_up(writer)
    writing = [writer.write((ADD, (number,))) for number in range(50)]
    await asyncio.sleep(0)

    let_go()
    await asyncio.gather(*writing)

    assert statements.count("COMMIT") == 1
    assert await writer.call(numbers) == list(range(50))


async def test_operations_take_effect_in_the_order_they_were_asked_for(writer: Writer) -> None:
    """A call sees the writes before it and none after it."""
    let_go = await hold_up(writer)
    tasks: list[asyncio.Future[Any]] = [
        writer.write((ADD, (1,))),
        writer.call(numbers),
        writer.write((ADD, (2,))),
        writer.call(numbers),
    ]
    await asyncio.sleep(0)

    let_go()
    _, first, _, second = await asyncio.gather(*tasks)

    assert (first, second) == ([1], [1, 2])


async def test_the_steps_of_a_write_are_all_done_or_none(writer: Writer) -> None:
    """A later step that fails takes the earlier ones back."""
    with pytest.raises(LedgerError):
        await writer.write((ADD, (1,)), (ADD, (1,)))

    assert await writer.call(numbers) == []


async def test_a_write_that_fails_takes_no_other_along(writer: Writer) -> None:
    """Its neighbours in the same commit are saved, and only it is told."""
    let_go = await hold_up(writer)
    writing = [writer.write((ADD, (number,))) for number in (1, 2, 2, 3)]
    await asyncio.sleep(0)

    let_go()
    outcomes = await asyncio.gather(*writing, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), LedgerError, type(None)]
    assert await writer.call(numbers) == [1, 2, 3]


async def test_no_intent_is_written_behind_an_outcome_that_was_lost(writer: Writer) -> None:
    """What waits with the lost one, and what comes later, fails with its error; other outcomes are saved."""
    let_go = await hold_up(writer)
    first = [
        writer.write((ADD, (1,)), is_intent=True),
        writer.write((ADD, (1,))),
        writer.write((ADD, (2,)), is_intent=True),
        writer.write((ADD, (3,))),
    ]

    let_go()
    ended = await asyncio.gather(*first, return_exceptions=True)
    with pytest.raises(LedgerError) as later:
        await writer.write((ADD, (4,)), is_intent=True)

    lost = ended[1]
    assert isinstance(lost, LedgerError)
    assert ended == [None, lost, lost, None]
    assert later.value is lost
    assert await writer.call(numbers) == [1, 3]


async def test_rows_that_are_written_together_fail_alone(path: Path) -> None:
    """A lost outcome takes no other along, and no intent is written behind it."""
    lost = structs.replace(CREATED, due=object())
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("abcd"), INPUT)
        first, second, third, fourth = await claim_all(ledger)
        await asyncio.gather(ledger.begin(first.id), ledger.begin(second.id))
        let_go = await hold_up(ledger._writer)
        asked = [
            ledger.begin(third.id),
            ledger.settle(first.id, Status.CREATED, lost),
            ledger.settle(second.id, Status.CREATED, CREATED),
        ]

        let_go()
        ended = await asyncio.gather(*asked, return_exceptions=True)
        with pytest.raises(LedgerError):
            await ledger.begin(fourth.id)

    failure = ended[1]
    assert isinstance(failure, LedgerError)
    assert ended == [failure, failure, None]
    assert query(path, "SELECT key, status FROM rows ORDER BY id") == [
        ("a", "in_flight"),
        ("b", "created"),
        ("c", "pending"),
        ("d", "pending"),
    ]


async def test_the_writes_of_one_row_keep_their_order_though_nobody_waits(path: Path) -> None:
    """An intent, its outcome and the next intent are asked for in one go, beside those of other rows."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
        claims = await claim_all(ledger)
        await asyncio.gather(
            *(ledger.begin(claim.id, "first") for claim in claims),
            *(ledger.settle(claim.id, Status.PENDING, CREATED) for claim in claims),
            *(ledger.begin(claim.id, "second") for claim in claims),
        )

    assert query(path, "SELECT key, status, attempts, asked_identity FROM rows ORDER BY id") == [
        ("a", "in_flight", 2, "second"),
        ("b", "in_flight", 2, "second"),
    ]


@pytest.mark.parametrize("step", [("NO SQL", ()), (ADD, ()), (ADD, (object(),)), (ADD, ("\ud800",))])
async def test_a_write_that_cannot_be_is_an_error_for_who_asked(writer: Writer, step: WriteStep) -> None:
    """The thread goes on after any mistake of its callers."""
    with pytest.raises((LedgerError, UnicodeEncodeError)):
        await writer.write(step)
    await writer.write((ADD, (1,)))

    assert await writer.call(numbers) == [1]


async def test_a_write_that_nobody_waits_for_happens(writer: Writer) -> None:
    """Cancellation ends the waiting, not the writing."""
    let_go = await hold_up(writer)
    writing = writer.write((ADD, (1,)))
    await asyncio.sleep(0)

    writing.cancel()
    await asyncio.wait([writing])
    let_go()

    assert await writer.call(numbers) == [1]


async def test_a_failure_that_nobody_waits_for_is_dropped(writer: Writer) -> None:
    """It neither stops the thread nor comes up elsewhere."""
    let_go = await hold_up(writer)
    failing = [writer.write(("NO SQL", ())), writer.call(fail)]
    await asyncio.sleep(0)

    for task in failing:
        task.cancel()
    await asyncio.wait(failing)
    let_go()

    assert await writer.call(numbers) == []


def fail(_: sqlite3.Connection) -> None:
    """Be an operation that goes wrong."""
    raise ZeroDivisionError


async def test_a_calls_own_error_comes_through(writer: Writer) -> None:
    """Only what SQLite raises is translated."""
    with pytest.raises(ZeroDivisionError):
        await writer.call(fail)


def test_a_loop_that_is_gone_does_not_stop_the_thread(tmp_path: Path) -> None:
    """What was asked for is done although nobody is left to be told."""
    is_free = threading.Event()
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, number INTEGER)")
        is_done = threading.Event()

        async def leave() -> None:
            writer = Writer(connection, tmp_path / "db")
            for operation in (
                writer.call(held_up(is_free)),
                writer.write((ADD, (1,))),
                writer.call(lambda _: is_done.set(), is_last=True),
            ):
                asyncio.get_running_loop().call_soon(asyncio.ensure_future, operation)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        asyncio.run(leave())
        is_free.set()
        assert is_done.wait(5)

        assert numbers(connection) == [1]


async def test_closing_finishes_what_was_asked_for(path: Path) -> None:
    """A ledger that is closed in a hurry has everything that was settled before."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(100)), INPUT)
        claims = await claim_all(ledger)
        settling = [ledger.begin(claim.id) for claim in claims]
        settling += [ledger.settle(claim.id, Status.CREATED, CREATED) for claim in claims]
        await asyncio.sleep(0)
        for task in settling:
            task.cancel()

    with open_sqlite_reader(path) as reader:
        assert reader.counts() == Counts(input=100, created=100)


async def test_where_the_thread_fails_unforeseen_nobody_waits_for_ever(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes afterwards fails as the thread did, and nothing hangs."""

    def fail(_checkpointer: WalCheckpointer) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(WalCheckpointer, "checkpoint_if_long", fail)

    await writer.write((ADD, (1,)))
    failures = await asyncio.gather(writer.write((ADD, (2,))), writer.call(lambda _: None), return_exceptions=True)
    monkeypatch.undo()

    assert [type(each) for each in failures] == [ZeroDivisionError, ZeroDivisionError]
