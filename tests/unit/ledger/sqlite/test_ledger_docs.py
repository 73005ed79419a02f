"""docs/ledger.md tells the schema as it is, and every query in it answers."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger.sqlite import queries
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.models import MessageStatus, Status, Step, Verdict
from tests.ledger_samples import CREATED, INPUT, NO_SID, REFUSED, SETTINGS, claim_all, entries, entry, query, send

TEXT = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^(\S[^\n]*)\n\n```sql\n(.*?)```$", TEXT, re.MULTILINE | re.DOTALL)
TABLES = [name for name, text in queries.load_queries("schema").items() if "CREATE TABLE" in text]


async def make(path: Path) -> None:
    """Make a ledger in which every question of the document has an answer."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan([*entries(["C-001", "b", "c", "d", "gone"]), entry(6, "bad", None, NO_SID)], INPUT)
        first, second, third, *_ = await claim_all(ledger)
        await send(ledger, first, Status.UNSENT)
        await ledger.begin(first.id, owes_message=True)
        await ledger.settle(first.id, Status.CREATED, CREATED)
        await ledger.begin(second.id)
        await ledger.settle(second.id, Status.REJECTED, structs.replace(REFUSED, may_leave_orphan=True))
        await send(ledger, third, Status.UNKNOWN)
        await ledger.plan([entry(1, "C-001", "changed"), *entries("zbc")[1:]], INPUT)
        await ledger.finish_run(5)


@pytest.fixture
def made(path: Path) -> Path:
    """Name that ledger."""
    asyncio.run(make(path))
    return path


@pytest.mark.parametrize(("question", "statement"), QUERIES, ids=[question for question, _ in QUERIES])
def test_every_question_of_the_document_is_answered(made: Path, question: str, statement: str) -> None:
    """A query in the document runs as it stands, reads only, and finds something."""
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA query_only = ON")

        assert question.endswith("?")
        assert connection.execute(statement).fetchall()


def test_all_blocks_of_sql_are_run() -> None:
    """No block stands without its question, where this test would not see it."""
    assert len(QUERIES) == TEXT.count("```sql") > 8


def test_the_vanished_and_the_changed_are_found(made: Path) -> None:
    """The two questions about plans have the answers that a plan reports."""
    answers = {question: query(made, statement) for question, statement in QUERIES}

    assert answers["Which rows have vanished from the input?"] == [("d", "pending"), ("gone", "pending")]
    assert answers["Which rows say something else now than what was sent for them?"] == [(1, "C-001", "created")]


def test_the_shell_reads_a_ledger(made: Path) -> None:
    """The command at the top works in a shell, next to a ledger of that name."""
    shell = shutil.which("sqlite3")
    if shell is None:
        pytest.skip("the sqlite3 shell is not installed here")
    (command,) = re.findall(r"^```sh\nsqlite3 (.*) results\.csv\.ledger \"(.*)\"\n```$", TEXT, re.MULTILINE)
    options, statement = command

    answer = subprocess.run([shell, *options.split(), made, statement], capture_output=True, text=True, check=True)

    assert answer.stdout.splitlines()[0].split() == ["status", "count(*)"]
    assert len(answer.stdout.splitlines()) == 5


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_explained(made: Path, table: str) -> None:
    """The part about a table names all of its columns."""
    part = TEXT.split(f"\n### {table}\n", 1)[1].split("\n#", 1)[0]
    columns = [str(column) for (column,) in query(made, f"SELECT name FROM pragma_table_info('{table}')")]  # noqa: S608 - our own tables

    unexplained = [column for column in columns if not re.search(rf"\b{column}s?\b", part)]

    assert unexplained == []


def test_every_status_is_explained() -> None:
    """Each status a row can have is in the table of statuses, invalid by its results."""
    part = TEXT.split("\n## Statuses\n", 1)[1].split("\n## ", 1)[0]

    assert [status for status in Status if f"`{status.value}`" not in part] == []
    assert [status for status in MessageStatus if f"| `{status.value}` |" not in part] == []
    assert [step for step in Step if f"`{step.value}`" not in TEXT] == []
    assert [verdict for verdict in Verdict if f"`{verdict.value}`" not in TEXT] == []
