"""Ledgers that somebody has crafted or damaged: every one is refused with our error, whatever it holds."""

import asyncio
import random
import re
import signal
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from provisioner.errors import LedgerError, ProvisionerError
from provisioner.ledger.sqlite.connections import QuerySignals
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.models import MessageStatus, Status
from provisioner.report.job_data import load_job
from tests.ledger_samples import CREATED, INPUT, LOST, SENDABLE, SETTINGS, TOO_LONG, entries, entry
from tests.sids import conversation_sid

FOREIGN = "is damaged: its tables are not those of a ledger, or something was added to them"
Look = Callable[[Path], Coroutine[None, None, None]]


async def make(path: Path) -> None:
    """Make a ledger of four created rows that owe a message, one unknown row and an invalid one."""
    async with open_sqlite_ledger(path, SETTINGS, version="1", synchronous="OFF") as ledger:
        await ledger.plan([*entries("abcde"), entry(6, "f", "f", TOO_LONG)], INPUT)
        await ledger.set_notes(asked='{"rate": "4/s"}')
        await ledger.start_run(SENDABLE)
        for claim in await ledger.claim(100):
            await ledger.begin(claim.id, f"wc-{claim.key}", owes_message=True)
            result = structs.replace(CREATED, conversation_sid=conversation_sid(claim.row))
            is_lost = claim.key == "e"
            await ledger.settle(
                claim.id, Status.UNKNOWN if is_lost else Status.CREATED, LOST if is_lost else result
            )
        await ledger.finish_run(0)


@pytest.fixture
def made(path: Path) -> Path:
    """Give a ledger as a run leaves it."""
    asyncio.run(make(path))
    return path


async def read(path: Path) -> None:
    """Read all there is to read."""
    with open_sqlite_reader(path) as reader:
        reader.counts()
        reader.fingerprints()
        list(reader.results())
        list(reader.statuses())
        list(reader.created())
        list(reader.invalid())
        reader.error_counts()
        reader.orphans()
        reader.shared()
        load_job("job", reader)


async def write(path: Path) -> None:
    """Ask everything that a run, a look-up and a clean-up ask."""
    async with open_sqlite_ledger(path, SETTINGS, version="1", synchronous="OFF") as ledger:
        await ledger.counts()
        await ledger.planned_inputs()
        await ledger.recover()
        await ledger.start_run((*SENDABLE, Status.UNKNOWN), messages=(MessageStatus.PENDING,))
        while await ledger.claim(10):
            pass
        await ledger.unknown(0, 10)
        await ledger.latest_created(by_identity=True)
        await ledger.trusts_identities()
        await ledger.assigned_conversations([conversation_sid(1)])
        await ledger.messages.counts()
        await ledger.messages.unknown(0, 10)
        close_ledger = ledger.closing(deletes=False)
        await close_ledger.require_sids()
        await close_ledger.counts()
        await close_ledger.left(0, 10)


