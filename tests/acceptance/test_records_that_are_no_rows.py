"""Exports as people bring them: what is in them besides rows, and what databases make of values."""

from pathlib import Path

import pytest

from tests.acceptance.program import CREDENTIALS, Program, lines_of
from tests.stub_twilio import StubMaker

pytestmark = pytest.mark.acceptance

UNLOADS = Path(__file__).parent.parent / "unit" / "sources" / "files" / "unloads"
NAMED = ("--set", "customer_friendly_name={name}")

JOINED = """\ufeffid,name,email\r
--,----,-----\r
1,Ada,a@x.example\r
,,\r
\ufeffid,name,email\r
2,Bo,b@x.example\r
3,Cy,c\ry@x.example\r
\r
(3 rows affected)\r
\x1a"""


async def test_only_rows_are_sent(program: Program, twilio: StubMaker) -> None:
    """Everything else is told with its line, and neither half of a torn record goes out."""
    server = await twilio()
    program.write("joined.csv", JOINED.encode())
    command = ("run", "joined.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", *NAMED)

    ended = await program(*command, "--json", env=CREDENTIALS)

    assert (ended.code, server.created) == (4, {"Ada": 1, "Bo": 1})
    told = (
        "skipped because they are not rows: line 2 (dash line), line 4 (empty record), line 5 (repeated header), "
        "line 9 (blank line), line 10 (row count), line 11 (end-of-file mark)"
    )
    assert lines_of(ended.stderr, "note: joined.csv: ") == [f"note: joined.csv: {told}"]
    assert [each["what"] for each in ended.summary["skipped"]] == [
        "dash line",
        "empty record",
        "repeated header",
        "blank line",
        "row count",
        "end-of-file mark",
    ]
    assert (ended.summary["input"], ended.summary["invalid"]) == (4, 2)


async def test_an_input_without_rows_ends_well(program: Program, twilio: StubMaker) -> None:
    """Alone, and beside others, of which an empty one is not refused either; the next day's rows are sent."""
    server = await twilio()
    run = ("-o", "results.csv", "--base-url", server.url, "--rate", "200/s", *NAMED)
    program.write("monday.csv", "id,name\n")
    program.write("tuesday.csv", "id,name\n1,Ada\n")
    program.write("wednesday.csv", "")

    alone = await program("run", "monday.csv", *run, "--failed", "failed.csv", env=CREDENTIALS)
    beside = await program("run", "wednesday.csv", "monday.csv", "tuesday.csv", *run, env=CREDENTIALS)
    empty = await program("check", "wednesday.csv", *NAMED, env=CREDENTIALS)

    assert (alone.code, beside.code, empty.code) == (0, 0, 2)
    assert lines_of(alone.stderr, "note: monday.csv") == ["note: monday.csv: has no rows"]
    assert [note for name in ("wednesday", "monday") for note in lines_of(beside.stderr, f"note: {name}.csv")] == [
        "note: wednesday.csv: has no rows",
        "note: monday.csv: has no rows",
    ]
    assert server.created == {"Ada": 1}


@pytest.mark.parametrize("name", ["outfile.csv", "pg_copy.tsv"])
async def test_unloads_of_databases_are_sent_as_they_were_stored(
    program: Program, twilio: StubMaker, name: str
) -> None:
    """Escapes are taken off, and NULL gives no value."""
    content = (UNLOADS / name).read_bytes()
    server = await twilio()
    program.write(name, content)
    data = ("--set", "pre_engagement.note={note}", "--set", "pre_engagement.email={email}", "--no-friendly-name")
    command = ("run", name, "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", *NAMED, *data)

    ended = await program(*command, env=CREDENTIALS)

    assert ended.code == 0
    assert {call.name: call.form.get("PreEngagementData", "") for call in server.calls} == {
        "Ada Moor": '{"email":"ada@x.example"}',
        'Zoë "Zo" Lind': '{"note":"first line\\nsecond\\tpart"}',
        "Bo, Junior": '{"note":"C:\\\\temp\\\\new"}',
        "Cy\\Di": '{"email":"cy@x.example","note":"a|b;c"}',
    }


async def test_null_and_an_empty_text_stay_apart_in_the_outputs(program: Program, twilio: StubMaker) -> None:
    """They give the same chat, and come back byte for byte."""
    server = await twilio()
    rows = '1,Ada,,x\n2,Bo,"",x\n3,"","",x\n4,,"a, ""b""",x\n'
    program.write("pg.csv", f"id,name,note,city\n{rows}")
    command = ("run", "pg.csv", "--base-url", server.url, "--rate", "200/s", *NAMED, "--include-input")

    ended = await program(
        *command, "-o", "results.csv", "--failed", "failed.csv", "--key", "name", "--allow-blank", env=CREDENTIALS
    )

    assert (ended.code, server.created) == (4, {"Ada": 1, "Bo": 1})
    results = (program.folder / "results.csv").read_bytes().decode().splitlines()
    assert [line[-len(row) :] for line, row in zip(results[1:], rows.splitlines(), strict=True)] == [
        *rows.splitlines()
    ]
    failed = (program.folder / "failed.csv").read_text().splitlines()
    assert [line.split(",x,")[0] for line in failed[1:]] == ['3,"",""', '4,,"a, ""b"""']


async def test_ids_that_excel_has_cut_are_not_sent_as_keys(program: Program, twilio: StubMaker) -> None:
    """Different customers would share one."""
    server = await twilio()
    program.write("sci.csv", 'id,name\n1.23457E+11,Ada\n"1,23459E+11",Bo\n123456789012,Cy\n')
    command = ("run", "sci.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", *NAMED)

    ended = await program(*command, "--key", "id", env=CREDENTIALS)

    assert (ended.code, server.created) == (4, {"Cy": 1})
    told = "column 'id' has numbers that Excel has cut to their first digits, as in 1.23457E+11: lines 2-3"
    assert lines_of(ended.stderr, "note: sci.csv") == [f"note: sci.csv: {told}"]
