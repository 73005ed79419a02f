"""First messages in the ledger: owed from the intent on, recorded like creations, unknown after a crash."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger.sqlite import queries, schema
from provisioner.ledger.sqlite.ledger import SqliteLedger, open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from provisioner.models import AttemptResult, Claim, MessageCounts, MessageStatus, Result, Status, UnknownMessage
from tests.ledger_samples import (
    CREATED,
    INPUT,
    LOST,
    POSTED,
    REFUSED,
    SETTINGS,
    THROTTLED,
    claim_all,
    digest_of,
    entries,
    entry,
    query,
)

WAITING = (MessageStatus.PENDING, MessageStatus.UNSENT)
SID, IDENTITY = CREATED.conversation_sid, CREATED.identity
ENDS = {
    MessageStatus.POSTED: POSTED,
    MessageStatus.REJECTED: structs.replace(REFUSED, error="the conversation is closed", error_code="50377"),
    MessageStatus.UNKNOWN: LOST,
    MessageStatus.UNSENT: THROTTLED,
    MessageStatus.PENDING: THROTTLED,
}
SCHEMA_1 = Path(queries.__file__).with_name("schema_1.sql")


async def plan(ledger: SqliteLedger, keys: str = "a") -> None:
    """Plan one row for each letter."""
    await ledger.plan(entries(keys), INPUT)


async def create(ledger: SqliteLedger, claim: Claim, result: AttemptResult = CREATED) -> None:
    """Create a row that asks for a message."""
    await ledger.begin(claim.id, owes_message=True)
    await ledger.settle(claim.id, Status.CREATED, result)


async def post(ledger: SqliteLedger, claim: Claim, *ends: MessageStatus) -> None:
    """Make one attempt after the other; ``IN_FLIGHT`` is one that does not end."""
    for end in ends:
        await ledger.messages.begin(claim.id)
        if end is not MessageStatus.IN_FLIGHT:
            await ledger.messages.settle(claim.id, end, ENDS[end])


def results_of(path: Path) -> list[Result]:
    """Read the results."""
    with open_sqlite_reader(path) as reader:
        return list(reader.results())


def told(result: Result) -> tuple[str, str | None, str | None, str | None]:
    """Return what a result tells of its message."""
    return result.status, result.message_sid, result.error_code, result.error


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (MessageStatus.POSTED, (POSTED.message_sid, None, None)),
        (MessageStatus.REJECTED, (None, "message_rejected", "first message: the conversation is closed (50377)")),
        (MessageStatus.UNKNOWN, (None, "message_unknown", "first message: no answer in 30 s (timeout)")),
        (MessageStatus.UNSENT, (None, "message_unsent", "first message: the limit of 5 a second (45780)")),
        (
            MessageStatus.PENDING,
            (None, "message_unsent", "the first message is not posted yet: the same command posts it"),
        ),
        (
            MessageStatus.IN_FLIGHT,
            (None, "message_unknown", "the first message may have been posted, and no answer was recorded"),
        ),
    ],
)
async def test_a_row_stays_created_whatever_becomes_of_its_message(
    path: Path, end: MessageStatus, expected: tuple[str | None, ...]
) -> None:
    """The results tell the message's SID, or in error code and error what is the matter with it."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger)
        (claim,) = await claim_all(ledger)
        await create(ledger, claim)
        await post(ledger, claim, end)
        counts = await ledger.messages.counts()
        (result,) = results_of(path)

    assert told(result) == ("created", *expected)
    assert (result.conversation_sid, result.attempts, result.http_status) == (SID, 1, 201)
    assert counts == MessageCounts(**{end.value: 1})
    assert counts.total == 1


async def test_a_note_on_the_creation_is_told_behind_the_message(path: Path) -> None:
    """What reconciling had to say is not lost where the message has its own trouble."""
    found = structs.replace(CREATED, error_code="duplicate", error="there are others")
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger)
        (claim,) = await claim_all(ledger)
        await create(ledger, claim, found)
        await post(ledger, claim, MessageStatus.UNSENT)
        (unsent,) = results_of(path)
        await post(ledger, claim, MessageStatus.POSTED)
        (posted,) = results_of(path)

    assert unsent.error == "first message: the limit of 5 a second (45780); there are others"
    assert (posted.error_code, posted.error) == ("duplicate", "there are others")