def change(path: Path, *statements: str) -> None:
    """Do to a ledger what somebody with a shell can."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def refusal_of(look: Look, path: Path) -> LedgerError:
    """Return the error that a look ends with."""
    with pytest.raises(LedgerError) as refusal:
        asyncio.run(look(path))
    assert refusal.value.cure
    return refusal.value


both = pytest.mark.parametrize("look", [read, write])

ADDED = (
    "CREATE TRIGGER extra AFTER UPDATE ON rows BEGIN SELECT 1; END",
    "CREATE VIEW extra AS SELECT 1",
    "CREATE TABLE extra (id)",
    "CREATE INDEX extra ON rows (status)",
    "CREATE VIRTUAL TABLE extra USING fts5 (text)",
    "ALTER TABLE attempts ADD COLUMN extra TEXT AS (abs(id))",
    "DROP VIEW results",
    "DROP INDEX rows_by_key",
)


@both
def test_a_ledger_has_its_own_tables_and_nothing_else(made: Path, look: Look) -> None:
    """What else stands in a schema would be run when the tables are used, so it is refused before they are."""
    for number, statement in enumerate(ADDED):
        copy = made.with_name(f"{number}.ledger")
        copy.write_bytes(made.read_bytes())
        change(copy, statement)

        assert refusal_of(look, copy).message == f"{copy} {FOREIGN}"


@both
def test_a_view_of_another_making_is_refused(made: Path, look: Look) -> None:
    """The view is compared word for word; one that never ends is not even begun."""
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS row FROM n"
    change(made, "DROP VIEW results", f"CREATE VIEW results AS {endless}")

    assert refusal_of(look, made).message == f"{made} {FOREIGN}"


async def test_the_statistics_of_a_shell_do_no_harm(path: Path) -> None:
    """``ANALYZE`` leaves a table of figures behind, with which a ledger goes on."""
    await make(path)
    change(path, "ANALYZE")

    await read(path)
    await write(path)


ODD = (
    "UPDATE rows SET status = 'other' WHERE id = 1",
    "UPDATE rows SET status = x'ff' WHERE id = 1",
    "UPDATE rows SET key = x'ff00' WHERE id = 1",
    "UPDATE rows SET key = CAST(x'ff41' AS TEXT) WHERE id = 1",
    "UPDATE rows SET digest = 'text', status = 'pending' WHERE id = 1",
    "UPDATE attempts SET ended = 'text' WHERE id = 1",
    "UPDATE attempts SET ended = 9e999 WHERE id = 1",
    "UPDATE attempts SET due = -1e300 WHERE id = 1",
    "UPDATE attempts SET class = 'other' WHERE id = 1",
    "UPDATE attempts SET number = 'text' WHERE id = 1",
    "UPDATE attempts SET identity = x'00', http_status = 'text' WHERE id = 1",
    "UPDATE attempts SET error = zeroblob(17 << 20) WHERE id = 1",
    "UPDATE attempts SET may_leave_orphan = 1, error_code = NULL WHERE id = 1",
    "UPDATE plan SET line = 'text' WHERE row = 1",
    "UPDATE sources SET size = 'text'",
    "UPDATE sources SET name = 'a' || char(0) || 'b'",
    "UPDATE runs SET started = 'text'",
    "UPDATE runs SET exit_code = -9223372036854775808",
    "UPDATE invalid SET key = x'00'",
    "UPDATE problems SET reason = x'00'",
    "UPDATE manifest SET value = x'00' WHERE name = 'settings'",
    "UPDATE manifest SET value = 'not JSON' WHERE name = 'settings'",
    "UPDATE manifest SET value = '[1]' WHERE name = 'settings'",
    "UPDATE manifest SET value = '{\"account\": 1}' WHERE name = 'settings'",
    "UPDATE manifest SET value = '[' || replace(hex(zeroblob(100000)), '0', '[') WHERE name = 'settings'",
    "UPDATE manifest SET value = 'yesterday' WHERE name = 'created_at'",
    "DELETE FROM manifest WHERE name = 'job_id'",
    "UPDATE notes SET value = 'not JSON' WHERE name = 'asked'",
    (
        "INSERT INTO plan SELECT 9 + row, 1, 0, 1, 1, NULL FROM plan; "
        "UPDATE attempts SET may_leave_orphan=1, error_code=''"
    ),
)


def outcome_of(look: Look, path: Path) -> str:
    """Return how a look ends: the message of its error, or nothing."""
    try:
        asyncio.run(look(path))
    except LedgerError as error:
        return error.message
    return ""


def test_what_no_run_writes_is_refused_when_it_is_read(made: Path) -> None:
    """Types, numbers, words and sizes are checked before anything is made of them; no value is repeated."""
    for number, statement in enumerate(ODD):
        told = []
        for look in (read, write):
            copy = made.with_name(f"{number}-{look.__name__}.ledger")
            copy.write_bytes(made.read_bytes())
            change(copy, *statement.split(";"))
            told.append(outcome_of(look, copy).replace(str(copy), "it"))

        assert set(told) <= {"it is damaged", ""}, statement
        assert any(told), statement


ODD_SIDS = (
    "'../../v1/Services'",
    "'CH1'",
    f"'{conversation_sid(1)}' || char(0) || '/..'",
    f"'{conversation_sid(1)}/..'",
    f"CAST('{conversation_sid(1)}' AS BLOB)",
    "NULL",
)


@both
@pytest.mark.parametrize("odd", ODD_SIDS)
def test_a_conversation_that_is_named_by_no_sid_is_told_with_its_row(made: Path, look: Look, odd: str) -> None:
    """Row and cure are named before any conversation is handed out, and the text itself is not."""
    change(made, f"UPDATE attempts SET conversation_sid = {odd} WHERE row_id = 3")  # noqa: S608 - our own texts

    error = refusal_of(look, made)

    told = f"{made}: row 3 is created, but its conversation_sid is not a SID (CH and 32 hexadecimal digits)"
    assert error.message in {told, f"{made} is damaged"}
    assert error.message == told or look is read or "char(0)" in odd


@pytest.mark.parametrize("table", ["rows", "attempts", "runs"])
def test_a_ledger_whose_numbers_run_out_is_not_written(made: Path, table: str) -> None:
    """SQLite would go on with numbers at random, and one line would stand for another."""
    change(made, f"UPDATE {table} SET id = 9223372036854775807 WHERE id = 1")  # noqa: S608 - our own tables

    assert refusal_of(write, made).message == f"{made} is damaged"


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_ends_with_anything_but_our_error(made: Path, seed: int) -> None:
    """Bytes are overwritten at random places; most often that is noticed, and never by another exception."""
    dice = random.Random(seed)
    whole = made.read_bytes()
    refused = 0
    for number in range(15):
        content = bytearray(whole)
        for _ in range(dice.choice((1, 8, 64))):
            content[dice.randrange(len(content))] = dice.randrange(256)
        for look in (read, write):
            copy = made.with_name(f"{number}-{look.__name__}.ledger")
            copy.write_bytes(content)
            try:
                asyncio.run(look(copy))
            except ProvisionerError:
                refused += 1

    assert refused


class Alarm(BaseException):
    """What the handler of a signal raises."""


def test_a_signal_ends_a_question_that_takes_long(path: Path) -> None:
    """SQLite is interrupted, and what the signal's handler raised is raised, whatever it is."""

    def raise_alarm(*_: object) -> None:
        raise Alarm

    before = signal.signal(signal.SIGALRM, raise_alarm)
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            signals = QuerySignals(connection)
            for _ in range(2):
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                with pytest.raises(Alarm), signals.raised_after():
                    connection.execute(
                        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
                    ).fetchone()
            with signals.raised_after():
                assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_text_that_is_none_is_not_repeated(made: Path) -> None:
    """SQLite's binding quotes a text that is not UTF-8, which may be a customer's key."""
    change(made, "UPDATE rows SET key = CAST(x'416e61ff' AS TEXT) WHERE id = 1")

    assert not re.search("Ana", refusal_of(read, made).message.removeprefix(str(made)))


def test_an_answer_that_is_left_open_is_no_trouble_once_the_ledger_is_closed(made: Path) -> None:
    """Whoever fails in the middle of it is told of that, and of nothing else."""
    with open_sqlite_reader(made) as reader:
        begun: list[Any] = [reader.results(), reader.created()]
        for answer in begun:
            next(answer)

    for answer in begun:
        answer.close()  # as the garbage collector does
