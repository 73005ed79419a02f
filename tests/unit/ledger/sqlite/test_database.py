"""Files that cannot be used as a ledger: each is refused with a cure, and left as it is."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.errors import ExitCode, LedgerError
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.reader import open_sqlite_reader
from provisioner.ledger.sqlite.schema import SCHEMA_VERSION
from tests.ledger_samples import INPUT, SETTINGS, entries

FOREIGN = "is damaged: its tables are not those of a ledger, or something was added to them"
Opening = Callable[[Path], Coroutine[None, None, None]]


async def plan(path: Path) -> None:
    """Make a ledger."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{row}" for row in range(3_000)), INPUT)


async def write(path: Path) -> None:
    """Open for a run."""
    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        pass


async def read(path: Path) -> None:
    """Open for a look at everything."""
    with open_sqlite_reader(path) as reader:
        reader.counts()
        list(reader.results())


both = pytest.mark.parametrize("opening", [write, read])


@pytest.fixture
def made(path: Path) -> Path:
    """Make a ledger of some size."""
    asyncio.run(plan(path))
    return path


def refusal_of(opening: Opening, path: Path) -> LedgerError:
    """Return the error that opening ends with."""
    with pytest.raises(LedgerError) as refusal:
        asyncio.run(opening(path))
    assert refusal.value.exit_code == ExitCode.USAGE
    assert refusal.value.cure
    return refusal.value


@both
def test_a_file_that_is_no_database_is_refused(path: Path, opening: Opening) -> None:
    """A results file, for one, is left as it is."""
    path.write_text("row,line,source\n" * 100)

    error = refusal_of(opening, path)

    assert error.message == f"{path} is not a ledger"
    assert error.cure == "name another file, or move this one away"
    assert path.read_text() == "row,line,source\n" * 100


@both
def test_a_folder_is_refused(path: Path, opening: Opening) -> None:
    """A folder is not a ledger, and the error says what it is."""
    path.mkdir()

    error = refusal_of(opening, path)

    assert error.message == f"{path} is not a ledger: it is a folder"


@both
@pytest.mark.parametrize("statement", ["CREATE TABLE rows (id)", "PRAGMA application_id = 7"])
def test_the_database_of_another_program_is_refused(path: Path, opening: Opening, statement: str) -> None:
    """Nothing is added to a database that is not ours."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    content = path.read_bytes()

    error = refusal_of(opening, path)

    assert error.message == f"{path} is not a ledger"
    assert path.read_bytes() == content


@both
def test_a_ledger_of_a_newer_version_is_refused(made: Path, opening: Opening) -> None:
    """An older program does not touch what it does not know."""
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA user_version = 99")

    error = refusal_of(opening, made)

    known = f"(schema 99, known is {SCHEMA_VERSION})"
    assert error.message == f"{made} was written by a newer version of this program {known}"
    assert error.cure == "install that version or a later one"


@both
@pytest.mark.parametrize("lost", [1, 512, 4_095, 4_096, 100_000])
def test_a_ledger_that_was_cut_short_is_refused(made: Path, opening: Opening, lost: int) -> None:
    """A copy that was not finished is noticed before anything is sent, wherever it ends."""
    os.truncate(made, made.stat().st_size - lost)

    error = refusal_of(opening, made)

    assert error.message == f"{made} is damaged"
    assert error.cure == "restore it from a copy; without it, the rows it knows would be created again"


def test_a_ledger_with_rubbish_inside_is_refused_when_it_is_read(made: Path) -> None:
    """A page that was overwritten ends a look with our error, not with one of SQLite's."""
    size = made.stat().st_size
    with made.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))

    error = refusal_of(read, made)

    assert error.message == f"{made} is damaged"


@both
def test_a_ledger_with_a_broken_head_is_refused(made: Path, opening: Opening) -> None:
    """Without its first bytes it is not a database."""
    with made.open("r+b") as file:
        file.write(b"\0" * 100)

    error = refusal_of(opening, made)

    assert error.message == f"{made} is not a ledger"


def test_a_ledger_without_its_tables_is_refused(made: Path) -> None:
    """Whoever changed it by hand is told so."""
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("DROP TABLE plan")

    error = refusal_of(read, made)

    assert error.message == f"{made} {FOREIGN}"


def test_a_ledger_to_read_has_to_be_there(path: Path) -> None:
    """A look makes no file."""
    error = refusal_of(read, path)

    assert error.message == f"{path} is not there"
    assert not path.exists()


@both
def test_an_empty_file_is_a_ledger_that_has_lost_everything(path: Path, opening: Opening) -> None:
    """No run leaves one, so filling it might create everything again."""
    path.touch()

    error = refusal_of(opening, path)

    assert error.message == f"{path} is empty"
    assert error.cure == "restore it from a copy; if no job was ever run with it, remove it"
    assert path.stat().st_size == 0


def test_a_database_without_tables_is_refused(path: Path) -> None:
    """A ledger has its tables from the first moment."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")

    error = refusal_of(write, path)

    assert error.message == f"{path} is not a ledger"


def test_a_new_ledger_needs_its_folder(tmp_path: Path) -> None:
    """No folder is made, as a slip of the pen would make it somewhere else."""
    path = tmp_path / "missing" / "job.ledger"

    error = refusal_of(write, path)

    assert error.message == f"{path}: the folder {path.parent} is not there"
    assert not path.parent.exists()


@both
def test_a_ledger_of_somebody_else_is_refused(made: Path, opening: Opening, as_nobody: None) -> None:
    """Without the right to read it, it cannot be used at all."""
    if os.getuid() != 0:
        made.chmod(0)

    error = refusal_of(opening, made)

    assert "cannot be opened for reading and writing" in error.message


def test_a_write_protected_ledger_is_refused_at_once(made: Path, request: pytest.FixtureRequest) -> None:
    """A run does not start with a ledger that would fail at the first row."""
    made.chmod(0o444)
    made.parent.chmod(0o777)
    request.getfixturevalue("as_nobody")

    error = refusal_of(write, made)

    assert "cannot be opened for reading and writing" in error.message


@both
def test_a_write_protected_folder_is_refused(made: Path, opening: Opening, request: pytest.FixtureRequest) -> None:
    """SQLite's log has to be beside the ledger, so even a look needs the folder."""
    made.chmod(0o444)
    made.parent.chmod(0o555)
    request.getfixturevalue("as_nobody")

    error = refusal_of(opening, made)

    assert "cannot be opened for reading and writing" in error.message


def test_a_ledger_in_a_shells_transaction_is_refused(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever keeps it locked is asked to let go, after a while of patience."""
    monkeypatch.setattr("provisioner.ledger.sqlite.connections.PATIENCE_S", 0.01)
    with closing(sqlite3.connect(made, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")

        error = refusal_of(write, made)

    assert error.message == f"{made} is locked by another program"
    asyncio.run(write(made))