async def test_a_message_is_owed_from_the_intent_on(path: Path) -> None:
    """A row whose creation is found out later still gets its message; one that is not created is owed none."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger, "abc")
        found, refused, silent = await claim_all(ledger)
        for claim in (found, refused):
            await ledger.begin(claim.id, owes_message=True)
        await ledger.settle(found.id, Status.UNKNOWN, LOST)
        await ledger.settle(refused.id, Status.REJECTED, REFUSED)
        await ledger.begin(silent.id)
        await ledger.settle(silent.id, Status.CREATED, CREATED)
        before = await ledger.messages.counts()
        await ledger.resolve(found.id, Status.CREATED, CREATED)
        after = await ledger.messages.counts()
        await ledger.start_run((), messages=WAITING)
        claims = await ledger.claim(10)

    assert (before, after) == (MessageCounts(), MessageCounts(pending=1))
    assert [(claim.row, claim.conversation_sid, claim.identity) for claim in claims] == [(1, SID, IDENTITY)]


async def test_created_rows_are_handed_out_for_what_their_message_waits_for(path: Path) -> None:
    """A claim of a created row names its conversation and guest; the counts tell both kinds apart."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger, "abcdefg")
        posted, unsent, rejected, unknown, waiting, *_ = await claim_all(ledger)
        for claim, end in (
            (posted, MessageStatus.POSTED),
            (unsent, MessageStatus.UNSENT),
            (rejected, MessageStatus.REJECTED),
            (unknown, MessageStatus.UNKNOWN),
        ):
            await create(ledger, claim)
            await post(ledger, claim, end)
        await create(ledger, waiting)
        await ledger.start_run((Status.PENDING,), messages=WAITING)
        numbers = await ledger.to_send(), await ledger.to_post()
        claims = await ledger.claim(2)
        left = await ledger.to_send(), await ledger.to_post()
        await ledger.start_run((Status.PENDING,), messages=WAITING, limit=3)
        limited = await ledger.to_send(), await ledger.to_post()
        await ledger.start_run((), messages=(MessageStatus.REJECTED,))
        retried = await ledger.claim(10)

    assert (numbers, left, limited) == ((2, 2), (2, 0), (1, 2))
    assert [claim.row for claim in claims] == [2, 5]
    assert [claim.row for claim in retried] == [3]
    assert claims[0] == Claim(unsent.id, 2, "b", digest_of("b"), SID, IDENTITY, owed="message")


async def test_attempts_at_a_message_are_numbered_and_timed_by_themselves(path: Path) -> None:
    """Requests count from 1 apart from those that created the row; looks count for nothing."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger)
        (claim,) = await claim_all(ledger)
        await create(ledger, claim)
        await post(ledger, claim, MessageStatus.PENDING, MessageStatus.UNKNOWN)
        await ledger.messages.resolve(claim.id, MessageStatus.PENDING, LOST)
        await post(ledger, claim, MessageStatus.POSTED)

    lines = query(path, "SELECT step, number, class, due, sent, ended, message_sid FROM attempts ORDER BY id")
    assert lines == [
        ("create", 1, "created", CREATED.due, CREATED.sent, CREATED.ended, None),
        ("message", 1, "not_processed", 1.0, 1.5, 2.0, None),
        ("message", 2, "maybe", 1.0, 1.5, 31.5, None),
        ("message_lookup", 2, "maybe", 1.0, 1.5, 31.5, None),
        ("message", 3, "created", POSTED.due, POSTED.sent, POSTED.ended, POSTED.message_sid),
    ]


async def test_a_message_in_flight_is_unknown_after_a_crash(path: Path) -> None:
    """The row stays created, an attempt says what happened, and rows in flight are recovered beside it."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger, "abc")
        posting, creating, waiting = await claim_all(ledger)
        for claim in (posting, waiting):
            await create(ledger, claim)
        await post(ledger, posting, MessageStatus.PENDING, MessageStatus.IN_FLIGHT)
        await ledger.begin(creating.id, owes_message=True)
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        recovered = await ledger.recover()
        again = await ledger.recover()
        counts = await ledger.messages.counts()
        statuses = [result.status for result in results_of(path)]

    assert (recovered, again) == (2, 0)
    assert statuses == ["created", "unknown", "created"]
    assert counts == MessageCounts(unknown=1, pending=1)
    interrupted = (
        "SELECT step, number, class, error_code FROM attempts WHERE error_code = 'interrupted' ORDER BY id"
    )
    assert query(path, interrupted) == [
        ("create", 1, "maybe", "interrupted"),
        ("message", 2, "maybe", "interrupted"),
    ]


