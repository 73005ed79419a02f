"""Versions of the schema: what a migration changes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import structs

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from provisioner.models import PlanEntry, Problem, Status
from tests.ledger_samples import CREATED, INPUT, NO_SID, TOO_LONG, digest_of, entry, query

SETTINGS = {"key": "id"}
SIDS = [f"CH{row:032x}" for row in range(1, 5)]


def make_version(path: Path, version: int, *, has_closures: bool = True) -> None:
    """Write a ledger as an older version left it: one row closed, one gone, two with one conversation."""
    named = [*SIDS[:3], SIDS[2]]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in queries.load_queries(f"schema_{version}").values():
            connection.execute(statement)
        connection.executescript(f"""
            PRAGMA application_id = {0x57435042};
            PRAGMA user_version = {version};
            INSERT INTO manifest VALUES ('job_id', 'ab'), ('settings', '{{"key": "id"}}'),
                ('created_at', '2026-01-02T03:04:05+00:00'), ('created_by', '0.1'), ('planned_at', '1.0');
            INSERT INTO sources VALUES (0, 'customers.csv', 1, 'ff');
        """)  # noqa: S608 - our own values
        for row, sid in enumerate(named, start=1):
            connection.execute(
                "INSERT INTO rows (id, key, digest, status, attempts, last_attempt) "
                "VALUES (?, ?, ?, 'created', 1, ?)",
                (row, str(row), digest_of(str(row)), row),
            )
            connection.execute(
                "INSERT INTO plan (row, line, source, row_id, is_valid) VALUES (?, ?, 0, ?, 1)",
                (row, row + 1, row),
            )
            connection.execute(
                "INSERT INTO attempts (id, row_id, number, class, ended, conversation_sid) "
                "VALUES (?, ?, 1, 'created', 2.0, ?)",
                (row, row, sid),
            )
        if has_closures:
            connection.execute(
                "INSERT INTO closures (row_id, state, last_attempt) VALUES (1, 'closed', 1), (2, 'gone', 2)"
            )


async def test_what_version_2_held_as_gone_is_asked_again(tmp_path: Path) -> None:
    """Its word rested on any 404; reading changes nothing, and everything else is as it was."""
    path = tmp_path / "job.ledger"
    make_version(path, 2)
    with open_sqlite_reader(path) as reader:
        before = list(reader.results())
    assert query(path, "PRAGMA user_version") == [(2,)]

    async with open_sqlite_ledger(path, SETTINGS, version="3") as ledger:
        left = [each.id for each in await ledger.closing(deletes=False).left(0, 10)]
    with open_sqlite_reader(path) as reader:
        after = list(reader.results())

    assert left == [2, 3, 4]
    assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert query(path, "SELECT state FROM closures ORDER BY row_id") == [("closed",), ("maybe",)]
    assert after == before
    assert {each.status for each in after} == {Status.CREATED}


def entry_in(account: str, row: int, key: str, *problems: Problem) -> PlanEntry:
    """Return the plan entry of a row in an account."""
    return structs.replace(entry(row, key, None, *problems), account=account)


NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"


async def test_each_row_keeps_its_account(tmp_path: Path) -> None:
    """A first plan and a later one store it, also of an invalid row and of one that left the input."""
    path = tmp_path / "job.ledger"
    first = [entry_in(NORTH, 1, "n|1"), entry_in(SOUTH, 2, "s|1"), entry_in(SOUTH, 3, "s|2", TOO_LONG)]
    later = [entry_in(SOUTH, 1, "s|1"), entry_in("", 2, "", NO_SID), entry_in(NORTH, 3, "n|2"), first[2]]
    told = "SELECT key, account_sid FROM results ORDER BY row"

    async with open_sqlite_ledger(path, SETTINGS, version="5") as ledger:
        await ledger.plan(first, INPUT)
        at_first = query(path, told)
        await ledger.plan([*later[:3], structs.replace(later[3], row=4)], INPUT)
        afterwards = query(path, told)

    assert at_first == [("n|1", NORTH), ("s|1", SOUTH), ("s|2", SOUTH)]
    assert afterwards == [("s|1", SOUTH), (None, None), ("n|2", NORTH), ("s|2", SOUTH)]
    assert query(path, "SELECT key, sid FROM rows JOIN accounts ON accounts.id = rows.account ORDER BY key") == [
        ("n|1", NORTH),
        ("n|2", NORTH),
        ("s|1", SOUTH),
    ]


async def test_repeated_keys_keep_their_accounts(tmp_path: Path) -> None:
    """A first plan in which a key is repeated is staged after all; nothing is lost by that."""
    path = tmp_path / "job.ledger"

    async with open_sqlite_ledger(path, SETTINGS, version="5") as ledger:
        await ledger.plan([entry_in(NORTH, 1, "n|1"), entry_in(NORTH, 2, "n|1"), entry_in("", 3, "x")], INPUT)

    assert query(path, "SELECT status, account_sid FROM results ORDER BY row") == [
        ("unsent", NORTH),
        ("invalid", NORTH),
        ("unsent", None),
    ]


async def test_a_ledger_of_version_4_goes_on_without_accounts(tmp_path: Path) -> None:
    """Its job is for one account: reading changes nothing, writing converts it, and no row has an account."""
    path = tmp_path / "job.ledger"
    make_version(path, 4)
    with open_sqlite_reader(path) as reader:
        before = list(reader.results())
    assert query(path, "PRAGMA user_version") == [(4,)]

    async with open_sqlite_ledger(path, SETTINGS, version="5"):
        pass
    with open_sqlite_reader(path) as reader:
        after = list(reader.results())

    assert query(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert after == before
    assert query(path, "SELECT DISTINCT account_sid FROM results") == [(None,)]


async def test_a_conversation_of_an_older_ledger_is_known_without_its_index(tmp_path: Path) -> None:
    """Whether a run finds a conversation that a row has already does not rest on an index in the file."""
    for version in (1, 3, 5):
        path = tmp_path / f"{version}.ledger"
        make_version(path, version, has_closures=version > 1)

        async with open_sqlite_ledger(path, SETTINGS, version="6") as ledger:
            await ledger.plan([entry(1, "new")], INPUT)
            await ledger.start_run([Status.PENDING])
            (claim,) = await ledger.claim(10)
            await ledger.begin(claim.id)
            named_again = structs.replace(CREATED, conversation_sid=SIDS[1])
            shared = await ledger.settle_created(claim.id, named_again, may_share=False)
            taken = await ledger.assigned_conversations([SIDS[0], f"CH{99:032x}"])

        assert shared is not None
        assert shared.status is Status.UNKNOWN
        assert taken == {SIDS[0]}
        assert query(path, "SELECT name FROM sqlite_master WHERE name = 'attempts_by_conversation'") == []


async def test_guests_of_older_ledgers_can_be_deleted(tmp_path: Path) -> None:
    """A closed conversation of a job from before ``--delete-users`` has its guest left, and what becomes of it."""
    for version in (2, 3):
        path = tmp_path / f"{version}.ledger"
        make_version(path, version)

        async with open_sqlite_ledger(path, SETTINGS, version="4") as ledger:
            guests = ledger.closing(deletes=False).guests
            left = [each.sid for each in await guests.left(0, 10)]
            await guests.begin(1)

        assert left[0] == SIDS[0]
        assert query(path, "SELECT row_id, state, in_flight FROM users") == [(1, None, 1)]


async def test_a_migrated_ledger_remembers_which_fields_its_job_knows(tmp_path: Path) -> None:
    """Columns named after fields of later versions fill nothing in such a job, before and after its migration."""
    new = tmp_path / "new.ledger"
    async with open_sqlite_ledger(new, SETTINGS, version="4") as ledger:
        assert not ledger.manifest.lacks_later_fields
    for version in (2, 3):
        path = tmp_path / f"{version}.ledger"
        make_version(path, version)
        for _ in range(2):
            with open_sqlite_reader(path) as reader:
                assert reader.manifest.lacks_later_fields
            async with open_sqlite_ledger(path, SETTINGS, version="4") as ledger:
                assert ledger.manifest.lacks_later_fields
