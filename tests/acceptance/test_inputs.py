"""The ways an input can come: files of every accepted form, several of them, and a pipe."""

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Mapping, Sequence

import pytest
from openpyxl import Workbook, load_workbook
from pyarrow import Table, parquet

from provisioner.results import read_results
from tests.acceptance.program import CREDENTIALS, Program, lines_of
from tests.stub_twilio import StubMaker, StubTwilio, failing, per_row

pytestmark = pytest.mark.acceptance

ROWS = "crm_id,CustomerFriendlyName,pre_engagement.plan\n0001,Zoë Ødegård,gold\n0002,雪 Yuki,\n"
RECORDS: list[dict[str, object]] = [
    {"crm_id": "0001", "CustomerFriendlyName": "Zoë Ødegård", "pre_engagement_data": {"plan": "gold"}},
    {"crm_id": "0002", "CustomerFriendlyName": "雪 Yuki"},
]


def workbook(rows: list[list[str]]) -> bytes:
    """Save rows as an Excel workbook."""
    book, stream = Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(stream)
    return stream.getvalue()


def parquet_file(records: Sequence[Mapping[str, object]]) -> bytes:
    """Write records to a Parquet file."""
    stream = io.BytesIO()
    parquet.write_table(Table.from_pylist([*records]), stream)
    return stream.getvalue()


FORMS = {
    "plain.csv": ROWS.encode(),
    "marked.csv": b"\xef\xbb\xbf" + ROWS.encode(),
    "crlf.csv": ROWS.replace("\n", "\r\n").encode(),
    "tabs.tsv": ROWS.replace(",", "\t").encode(),
    "packed.csv.gz": gzip.compress(ROWS.encode()),
    "packed-and-misnamed.csv": gzip.compress(ROWS.encode()),
    "packed.csv.bz2": bz2.compress(ROWS.encode()),
    "packed.csv.xz": lzma.compress(ROWS.encode()),
    "padded.csv.xz": bytes(8).join(lzma.compress(line) for line in ROWS.encode().splitlines(keepends=True))
    + bytes(4),
    "lines.jsonl": "".join(json.dumps(record) + "\n" for record in RECORDS).encode(),
    "array.json": json.dumps(RECORDS, ensure_ascii=False, indent=1).encode(),
    "tree.json": json.dumps(
        {"records": [{"attributes": {"type": "Lead"}, **record} for record in RECORDS]}
    ).encode(),
    "page.json": json.dumps({"count": 2, "next": None, "data": {"items": RECORDS}}, indent=1).encode(),
    "sequence.json": "".join(f"\x1e{json.dumps(record, indent=1)}\n" for record in RECORDS).encode("utf-16"),
    "book.xlsx": workbook([line.split(",") for line in ROWS.splitlines()]),
    "misnamed.csv": workbook([line.split(",") for line in ROWS.splitlines()]),
    "table.parquet": parquet_file(RECORDS),
}


def asked_for(server: StubTwilio) -> list[tuple[str, str]]:
    """Return name and data of every request, in the rows' order."""
    return sorted((call.name, call.form["PreEngagementData"]) for call in server.calls)


EXPECTED = [
    ("Zoë Ødegård", '{"plan":"gold","friendlyName":"Zoë Ødegård"}'),
    ("雪 Yuki", '{"friendlyName":"雪 Yuki"}'),
]


async def test_every_accepted_form_says_the_same(program: Program, twilio: StubMaker) -> None:
    """One run over every form there is, each a file: the same two customers come out of each, in file order."""
    server = await twilio()
    for name, content in FORMS.items():
        program.write(name, content)

    ended = await program(
        *("run", *FORMS, "-o", "results.csv", "--base-url", server.url, "--rate", "200/s"), env=CREDENTIALS
    )

    rows = program.results()
    assert (ended.code, ended.counts) == (0, {"created": 2 * len(FORMS)})
    assert asked_for(server) == sorted(EXPECTED * len(FORMS))
    assert [row["source"] for row in rows] == [name for name in FORMS for _ in range(2)]
    assert [row["row"] for row in rows] == [str(number + 1) for number in range(2 * len(FORMS))]
    assert len({row["key"] for row in rows}) == len(rows)


