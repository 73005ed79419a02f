"""The main job: every row is sent once, and the results say what became of each."""

import asyncio
import json
import os
import re
import stat

import pytest

from provisioner.results import COLUMNS
from tests.acceptance.program import CREDENTIALS, Program, read_csv
from tests.acceptance.simulator_process import SimulatorMaker
from tests.stub_twilio import StubMaker, failing, hanging_up, per_row

pytestmark = pytest.mark.acceptance

FAST = ("--rate", "200/s")


async def test_a_run_against_the_simulator_says_what_it_did(program: Program) -> None:
    """Without an account, in one command: every row is created, and the last lines say so."""
    program.write_customers("customers.csv", 3)

    ended = await program("run", "customers.csv", "-o", "results.csv", "--simulate", *FAST)

    assert ended.code == 0
    headline, *rest = ended.stdout.splitlines()
    assert re.fullmatch(r"finished in \d+\.\d s( at [\d.,]+/s)?", headline)
    assert rest == [
        "input 3 = created 3 + rejected 0 + unknown 0 + unsent 0 + invalid 0",
        "results: results.csv",
        "ledger:  results.csv.ledger",
    ]
    assert "plan: 3 of 3 rows to send at 200/s" in ended.stderr


async def test_results_tell_the_conversation_of_every_row(program: Program, simulator: SimulatorMaker) -> None:
    """The results are the server's own list, row by row, in the documented columns, readable by their owner."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", 40)

    ended = await program(
        "run", "customers.csv", "-o", "results.csv", "--base-url", server.url, *FAST, env=CREDENTIALS
    )

    rows, there = program.results(), await server.conversations()
    assert (ended.code, ended.counts) == (0, {"created": 40})
    assert list(rows[0]) == list(COLUMNS)
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 41)]
    assert [row["line"] for row in rows] == [str(number) for number in range(2, 42)]
    asked = {each["sid"]: (each["customer_friendly_name"], each["identity"]) for each in there}
    told = {row["conversation_sid"]: (f"Customer {row['row']}", row["identity"]) for row in rows}
    assert told == asked
    assert {(row["status"], row["http_status"], row["attempts"], row["error"]) for row in rows} == {
        ("created", "201", "1", "")
    }
    assert all(row["twilio_request_id"].startswith("RQ") and row["settled_at"].endswith("Z") for row in rows)
    for name in ("results.csv", "results.csv.ledger"):
        assert stat.S_IMODE((program.folder / name).stat().st_mode) == 0o600


MIXED = """crm_id,CustomerFriendlyName,pre_engagement_data
C-1,Amélie Duhamel,"{""plan"": ""gold""}"
C-2,Bo Refused,
C-3,Cy Broken,"{""plan"": ""gold"",}"
C-4,"Dee
Newline",
C-5,Eve Lost,
C-2,Twin of two,
"""


async def test_every_input_row_has_its_line_in_input_order(program: Program, twilio: StubMaker) -> None:
    """Created, refused, lost and invalid rows stand where they stood in the input; unknown outranks the rest."""
    server = await twilio(
        per_row({"Bo Refused": failing(400, 45745), "Eve Lost": lambda _twilio, _call: hanging_up})
    )
    program.write("customers.csv", MIXED)

    ended = await program(
        *("run", "customers.csv", "-o", "results.csv", "--key", "crm_id"),
        *("--base-url", server.url, *FAST, "--on-unknown", "hold"),
        env=CREDENTIALS,
    )

    told = [(row["line"], row["key"], row["status"], row["error_code"]) for row in program.results()]
    assert ended.code == 5
    assert ended.counts == {"created": 2, "rejected": 1, "unknown": 1, "invalid": 2}
    assert told == [
        ("2", "C-1", "created", ""),
        ("3", "C-2", "rejected", "45745"),
        ("4", "C-3", "invalid", "invalid_row"),
        ("5", "C-4", "created", ""),
        ("7", "C-5", "unknown", "connection_lost"),
        ("8", "C-2", "invalid", "duplicate_key"),
    ]
    assert sorted(server.names) == ["Amélie Duhamel", "Bo Refused", "Dee\nNewline", "Eve Lost"]


async def test_json_lines_hold_the_same_and_nulls(program: Program, twilio: StubMaker) -> None:
    """The suffix chooses the form; what is empty is null and numbers are numbers."""
    server = await twilio(per_row({"Customer 2": failing(400, 45745)}))
    program.write_customers("customers.csv", 2)

    await program("run", "customers.csv", "-o", "results.jsonl", "--base-url", server.url, *FAST, env=CREDENTIALS)

    created, rejected = map(json.loads, (program.folder / "results.jsonl").read_text().splitlines())
    assert list(created) == list(COLUMNS)
    assert (created["row"], created["status"], created["error_code"], created["http_status"]) == (
        *(1, "created"),
        *(None, 201),
    )
    assert isinstance(created["latency_ms"], float)
    assert (rejected["status"], rejected["conversation_sid"], rejected["error_code"]) == (
        "rejected",
        None,
        "45745",
    )


async def test_the_input_can_be_repeated_beside_the_results(program: Program) -> None:
    """--include-input adds the input's own columns; one that is named like ours is told apart."""
    program.write("customers.csv", "status,CustomerFriendlyName,zip\nold,Ana Example,00123\n")

    await program("run", "customers.csv", "-o", "results.csv", "--simulate", *FAST, "--include-input")

    (row,) = program.results()
    assert list(row) == [*COLUMNS, "input.status", "CustomerFriendlyName", "zip"]
    assert (row["status"], row["input.status"], row["zip"]) == ("created", "old", "00123")


