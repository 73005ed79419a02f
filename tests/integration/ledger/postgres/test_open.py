"""What is refused before anything is written, and which rights a user needs."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import LedgerError, ProvisionerError, UsageError
from provisioner.ledger import Ledger, LedgerLocation, open_ledger, open_reader
from provisioner.ledger.open import rebuild_ledger
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.sharing import RunEnd
from provisioner.ledger.sql_files import read_statements
from provisioner.models import Counts
from tests.contract.ledger_kinds import PostgresKind
from tests.ledger_samples import INPUT, SETTINGS, claim_all, entries
from tests.postgres_server import address_of_session, query_postgres
from tests.shared_runs import spec

KIND = PostgresKind()


def named(user: str, job: str) -> LedgerLocation:
    """Return the address of a job for a user."""
    return LedgerLocation(address_of_session().replace("//postgres@", f"//{user}:pw-1@") + f"&job={job}")


def administer(*statements: str) -> None:
    """Execute statements as the owner of the database."""
    for statement in statements:
        query_postgres(address_of_session(), statement)


async def refusal_of(location: LedgerLocation) -> str:
    """Return what is said to the user when this ledger is opened, empty when it can be."""
    try:
        async with open_ledger(location, SETTINGS, version="1") as ledger:
            await ledger.plan(entries("a"), INPUT)
    except ProvisionerError as error:
        return f"{error.message} | {error.cure}"
    return ""


@pytest.fixture
def user(tmp_path: Path) -> Iterator[str]:
    """Create a user without any right but that of everybody, and drop it with all that it owns."""
    name = f"user_{hashlib.blake2b(str(tmp_path).encode(), digest_size=6).hexdigest()}"
    administer(f"CREATE ROLE {name} LOGIN")
    yield name
    administer(f"DROP OWNED BY {name} CASCADE", f"DROP ROLE {name}")


async def test_what_is_wrong_with_a_server_is_told_without_the_password(user: str) -> None:
    """No server, no such database, a user who is not known, a server that writes nothing."""
    administer(f"ALTER ROLE {user} SET default_transaction_read_only = on")
    told = {
        "cannot be reached": LedgerLocation("postgresql://ada:pw-1@127.0.0.1:1/jobs?job=a"),
        "no such database": LedgerLocation(str(KIND.location(Path("a"))).replace("@/postgres", ":pw-1@/nothing")),
        "refuses this user": named("nobody_at_all", "a"),
        "is read-only": named(user, "a"),
    }

    for what, location in told.items():
        refusal = await refusal_of(location)

        assert what in refusal, refusal
        assert "pw-1" not in refusal


async def test_a_user_may_create_a_schema_or_be_given_one(user: str, tmp_path: Path) -> None:
    """Without either, the right is named; with either, nothing else is needed."""
    without = await refusal_of(named(user, tmp_path.name))
    administer(f'CREATE SCHEMA "provisioner_given-{tmp_path.name}" AUTHORIZATION {user}')
    given = await refusal_of(named(user, f"given-{tmp_path.name}"))
    administer(f"GRANT CREATE ON DATABASE postgres TO {user}")
    created = await refusal_of(named(user, tmp_path.name))

    assert "lacks a right" in without
    assert "CREATE" in without
    assert (given, created) == ("", "")


async def test_whoever_only_looks_needs_the_right_to_read(user: str, tmp_path: Path) -> None:
    """Without it, that is said; with it, nothing can be written."""
    location, schema = named(user, tmp_path.name), f"provisioner_{tmp_path.name}"
    assert await refusal_of(named("postgres", tmp_path.name)) == ""
    with pytest.raises(LedgerError, match="lacks a right"), open_reader(location):
        pass
    administer(
        f'GRANT USAGE ON SCHEMA "{schema}" TO {user}', f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO {user}'
    )
    with open_reader(location) as reader:
        counts, results = reader.counts(), list(reader.results())

    assert (counts, len(results)) == (Counts(input=1, pending=1), 1)
    assert "lacks a right" in await refusal_of(location)


async def test_commits_are_durable_whatever_the_server_is_set_to(user: str) -> None:
    """A session that would not wait for the disk is made to; a stricter one is left as it is."""
    found = {}
    for setting in ("off", "local", "on", "remote_apply"):
        administer(f"ALTER ROLE {user} SET synchronous_commit = {setting}")
        connection = await open_connection(named(user, "a").postgres_address())
        found[setting] = await connection.fetchval("SHOW synchronous_commit")
        connection.terminate()
    await asyncio.sleep(0)

    assert found == {"off": "on", "local": "on", "on": "on", "remote_apply": "remote_apply"}


async def test_the_schema_of_another_program_or_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Nothing is created in it, and nothing is read."""
    foreign, newer = LedgerLocation(f"{address_of_session()}&job=foreign"), KIND.location(tmp_path)
    administer('CREATE SCHEMA "provisioner_foreign"', 'CREATE TABLE "provisioner_foreign".things (id integer)')
    assert await refusal_of(newer) == ""
    query_postgres(
        address_of_session(), "INSERT INTO versions VALUES (99, '9')", schema=newer.postgres_address().schema
    )

    assert "is not a ledger of this program" in await refusal_of(foreign)
    assert "newer version" in await refusal_of(newer)
    for location in (foreign, newer):
        with pytest.raises(LedgerError), open_reader(location):
            pass


