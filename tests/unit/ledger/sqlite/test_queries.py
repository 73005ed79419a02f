"""The SQL of the ledger: every statement is named, explained, valid, and in use."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.conversation_index import create_conversation_index

FILES = (
    "schema",
    "schema_1",
    "schema_2",
    "schema_3",
    "schema_4",
    "schema_5",
    "migrate",
    "plan",
    "run",
    "messages",
    "closures",
    "conversations",
    "history",
    "read",
    "respelt",
    "settings",
    "unsent",
)
FOLDER = Path(queries.__file__).parent
STATEMENTS = {(file, name): text for file in FILES for name, text in queries.load_queries(file).items()}


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open a database with all tables, the staged ones too."""
    plan = queries.load_queries("plan")
    with closing(sqlite3.connect(":memory:")) as opened:
        for statement in queries.load_queries("schema").values():
            opened.execute(statement)
        create_conversation_index(opened)
        for name in ("stage", "create_entries", "create_faults", "find_repeats", "rank_repeats"):
            opened.execute(plan[name])
        yield opened


def test_every_statement_says_why_it_is_there() -> None:
    """The line below a statement's name is a comment in prose."""
    assert [each for each, text in STATEMENTS.items() if not re.match(r"-- [A-Z].*", text)] == []


def test_every_statement_fits_the_schema(connection: sqlite3.Connection, subtests: pytest.Subtests) -> None:
    """SQLite compiles it against the tables as they are."""
    for (file, name), text in STATEMENTS.items():
        if file not in {"run", "messages", "history", "read"}:
            continue
        named = dict.fromkeys(re.findall(r":(\w+)", text))
        numbered = set(re.findall(r"\?\d+", text))

        with subtests.test(file=file, name=name):
            values = named or [None] * (len(numbered) or text.count("?"))
            assert connection.execute(f"EXPLAIN {text}", values).fetchall()


def test_no_statement_is_left_over() -> None:
    """Each is named somewhere in the code of the room, by itself or, where all of a kind are run, by its kind."""
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))

    unused = [
        (file, name)
        for file, name in STATEMENTS
        if not file.startswith("schema")
        if f'"{name}"' not in code and f'"{name.partition("_")[0]}_"' not in code
    ]

    assert unused == []


def test_names_are_unique_within_a_file() -> None:
    """A second statement of the same name would hide the first."""
    for file in FILES:
        text = (FOLDER / f"{file}.sql").read_text(encoding="utf-8")

        assert text.count("-- name: ") == len(queries.load_queries(file))


def test_every_file_is_loaded() -> None:
    """There is no SQL that nobody reads."""
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(FILES)