async def test_the_rows_of_a_workbook_are_fixed_and_fed_back_in(program: Program, twilio: StubMaker) -> None:
    """--failed is a workbook again; an error cell stays one until it is fixed."""
    server = await twilio(per_row({"Bo": failing(400, 45745)}))
    rows = [["crm_id", "CustomerFriendlyName"], ["0001", "Ana"], ["0002", "Bo"], ["0003", "#N/A"]]
    program.write("customers.xlsx", workbook(rows))
    call = ("--base-url", server.url, "--rate", "200/s", "--key", "crm_id")

    first = await program(
        *("run", "customers.xlsx", "-o", "results.csv", "--failed", "fix.xlsx", "--include-input", *call),
        env=CREDENTIALS,
    )
    again = await program("run", "fix.xlsx", "-o", "again.csv", *call, env=CREDENTIALS)
    book = load_workbook(program.folder / "fix.xlsx")
    found = [[cell.value for cell in row][:5] for row in book.worksheets[0].iter_rows()]
    book.worksheets[0]["B2"], book.worksheets[0]["B3"] = "Bodil", "Cy"
    book.save(program.folder / "fix.xlsx")
    fixed = await program("run", "fix.xlsx", "-o", "fixed.csv", *call, env=CREDENTIALS)

    assert (first.code, first.counts) == (4, {"created": 1, "rejected": 1, "invalid": 1})
    assert [row["CustomerFriendlyName"] for row in program.results()] == ["Ana", "Bo", "#N/A"]
    assert found == [
        ["crm_id", "CustomerFriendlyName", "_status", "_error_code", "_error"],
        ["0002", "Bo", "rejected", "45745", found[1][4]],
        ["0003", "#N/A", "invalid", "invalid_row", "column 'CustomerFriendlyName' holds the error #N/A"],
    ]
    assert again.counts == {"rejected": 1, "invalid": 1}
    assert (fixed.code, fixed.counts) == (0, {"created": 2})
    assert dict(server.created) == {"Ana": 1, "Bodil": 1, "Cy": 1}