@pytest.mark.parametrize(("flag", "cell"), [((), "'=1+1"), (("--no-formula-guard",), "=1+1")])
async def test_cells_that_a_spreadsheet_would_run_are_harmless(
    program: Program, flag: tuple[str, ...], cell: str
) -> None:
    """A formula from the input comes out escaped, unless that was turned off; what is sent is never changed."""
    program.write("customers.csv", "CustomerFriendlyName\n=1+1\n")

    await program("run", "customers.csv", "-o", "results.csv", "--simulate", *FAST, "--include-input", *flag)

    assert program.results()[0]["CustomerFriendlyName"] == cell


async def test_failed_rows_are_fixed_and_fed_back_in(program: Program, twilio: StubMaker) -> None:
    """--failed keeps the input's columns and form; once fixed, it is an input, and its notes are ignored."""
    server = await twilio(per_row({"Bo": failing(400, 45745)}))
    program.write("customers.csv", "crm_id;CustomerFriendlyName;address_sid\r\n1;Ana;\r\n2;Bo;\r\n3;Cy;ADxx\r\n")
    call = ("--base-url", server.url, *FAST, "--key", "crm_id")

    first = await program(
        *("run", "customers.csv", "-o", "results.csv", "--failed", "fix.csv", *call), env=CREDENTIALS
    )
    failed = (program.folder / "fix.csv").read_bytes()
    program.write("fix.csv", failed.replace(b";Bo;", b";Bodil;").replace(b"ADxx", b""))
    second = await program("run", "fix.csv", "-o", "fixed.csv", *call, env=CREDENTIALS)

    assert (first.code, first.counts) == (4, {"created": 1, "rejected": 1, "invalid": 1})
    assert "failed:  fix.csv" in first.stdout
    header, *lines = failed.split(b"\r\n")
    assert header == b"crm_id;CustomerFriendlyName;address_sid;_status;_error_code;_error"
    assert [line.split(b";")[:5] for line in lines if line] == [
        [b"2", b"Bo", b"", b"rejected", b"45745"],
        [b"3", b"Cy", b"ADxx", b"invalid", b"invalid_row"],
    ]
    assert (second.code, second.counts) == (0, {"created": 2})
    assert dict(server.created) == {"Ana": 1, "Bodil": 1, "Cy": 1}


async def test_the_old_results_stay_until_the_new_ones_are_whole(program: Program, twilio: StubMaker) -> None:
    """While a run goes a reader finds the file of the last one, untouched, and never half of the next."""
    server = await twilio(per_row({"Customer 2": lambda _twilio, _call: hanging_up}))
    program.write_customers("customers.csv", 30)
    program.write("results.csv", "what was there before")

    running = await program.start(
        *("run", "customers.csv", "-o", "results.csv", "--overwrite", "--base-url", server.url, "--rate", "20/s"),
        env=CREDENTIALS,
    )
    await server.called(10)
    during = (program.folder / "results.csv").read_text()
    ended = await running.end()

    assert during == "what was there before"
    assert ended.counts == {"created": 29, "unknown": 1}
    assert len(read_csv(program.folder / "results.csv")) == 30
    assert sorted(path.name for path in program.folder.iterdir() if path.name.startswith("results")) == [
        "results.csv",
        "results.csv.ledger",
    ]


async def test_results_on_stdout_are_nothing_but_results(program: Program) -> None:
    """With -o - the data goes to stdout and every word to stderr."""
    program.write_customers("customers.csv", 2)

    ended = await program(
        *("run", "customers.csv", "-o", "-", "--format", "csv", "--ledger", "job.ledger", "--simulate", *FAST)
    )

    assert ended.code == 0
    assert ended.stdout.splitlines()[0] == ",".join(COLUMNS)
    assert len(ended.stdout.splitlines()) == 3
    assert "input 2 = created 2" in ended.stderr


async def test_a_reader_who_leaves_early_spoils_nothing(program: Program) -> None:
    """``| head -1`` ends the output and not the job: the ledger has everything, and nobody sees a traceback."""
    program.write_customers("customers.csv", 800)
    run = ("--log-level", "error", "run", "customers.csv", "-o", "-", "--format", "jsonl")
    command = (*run, "--ledger", "job.ledger", "--simulate", "--rate", "0")
    read_end, write_end = os.pipe()
    running = await program.start(*command, stdout=write_end)
    os.close(write_end)

    with os.fdopen(read_end, encoding="utf-8", newline="") as reader:
        first = await asyncio.to_thread(reader.readline)
    ended = await running.end()
    again = await program(*command)

    assert json.loads(first)["row"] == 1
    assert ended.code == 0
    assert "error" not in ended.stderr
    assert ended.counts == again.counts == {"created": 800}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_reader_who_has_left_spoils_nothing(program: Program, form: str) -> None:
    """Also results so short that they are written as the last act: the end is told, without a word of Python's."""
    program.write_customers("customers.csv", 2)
    await program("run", "customers.csv", "-o", "results.csv", "--simulate", *FAST)
    read_end, write_end = os.pipe()
    os.close(read_end)

    running = await program.start(*("export", "results.csv.ledger", "-o", "-", "--format", form), stdout=write_end)
    os.close(write_end)
    ended = await running.end()

    assert ended.code == 0
    assert ended.stderr.splitlines() == [
        "input 2 = created 2 + rejected 0 + unknown 0 + unsent 0 + invalid 0",
        "ledger:  results.csv.ledger",
    ]
