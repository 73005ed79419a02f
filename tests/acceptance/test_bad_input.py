"""Bad input ends with a sentence that names file, line and cure; nothing is lost and nothing is sent."""

import bz2
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, Program, bounded
from tests.stub_twilio import StubMaker, obliging

pytestmark = pytest.mark.acceptance

HEADER = "crm_id,CustomerFriendlyName\n"


@dataclass(frozen=True)
class Case:
    """An input that cannot be used: what is in the folder, what is called, and what has to be said of it."""

    says: tuple[str, ...]
    files: dict[str, str | bytes] = field(default_factory=dict)
    inputs: tuple[str, ...] = ("customers.csv",)
    flags: tuple[str, ...] = ()


CASES = {
    "missing file": Case(("customers.csv: does not exist", "check the name")),
    "pattern without a match": Case(("x*.csv: matches no file",), inputs=("x*.csv",)),
    "directory": Case(("folder: is a folder", "folder/*.csv"), inputs=("folder",)),
    "empty file": Case(("customers.csv: is empty",), {"customers.csv": ""}),
    "blank lines only": Case(("c.jsonl: is empty",), {"c.jsonl": "\n\n"}, ("c.jsonl",)),
    "unknown column in a template": Case(
        ("customers.csv", "'Nmae'", "CustomerFriendlyName"),
        {"customers.csv": f"{HEADER}1,Ana\n"},
        flags=("--set", "customer_friendly_name={Nmae}"),
    ),
    "unknown key column": Case(
        ("customers.csv", "'id'", "crm_id"), {"customers.csv": f"{HEADER}1,Ana\n"}, flags=("--key", "id")
    ),
    "key that no record has": Case(
        ("c.jsonl", "'id'", "crm_id"),
        {"c.jsonl": '{"crm_id": 1, "CustomerFriendlyName": "Ana"}\n'},
        ("c.jsonl",),
        ("--key", "id"),
    ),
    "unclosed quote": Case(
        ("customers.csv, line 3:", "never closed", "close the quote"),
        {"customers.csv": f'{HEADER}1,Ana\n2,"Bo\n3,Cy\n'},
    ),
    "text after a quote": Case(
        ("customers.csv, line 2:", "close the quote"), {"customers.csv": f'{HEADER}1,"Ana"x\n'}
    ),
    "spreadsheet": Case(
        (
            "customers.csv: is a zip archive, or a workbook, that is cut short or damaged",
            "copy or export it again",
        ),
        {"customers.csv": b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml xl/workbook.xml"},
    ),
    "binary file": Case(
        ("customers.csv: is binary", "save it as UTF-8"), {"customers.csv": bytes(range(256)) * 4}
    ),
    "encoding that cannot be guessed": Case(
        ("customers.csv, line 3: is not UTF-8 text, and could be cp1252", "or cp1250", "--encoding cp1252"),
        {"customers.csv": f"{HEADER}1,Ana\n2,Mu\xf1oz\n".encode("latin-1")},
    ),
    "wrong encoding": Case(
        ("customers.csv, line 3: is not utf-8 text", "--encoding cp1252"),
        {"customers.csv": f"{HEADER}1,Ana\n2,Jos\xe9\n".encode("latin-1")},
        flags=("--encoding", "utf-8"),
    ),
    "cut compression": Case(
        ("customers.csv.gz", "cut short or damaged"),
        {"customers.csv.gz": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x2e"},
        ("customers.csv.gz",),
    ),
    "columns of pandas": Case(
        ("c.json: holds an object for each column, as pandas writes it by default", 'orient="records"'),
        {"c.json": '{"CustomerFriendlyName":{"0":"Ana","1":"Bo"},"crm_id":{"0":1,"1":2}}'},
        ("c.json",),
    ),
    "damage behind the first part": Case(
        ("customers.csv.bz2: has something after its compressed data", "copy or export it again"),
        {"customers.csv.bz2": bz2.compress(f"{HEADER}1,Ana\n".encode()) + b"XX" + bz2.compress(b"2,Bo\n")[2:]},
        ("customers.csv.bz2",),
    ),
    "the same file twice": Case(
        ("customers.csv: is the same input as ./customers.csv",),
        {"customers.csv": f"{HEADER}1,Ana\n"},
        ("./customers.csv", "customers.csv"),
    ),
    "delimiters that fit equally": Case(
        ("customers.csv: the delimiters", "--delimiter"), {"customers.csv": "a,b;c\n1,2;3\n"}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_an_input_that_cannot_be_read_is_refused(program: Program, twilio: StubMaker, case: Case) -> None:
    """``run`` says what is wrong with which file, where and what to do, and calls nobody."""
    server = await twilio()
    (program.folder / "folder").mkdir()
    for name, content in case.files.items():
        program.write(name, content)
    program.write("results.csv", "what was there before")

    ended = await program(
        *("run", *case.inputs, "-o", "results.csv", "--overwrite", "--base-url", server.url, *case.flags),
        env=CREDENTIALS,
    )

    error, cure = ended.stderr.splitlines()[-2:]
    assert ended.code == 2
    assert error.startswith("error: ")
    assert cure.startswith("  ")
    assert all(words in error + cure for words in case.says)
    assert (ended.stdout, server.calls) == ("", [])
    assert (program.folder / "results.csv").read_text() == "what was there before"


async def test_ragged_rows_are_invalid_one_by_one(program: Program, twilio: StubMaker) -> None:
    """A row of another width is never padded and never dropped: it is named, and the others are sent."""
    server = await twilio()
    program.write("customers.csv", f"{HEADER}1,Ana\n2\n3,Cy,more\n\n4,Dee\n")

    checked = await program("check", "customers.csv", env=CREDENTIALS)
    ended = await program(
        "run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", env=CREDENTIALS
    )

    assert checked.code == ended.code == 4
    assert "  customers.csv, line 3, row 2: has 1 field, the header has 2" in checked.stdout.splitlines()
    assert "  customers.csv, line 4, row 3: has 3 fields, the header has 2" in checked.stdout.splitlines()
    assert ended.counts == {"created": 2, "invalid": 2}
    assert [(row["line"], row["status"], row["error"]) for row in program.results()] == [
        ("2", "created", ""),
        ("3", "invalid", "has 1 field, the header has 2"),
        ("4", "invalid", "has 3 fields, the header has 2"),
        ("6", "created", ""),
    ]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("nowhere/results.csv", ("nowhere: there is no such folder", "mkdir -p nowhere")),
        ("customers.csv/results.csv", ("customers.csv: there is no such folder",)),
        ("customers.csv", ("customers.csv is an input, and writing would replace it", "a name of its own")),
    ],
)
async def test_an_output_that_cannot_be_is_refused_first(
    program: Program, output: str, says: tuple[str, ...]
) -> None:
    """What could not be written after hours of sending is said before the first request; no file is touched."""
    customers = program.write_customers("customers.csv", 2).read_bytes()

    ended = await program("run", "customers.csv", "-o", output, "--simulate", "--rate", "200/s")

    assert ended.code == 2
    assert all(words in ended.stderr for words in says)
    assert (program.folder / "customers.csv").read_bytes() == customers
    assert sorted(path.name for path in program.folder.iterdir()) == ["customers.csv", "home"]


async def test_a_folder_that_takes_no_files_is_refused_first(program: Program, read_only: Path) -> None:
    """A results folder that takes no files is said before anything is sent."""
    program.write_customers("customers.csv", 2)

    ended = await program("run", "customers.csv", "-o", read_only / "results.csv", "--simulate")

    assert ended.code == 2
    assert f"{read_only}: files cannot be created here (" in ended.stderr


@pytest.fixture
def read_only() -> Path:
    """Give a folder where even root can create nothing."""
    folder = Path("/proc/sys/kernel")
    if not folder.is_dir() or os.access(folder / "new", os.F_OK):
        pytest.skip("there is no folder here that refuses root")
    return folder


def not_sqlite(ledger: Path) -> str:
    """Replace the ledger by a text."""
    ledger.write_text("this is no database, whatever its name says " * 20)
    return "is not a ledger"


def of_another_program(ledger: Path) -> str:
    """Replace the ledger by somebody else's database."""
    ledger.unlink()
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    return "is not a ledger"


def newer(ledger: Path) -> str:
    """Make the ledger one of a later version of this program."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA user_version = 999")
    return "newer version of this program"


def cut_short(ledger: Path) -> str:
    """Lose the end of the ledger."""
    os.truncate(ledger, ledger.stat().st_size // 2)
    return "is damaged"


@pytest.mark.parametrize("spoil", [not_sqlite, of_another_program, newer, cut_short])
async def test_a_ledger_that_cannot_be_trusted_is_left_alone(
    program: Program, twilio: StubMaker, spoil: Callable[[Path], str]
) -> None:
    """Starting without it would create everything again, so the run refuses, and changes neither file."""
    server = await twilio()
    program.write_customers("customers.csv", 2)
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")
    await program(*command, env=CREDENTIALS)
    ledger = program.folder / "results.csv.ledger"
    words = spoil(ledger)
    before = ledger.read_bytes(), (program.folder / "results.csv").read_bytes()

    ended = await program(*command, env=CREDENTIALS)

    assert ended.code == 2
    assert "results.csv.ledger" in ended.stderr
    assert words in ended.stderr
    assert (ledger.read_bytes(), (program.folder / "results.csv").read_bytes()) == before
    assert len(server.calls) == 2


async def test_a_full_disk_stops_the_run_and_loses_nothing(program: Program, twilio: StubMaker) -> None:
    """When the ledger cannot grow any more nothing new is sent; with room again the same command finishes."""
    server = await twilio()
    program.write_customers("customers.csv", 600)
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "500/s")
    plan = await program(*command, "--limit", "1", env=CREDENTIALS)
    size = (program.folder / "results.csv.ledger").stat().st_size

    full = await program.unwatched()(*command, env=CREDENTIALS, preexec_fn=bounded(size + 120_000))
    sent = len(server.calls)
    fixed = await program(*command, env=CREDENTIALS)

    assert plan.code == 8
    assert full.code == 6
    assert "results.csv.ledger: " in full.stderr
    assert full.counts["created"] + full.counts.get("unknown", 0) + full.counts["unsent"] == 600
    assert "run the same command again" in full.stderr
    assert 1 < sent < 600
    assert fixed.code in {0, 5}
    assert set(server.created.values()) == {1}
    assert fixed.counts["created"] + fixed.counts.get("unknown", 0) == 600
    known = {row["row"] for row in program.results() if row["status"] == "created"}
    assert len(known) >= 600 - 16


async def test_results_that_find_no_room_leave_the_old_ones(program: Program, twilio: StubMaker) -> None:
    """A results file that does not fit is no results file: the old one stays and the ledger has everything."""
    server = await twilio(obliging)
    program.write_customers("customers.csv", 1_000)
    command = (
        "run",
        "customers.csv",
        "-o",
        "results.csv",
        "--base-url",
        server.url,
        "--rate",
        "0",
        "--limit",
        "1",
    )
    await program(*command, "--include-input", env=CREDENTIALS)
    before = (program.folder / "results.csv").read_bytes()

    full = await program.unwatched()(*command, env=CREDENTIALS, preexec_fn=bounded(70_000))
    after = (program.folder / "results.csv").read_bytes()
    again = await program(*command, env=CREDENTIALS)

    assert full.code == 6
    assert after == before
    assert again.code == 8
    assert "--limit 1 was reached" in again.stdout
    assert list(program.folder.glob(".results.csv.*")) == []