BACK_TO_VERSION_1 = (
    "DROP VIEW results",
    "ALTER TABLE rows DROP COLUMN account",
    "ALTER TABLE plan DROP COLUMN account",
    "DROP FUNCTION next_rows, next_owing_rows, cut_shards, take_shard, is_settled, close_shards, give_back",
    "DROP FUNCTION take_look_up, open_sweep, pass_canary, end_run",
    "DROP TABLE account_runs",
    (
        "ALTER TABLE shared_runs ADD row_limit bigint, ADD to_send bigint, ADD sweep integer, "
        "ADD statuses text[], ADD message_statuses text[], ADD settings_statuses text[], "
        "ADD canary_passed boolean, ADD looker bigint, "
        "ADD ended text"
    ),
    (
        "INSERT INTO shared_runs VALUES "
        "(1, 1, '{}', 30, 30, false, NULL, 2, 1, '{pending}', '{}', '{}', true, NULL, '{}')"
    ),
    "ALTER TABLE shards DROP COLUMN account, ADD PRIMARY KEY (generation, sweep, number)",
    "CREATE INDEX open_shards ON shards (generation, sweep, number) WHERE NOT is_done",
    *(
        f"CREATE FUNCTION {signature} RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'"
        for signature in (
            "next_rows(bigint, text[], bigint)",
            "next_owing_rows(bigint, text[], text[], text[], bigint)",
            "cut_shards(integer, integer, text[], text[], text[], bigint, integer)",
            "take_shard(bigint, integer, integer)",
            "is_settled(bigint[], shared_runs)",
            "close_shards(bigint, integer)",
            "give_back(bigint)",
            "take_look_up(bigint, integer)",
            "open_sweep(bigint, integer, integer, text[], text[], text[])",
            "pass_canary(bigint, integer)",
            "end_run(bigint, integer, text)",
        )
    ),
    "DROP TABLE accounts",
    "DELETE FROM versions WHERE version > 1",
    "INSERT INTO versions VALUES (1, '1') ON CONFLICT DO NOTHING",
)
RESULTS_OF_VERSION_1 = (
    read_statements("provisioner.ledger.postgres", "schema")["results"]
    .replace(",\n    accounts.sid AS account_sid", "")
    .replace("\nLEFT JOIN accounts ON accounts.id = plan.account", "")
)


async def test_a_ledger_of_version_1_is_read_as_it_is_and_goes_on(tmp_path: Path) -> None:
    """It has no accounts; the next run that opens it adds them, and all of its rows are as they were."""
    location = KIND.location(tmp_path)
    schema = location.postgres_address().schema
    async with open_ledger(location, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), INPUT)
    for statement in (*BACK_TO_VERSION_1, RESULTS_OF_VERSION_1):
        query_postgres(address_of_session(), statement, schema=schema)
    with open_reader(location) as reader:
        before, accounts = list(reader.results()), reader.account_counts()

    async with open_ledger(location, SETTINGS, version="2") as ledger:
        counts = await ledger.counts()
        claims = await claim_all(ledger)
        ended = ledger.shared and await ledger.shared.end()
        rows = ledger.shared and await ledger.shared.begin(spec())
    with open_reader(location) as reader:
        after = list(reader.results())

    versions = query_postgres(address_of_session(), "SELECT version FROM versions ORDER BY version", schema=schema)
    assert [*map(tuple, versions)] == [(1,), (2,)]
    assert (accounts, counts, len(claims)) == ({}, Counts(input=2, pending=2), 2)
    assert (ended, rows) == (RunEnd(), 2)
    assert after == before
    told = query_postgres(address_of_session(), "SELECT account_sid FROM results", schema=schema)
    assert [*map(tuple, told)] == [(None,), (None,)]


async def test_a_ledger_that_was_not_used_leaves_no_schema(tmp_path: Path) -> None:
    """It would refuse the corrected command as that of another job; one that was planned is kept."""
    location = KIND.location(tmp_path)
    ledger: Ledger
    assert not location.exists()
    async with open_ledger(location, SETTINGS, version="1"):
        assert location.exists()
    assert not location.exists()
    async with open_ledger(location, {**SETTINGS, "key": "other"}, version="1") as ledger:
        await ledger.plan(entries("a"), INPUT)
    assert location.exists()


def test_a_ledger_in_a_database_is_not_rebuilt(tmp_path: Path) -> None:
    """Its server has backups of its own."""
    with pytest.raises(UsageError, match="is not rebuilt"):
        rebuild_ledger(KIND.location(tmp_path), {}, [], planned=None, version="1", on_rebuilt=print)  # type: ignore[arg-type]