async def test_hidden_rows_are_sent_only_when_it_is_said_that_they_should_be(
    program: Program, twilio: StubMaker
) -> None:
    """Without it nothing is sent at all; another word on the same job sends what it adds."""
    server = await twilio()
    book, stream = Workbook(), io.BytesIO()
    for row in (["crm_id", "CustomerFriendlyName"], ["1", "Ana"], ["2", "Bo"], ["3", "Cy"]):
        book.worksheets[0].append(row)
    book.worksheets[0].row_dimensions[3].hidden = True
    book.save(stream)
    program.write("customers.xlsx", stream.getvalue())
    call = ("customers.xlsx", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", "--key", "crm_id")

    checked = await program("check", "customers.xlsx", env=CREDENTIALS)
    refused = await program("run", *call, env=CREDENTIALS)
    sent_before = [request.name for request in server.calls]
    skipped = await program("run", *call, "--hidden-rows", "skip", "--json", env=CREDENTIALS)
    included = await program("run", *call, "--hidden-rows", "include", env=CREDENTIALS)

    assert checked.code == refused.code == 2
    for ended in (checked, refused):
        assert "customers.xlsx: 1 row is hidden or filtered out (line 3)" in ended.stderr
        assert "--hidden-rows skip omits them, --hidden-rows include sends them" in ended.stderr
    assert sent_before == []
    assert (skipped.code, skipped.summary["created"]) == (0, 2)
    assert skipped.summary["skipped"] == [{"source": "customers.xlsx", "line": 3, "what": "hidden row"}]
    assert (included.code, included.counts) == (0, {"created": 3})
    assert dict(server.created) == {"Ana": 1, "Bo": 1, "Cy": 1}


async def test_failed_json_is_fed_back_in_with_its_nested_values(program: Program, twilio: StubMaker) -> None:
    """--failed keeps a record's own text; its notes are ignored, and the same data is asked for again."""
    server = await twilio(per_row({"Bo": failing(400, 45745)}))
    data = '{"n": 123456789012345678901234567890, "deep": [1.10, {"a": null}]}'
    records = (
        f'{{"CustomerFriendlyName": "Ana"}},\n{{"CustomerFriendlyName": "Bo", "pre_engagement_data": {data}}}'
    )
    program.write("customers.json", f'{{"records": [{records}]}}')
    call = ("--base-url", server.url, "--rate", "200/s")

    await program("run", "customers.json", "-o", "results.csv", "--failed", "fix.json", *call, env=CREDENTIALS)
    again = await program("run", "fix.json", "-o", "again.csv", *call, env=CREDENTIALS)

    first, second = [call.form["PreEngagementData"] for call in server.calls if call.name == "Bo"]
    assert again.counts == {"rejected": 1}
    assert first == second
    assert first == '{"n":123456789012345678901234567890,"deep":[1.10,{"a":null}],"friendlyName":"Bo"}'
    assert (
        (program.folder / "fix.json")
        .read_text()
        .startswith(
            f'{{"records":[\n{{"CustomerFriendlyName": "Bo", "pre_engagement_data": {data},"_status":"rejected",'
        )
    )


async def test_rows_of_parquet_files_are_fixed_and_fed_back_in(program: Program, twilio: StubMaker) -> None:
    """--failed has the types of the input, over all of its files; the results repeat the values' digits."""
    server = await twilio(per_row({"Bo": failing(400, 45745)}))
    people: Sequence[Sequence[str | None]] = (["Ana", "Bo"], ["Cy", None])
    for number, names in enumerate(people):
        records = [
            {
                "crm_id": f"{number}{place}",
                "CustomerFriendlyName": name,
                "n": 2**62 + place,
                "adr": {"zip": "00115"},
            }
            for place, name in enumerate(names)
        ]
        program.write(f"part-{number}.parquet", parquet_file(records))
    call = (
        "--base-url",
        server.url,
        "--rate",
        "200/s",
        "--key",
        "crm_id",
        "--set",
        "pre_engagement.zip={adr.zip}",
    )

    first = await program(
        *("run", "part-*.parquet", "-o", "results.jsonl", "--failed", "fix.parquet", "--include-input", *call),
        env=CREDENTIALS,
    )
    found = parquet.read_table(program.folder / "fix.parquet")
    again = await program("run", "fix.parquet", "-o", "again.csv", *call, env=CREDENTIALS)

    lines = [json.loads(line) for line in (program.folder / "results.jsonl").read_text().splitlines()]
    assert first.counts == {"created": 3, "rejected": 1}
    assert [(line["crm_id"], line["n"], line["adr"]) for line in lines] == [
        (key, 2**62 + place, {"zip": "00115"}) for key, place in (("00", 0), ("01", 1), ("10", 0), ("11", 1))
    ]
    assert [str(each.type) for each in found.schema][:4] == ["string", "string", "int64", "struct<zip: string>"]
    assert [(row["crm_id"], row["n"], row["_status"]) for row in found.to_pylist()] == [
        ("01", 2**62 + 1, "rejected")
    ]
    assert again.counts == {"rejected": 1}


async def test_what_json_has_for_no_text_makes_no_customer(program: Program, twilio: StubMaker) -> None:
    """A name that is null everywhere is empty, an object in its place is invalid, and one row is one line."""
    server = await twilio()
    program.write(
        "people.json",
        '{"records": [{"Id": 1, "First": null, "Last": "Lim", "a": [\n1,\n2]}, {"Id": 2, "Last": {"0": "Ada"}}]}',
    )
    call = ("--base-url", server.url, "--key", "Id", "--set", "customer_friendly_name={First} {Last}")

    ended = await program("run", "people.json", "-o", "results.jsonl", "--include-input", *call, env=CREDENTIALS)

    lines = [json.loads(line) for line in (program.folder / "results.jsonl").read_text().splitlines()]
    assert ended.counts == {"created": 1, "invalid": 1}
    assert dict(server.created) == {"Lim": 1}
    assert [(line["Id"], line["First"], line["a"]) for line in lines] == [(1, None, [1, 2]), (2, None, None)]
    assert "'Last' is a JSON array or object, not a text" in lines[1]["error"]
    assert [each.status for each in read_results(program.folder / "results.jsonl")] == ["created", "invalid"]


async def test_columns_of_results_are_the_input_again(program: Program, twilio: StubMaker) -> None:
    """A telephone number joins back: the guard against formulas is taken off where a file has it, and told."""
    server = await twilio()
    program.write("people.csv", "CustomerFriendlyName,pre_engagement.phone\nAna,+44 20 7946 0958\nBo,=1+1\n")
    call = ("--base-url", server.url, "--rate", "200/s")

    await program("run", "people.csv", "-o", "results.csv", "--include-input", *call, env=CREDENTIALS)
    rows = [(row["CustomerFriendlyName"], row["pre_engagement.phone"]) for row in program.results()]
    program.write(
        "cut.csv", "CustomerFriendlyName,pre_engagement.phone\n" + "".join(map("{0[0]},{0[1]}\n".format, rows))
    )
    ended = await program("run", "cut.csv", "-o", "again.csv", "--include-input", *call, env=CREDENTIALS)

    assert rows == [("Ana", "'+44 20 7946 0958"), ("Bo", "'=1+1")]
    assert "the apostrophes before = + - @" in ended.stderr
    assert asked_for(server)[0] == asked_for(server)[1]
    assert [row["pre_engagement.phone"] for row in program.results("again.csv")] == [phone for _, phone in rows]


async def test_the_records_of_a_page_are_read_and_told(program: Program, twilio: StubMaker) -> None:
    """They are what is sent, never the page; the note says where they are, and --failed keeps them there."""
    server = await twilio(per_row({"Bo": failing(400, 45745)}))
    customers = [{"CustomerFriendlyName": "Ana", "tags": [{"a": 1}]}, {"CustomerFriendlyName": "Bo"}]
    page = {"total": 2, "data": {"items": customers}, "next": "/2"}
    program.write("page.json", json.dumps(page))
    call = ("--base-url", server.url, "--rate", "200/s", "--include-input")

    checked = await program("check", "page.json", env=CREDENTIALS)
    ended = await program("run", "page.json", "-o", "r.csv", "--failed", "failed.json", *call, env=CREDENTIALS)
    again = await program("run", "failed.json", "-o", "again.csv", *call, env=CREDENTIALS)
    pages = program.write("pages.jsonl", f"{json.dumps(page)}\n{json.dumps(page)}\n")
    lines = await program("run", pages, "-o", "lines.csv", *call, env=CREDENTIALS)

    note = "only the objects in 'data.items' are read"
    assert f"page.json: {note}" in checked.stdout
    assert lines_of(ended.stderr, f"note: page.json: {note}")
    assert (ended.counts, again.counts, lines.counts) == (
        {"created": 1, "rejected": 1},
        {"rejected": 1},
        {"invalid": 2},
    )
    assert [row["tags"] for row in program.results("r.csv")] == ['[{"a":1}]', ""]
    assert (
        (program.folder / "failed.json")
        .read_text()
        .startswith('{"data":{"items":[\n{"CustomerFriendlyName": "Bo",')
    )
    assert {row["error"] for row in program.results("lines.csv")} == {
        "is not a record but an object that contains several, in data.items; write one record at a time"
    }
    assert dict(server.created) == {"Ana": 1}


async def test_stdin_is_an_input_like_any_other(program: Program, twilio: StubMaker) -> None:
    """``-`` reads a pipe, compressed or not; the same bytes piped again send nothing."""
    server = await twilio()
    command = ("run", "-", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")

    first = await program(*command, env=CREDENTIALS, stdin=gzip.compress(ROWS.encode()))
    second = await program(*command, env=CREDENTIALS, stdin=ROWS.encode())

    assert (first.code, second.code) == (0, 0)
    assert first.counts == second.counts == {"created": 2}
    assert asked_for(server) == sorted(EXPECTED)
    assert {row["source"] for row in program.results()} == {"-"}
    assert sorted(path.name for path in program.folder.iterdir()) == ["home", "results.csv", "results.csv.ledger"]


async def test_templates_fill_fields_from_columns(program: Program, twilio: StubMaker) -> None:
    """--set makes a field of any columns, --key names the identity, and glob patterns name files."""
    server = await twilio()
    program.write("export-1.csv", "First,Last,Id\nAna,Example,007\n")
    program.write("export-2.csv", "First,Last,Id\nBo,,008\n")

    ended = await program(
        *("run", "export-*.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s", "--key", "Id"),
        *("--set", "customer_friendly_name={First} {Last}", "--set", "pre_engagement.ticket=CRM-{Id}"),
        *("--set", "identity=guest-{Id}"),
        env=CREDENTIALS,
    )

    assert ended.code == 0
    assert [(row["key"], row["identity"]) for row in program.results()] == [
        ("007", "guest-007"),
        ("008", "guest-008"),
    ]
    assert {call.name.strip() for call in server.calls} == {"Ana Example", "Bo"}
    assert json.loads(server.calls[0].form["PreEngagementData"])["ticket"] == "CRM-007"


async def test_equal_rows_are_rows_of_their_own(program: Program, twilio: StubMaker) -> None:
    """Without --key a row is known by its content and its number among its equals, so each is sent once."""
    server = await twilio()
    program.write("customers.csv", "CustomerFriendlyName\nAna\nAna\nAna\n")
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")

    await program(*command, env=CREDENTIALS)
    program.write("customers.csv", "CustomerFriendlyName\nAna\nBo\nAna\nAna\nAna\n")
    ended = await program(*command, env=CREDENTIALS)

    assert ended.counts == {"created": 5}
    assert dict(server.created) == {"Ana": 4, "Bo": 1}


async def test_an_input_that_changes_under_a_run_stops_it(program: Program, twilio: StubMaker) -> None:
    """Nothing is sent from a file that is not what was planned; what flew is accounted for, the rest is unsent."""
    server = await twilio()
    note = 3_000 * "x"
    rows = [f"C-{number},Customer {number},{note}\n" for number in range(200)]
    header = "crm_id,CustomerFriendlyName,pre_engagement.note\n"
    program.write("customers.csv", header + "".join(rows))
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--key", "crm_id")

    running = await program.start(*command, "--rate", "100/s", env=CREDENTIALS)
    await server.called(2)
    program.write("customers.csv", header + "".join(rows[1:]))
    stopped = await running.end()
    finished = await program(*command, "--rate", "400/s", env=CREDENTIALS)

    assert stopped.code == 2
    assert "customers.csv, line" in stopped.stderr
    assert "the input has changed since it was planned" in stopped.stderr
    assert "run the same command again" in stopped.stderr
    assert set(stopped.counts) == {"created", "unsent"}
    assert (finished.code, finished.counts) == (0, {"created": 199})
    assert set(server.created.values()) == {1}


async def test_a_guessed_encoding_needs_somebody_s_word(program: Program, twilio: StubMaker) -> None:
    """Nothing is sent before --encoding or --yes; the guess is told, and then names arrive whole."""
    server = await twilio()
    program.write("customers.csv", "crm_id,CustomerFriendlyName\n1,Ana\n2,José Müller\n".encode("cp1252"))
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")

    checked = await program("check", "customers.csv", env=CREDENTIALS)
    refused = await program(*command, env=CREDENTIALS)
    called = len(server.calls)
    confirmed = await program(*command, "--yes", env=CREDENTIALS)
    again = await program(*command, env=CREDENTIALS)
    named = await program(*command, "--encoding", "cp1252", "-o", "named.csv", env=CREDENTIALS)

    guess = "a guess: line 3 is not UTF-8; decoded this way it has the letters é ü"
    assert f"encoding 'cp1252' ({guess})" in checked.stdout
    assert (refused.code, called, refused.counts) == (2, 0, {"unsent": 2})
    assert lines_of(refused.stderr, "note: customers.csv: the encoding cp1252 is a guess")
    assert refused.stderr.splitlines()[-2:] == [
        "error: customers.csv: its encoding, cp1252, is only a guess, so nothing was sent",
        "  look at its letters with 'provisioner check customers.csv', then add --encoding cp1252, or --yes",
    ]
    assert (confirmed.code, again.code, named.code) == (0, 0, 0)
    assert server.created == {"Ana": 2, "José Müller": 2}


async def test_lines_that_are_no_rows_are_told(program: Program, twilio: StubMaker) -> None:
    """Titles and footers of a report are not sent, and are named with their lines by every way of telling."""
    server = await twilio()
    legal = '"Copyright (c) 2026 salesforce.com"'
    program.write("report.csv", f'Contacts\nCustomerFriendlyName,Id\nAna,1\n\nBo,2\nCy\n\n"Contacts"\n{legal}\n')
    command = ("run", "report.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s")

    checked = await program("check", "report.csv", "--json", env=CREDENTIALS)
    ended = await program(*command, "--json", "--failed", "failed.csv", env=CREDENTIALS)

    kinds = {1: "title", 4: "blank line", 7: "blank line", 8: "footer", 9: "footer"}
    skipped = [{"line": line, "what": what} for line, what in kinds.items()]
    told = "skipped because they are not rows: line 1 (title), lines 4, 7 (blank line), lines 8-9 (footer)"
    assert checked.summary["sources"][0]["skipped"] == skipped
    assert f"report.csv: {told}" in checked.summary["plan_notes"]
    assert ended.summary["skipped"] == [{"source": "report.csv", **each} for each in skipped]
    assert lines_of(ended.stderr, "note: report.csv: ") == [
        f"note: report.csv: {told}",
    ]
    assert (ended.code, server.created) == (4, {"Ana": 1, "Bo": 1})
    failed = (program.folder / "failed.csv").read_text()
    assert failed.splitlines() == [
        "CustomerFriendlyName,Id,_status,_error_code,_error",
        'Cy,invalid,invalid_row,"has 1 field, the header has 2"',
    ]