async def test_messages_in_doubt_tell_what_looking_needs(path: Path) -> None:
    """Where, by whom, whether Twilio had answered 201, whether the input is as sent, and who shares the chat."""
    confirmed = structs.replace(LOST, http_status=201)
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await plan(ledger, "abcd")
        plain, seen, changed, _ = await claim_all(ledger)
        for claim in (plain, seen, changed):
            await create(ledger, claim)
            await ledger.messages.begin(claim.id)
            result = confirmed if claim is seen else LOST
            await ledger.messages.settle(claim.id, MessageStatus.UNKNOWN, result)
        rows = [entry(1, "a"), entry(2, "b"), entry(3, "c", "other"), entry(4, "d")]
        await ledger.plan(rows, INPUT)
        first = await ledger.messages.unknown(0, 2)
        rest = await ledger.messages.unknown(2, 2)
        await ledger.plan(entries("abcd"), INPUT)
        (as_it_was,) = await ledger.messages.unknown(2, 2)

    assert [*first, *rest] == [
        UnknownMessage(claim=structs.replace(plain, conversation_sid=SID, identity=IDENTITY), is_shared=True),
        UnknownMessage(
            claim=structs.replace(seen, conversation_sid=SID, identity=IDENTITY), is_confirmed=True, is_shared=True
        ),
        UnknownMessage(
            claim=structs.replace(changed, digest=digest_of("other"), conversation_sid=SID, identity=IDENTITY),
            is_comparable=False,
            is_shared=True,
        ),
    ]
    assert as_it_was.is_comparable


def make_version_1(path: Path) -> None:
    """Write a ledger as version 1 left it: one row created, one in flight, the second with an attempt before."""
    tables = SCHEMA_1.read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(tables)
        connection.executescript(f"""
            PRAGMA application_id = {0x57435042};
            PRAGMA user_version = 1;
            INSERT INTO manifest VALUES ('job_id', 'ab'), ('settings', '{{"key": "id"}}'),
                ('created_at', '2026-01-02T03:04:05+00:00'), ('created_by', '0.1'), ('planned_at', '1.0');
            INSERT INTO sources VALUES (0, 'customers.csv', 1, 'ff');
            INSERT INTO rows VALUES
                (1, 'a', x'{digest_of("a").hex()}', NULL, 'created', 'pending', 'wc-1', 1, 1),
                (2, 'b', x'{digest_of("b").hex()}', NULL, 'in_flight', 'pending', 'wc-2', 1, NULL);
            INSERT INTO plan VALUES (1, 2, 0, 1, 1), (2, 3, 0, 2, 1);
            INSERT INTO runs VALUES (1, 'r', 1.0, NULL, NULL, '0.1', 1);
            INSERT INTO attempts VALUES
                (1, 1, 1, 'create', 1, 'created', 1.0, 1.5, 2.0, 201, NULL, NULL, '{SID}', 'wc-1', NULL, NULL, 0);
        """)  # noqa: S608 - our own values


async def test_a_ledger_of_version_1_is_read_as_it_is(path: Path) -> None:
    """Looking changes nothing of it, and everything that was there is shown."""
    make_version_1(path)

    first, second = results_of(path)
    with open_sqlite_reader(path) as reader:
        counts = reader.message_counts()

    assert told(first) == ("created", None, None, None)
    assert (second.status, second.error_code) == ("unknown", "interrupted")
    assert counts == MessageCounts()
    assert query(path, "PRAGMA user_version") == [(1,)]


async def test_a_ledger_of_version_1_is_brought_up_to_date(path: Path) -> None:
    """A run that writes it gives it what the current version has; what was created before asks for no message."""
    make_version_1(path)
    before = results_of(path)

    async with open_sqlite_ledger(path, {"key": "id"}, version="2") as ledger:
        migrated = results_of(path)
        await ledger.recover()
        await ledger.start_run((), messages=WAITING)
        claims = await ledger.claim(10)

    assert migrated == before
    assert not claims
    assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    fresh = path.with_name("fresh.ledger")
    async with open_sqlite_ledger(fresh, SETTINGS, version="2") as ledger:
        await ledger.start_run(())
    tables = [name for name, text in queries.load_queries("schema").items() if "CREATE TABLE" in text]
    for table in tables:
        columns = f"SELECT name, type FROM pragma_table_info('{table}') ORDER BY name"  # noqa: S608 - our own tables
        assert query(path, columns) == query(fresh, columns)
    view = "SELECT sql FROM sqlite_master WHERE name = 'results'"
    assert query(path, view) == query(fresh, view)


def test_a_migration_happens_wholly_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off in its middle, it leaves version 1."""
    make_version_1(path)
    monkeypatch.setitem(schema._STEPS, 2, ("add_message", "add_message"))
    before = query(path, "SELECT sql FROM sqlite_master ORDER BY name")

    async def write() -> None:
        async with open_sqlite_ledger(path, {"key": "id"}, version="2"):
            pass

    with pytest.raises(Exception, match="duplicate column"):
        asyncio.run(write())

    assert query(path, "SELECT sql FROM sqlite_master ORDER BY name") == before
    assert query(path, "PRAGMA user_version") == [(1,)]
