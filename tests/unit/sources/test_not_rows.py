"""Rules of records that are written like rows and are none, in every format that can hold them."""

import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from provisioner.sources import Source
from tests.unit.sources.workbooks import book_of

Open = Callable[..., Source]


def rows_and_skipped(source: Source) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """Read a source, and return the values of its valid rows, and the lines and kinds of what is skipped."""
    rows = [
        list(record.values.values() if isinstance(record.values, dict) else record.values)
        for record in source.records()
        if not record.problem
    ]
    return rows, [(each.line, each.what) for each in source.skipped]


def parquet_of(rows: list[tuple[str, str]]) -> bytes:
    """Return a Parquet file with the columns ``id`` and ``name`` as bytes."""
    stream = io.BytesIO()
    columns = {"id": [row[0] for row in rows], "name": [row[1] for row in rows]}
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


EMPTY = [",,", "\u200b,,\ufeff", "\u2060\u200b, ,", '"","",""', " , ,\t", '""', ",,,,", "\xa0,\u3000,", '"\r\n",,']


@pytest.mark.parametrize("record", EMPTY)
def test_a_record_without_any_value_is_no_row(opened: Open, record: str) -> None:
    """Whatever its width, and whatever blanks are in it."""
    content = f"Id,Name,Email\n1,Ada,a@x.example\n{record}\n2,Bo,b@x.example\n".encode()

    rows, skipped = rows_and_skipped(opened(content))

    assert [row[0] for row in rows] == ["1", "2"]
    assert skipped == [(3, "empty record")]


def test_empty_records_before_the_header_are_no_header(opened: Open) -> None:
    """A spreadsheet program that starts in its second row writes the first one empty."""
    source = opened(b",,\n , ,\nId,Name,Email\n1,Ada,a@x.example\n")

    rows, skipped = rows_and_skipped(source)

    assert (source.columns, rows) == (("Id", "Name", "Email"), [["1", "Ada", "a@x.example"]])
    assert skipped == [(1, "empty record"), (2, "empty record")]


HEADERS = [
    "Id,Name\n",
    "\ufeffId,Name\n",
    '\ufeff"Id",Name\n',
    '"Id","Name"\n',
    "\x1aId,Name\n",
    "\ufeff\ufeffId,Name\n",
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_record_equal_to_the_header_is_no_row(opened: Open, header: str) -> None:
    """Joined exports repeat it, with the byte order mark that each of them has."""
    content = f"\ufeffId,Name\n1,Ada\n{header}2,Bo\n".encode()

    rows, skipped = rows_and_skipped(opened(content))

    assert rows == [["1", "Ada"], ["2", "Bo"]]
    assert skipped == [(3, "repeated header")]


@pytest.mark.parametrize("row", ["id,name", "Id,name", "Id,Nadia", " Id,Name", "Name,Id"])
def test_a_record_that_only_resembles_the_header_is_a_row(opened: Open, row: str) -> None:
    """Its text decides, letter by letter."""
    rows, skipped = rows_and_skipped(opened(f"Id,Name\n1,Ada\n{row}\n".encode()))

    assert (len(rows), skipped) == (2, [])


def test_a_repeated_separator_line_goes_with_the_header(opened: Open) -> None:
    """Excel's first line is repeated with it where exports are joined."""
    rows, skipped = rows_and_skipped(opened(b"sep=;\nId;Name\n1;Ada\nsep=;\nId;Name\n2;Bo\n"))

    assert [row[0] for row in rows] == ["1", "2"]
    assert skipped == [(1, "separator line"), (4, "separator line"), (5, "repeated header")]


DASH_LINES = ["--,----", "-----------,------------------", "==,====", "--------+--------", ":---,---:"]


@pytest.mark.parametrize("line", DASH_LINES)
def test_a_line_of_dashes_below_the_header_is_no_row(opened: Open, line: str) -> None:
    """sqlcmd, isql and psql underline the names."""
    rows, skipped = rows_and_skipped(opened(f"id,name\n{line}\n1,Ada\n2,Bo\n".encode()))

    assert [row[0] for row in rows] == ["1", "2"]
    assert skipped == [(2, "dash line")]


@pytest.mark.parametrize("between", ["\n", ",\n", "\n\n , \n"])
def test_blank_lines_may_stand_between_the_header_and_its_dashes(opened: Open, between: str) -> None:
    """They are none of the rows that the dashes have to precede."""
    rows, skipped = rows_and_skipped(opened(f"id,name\n{between}==,====\n1,Ada\n".encode()))

    assert rows == [["1", "Ada"]]
    assert skipped[-1] == (2 + between.count("\n"), "dash line")


def test_dashes_that_stand_for_nothing_are_values(opened: Open) -> None:
    """One dash in each cell, and dashes further down, are somebody's row."""
    rows, skipped = rows_and_skipped(opened(b"id,name\n-,-\n--,----\n"))

    assert (rows, skipped) == ([["-", "-"], ["--", "----"]], [])


COUNTS = [
    "(2 rows affected)",
    "(2 rows)",
    "(1 row)",
    "(2 row(s) affected)",
    "(1,234 rows affected)",
    "(2 Zeilen)",
    "(2 Zeilen betroffen)",
    "(2 lignes affect\xe9es)",
    "(2 filas afectadas)",
    "(2 righe)",
    "(2 linhas afetadas)",
    "(2 wiersze)",
    "(2 \u884c)",
    "(2 \u884c\u51e6\u7406\u3055\u308c\u307e\u3057\u305f)",
    "\uff082 \u884c\u53d7\u5f71\u54cd\uff09",
    "2 rows selected.",
    "no rows selected",
    "2 rows in set (0.00 sec)",
    "2 Row(s) produced. Time Elapsed: 0.123s",
    "  2 record(s) selected.",
    "SQLRowCount returns 2",
    "2 rows fetched",
    "COPY 2",
]


@pytest.mark.parametrize("count", COUNTS)
def test_a_row_count_of_a_database_s_tool_is_no_row(opened: Open, count: str) -> None:
    """Each tool has its own wording, in its user's language."""
    rows, skipped = rows_and_skipped(
        opened(f"id,name,email\n1,Ada,a\n2,Bo,b\n\n{count}\n".encode(), encoding="utf-8")
    )

    assert [row[0] for row in rows] == ["1", "2"]
    assert skipped == [(4, "blank line"), (5, "row count")]


@pytest.mark.parametrize("text", ["(2 roses)", "5 rows of seats", "(two rows)", "rows affected", "(030) 123"])
def test_other_words_are_no_row_count(opened: Open, text: str) -> None:
    """What is not certainly a count stays a row, which is invalid by its width."""
    *_, last = opened(f"id,name\n1,Ada\n{text}\n".encode()).records()

    assert (last.line, last.problem) == (3, "has 1 field, the header has 2")


def test_a_mark_behind_the_last_value_is_no_part_of_it(opened: Open) -> None:
    """The last line may have no line end."""
    for last in ("2,Bo", '2,"Bo"'):
        rows, skipped = rows_and_skipped(opened(f"id,name\n1,Ada\n{last}\x1a".encode()))

        assert (rows, skipped) == ([["1", "Ada"], ["2", "Bo"]], [(3, "end-of-file mark")])


def test_a_header_with_a_delimiter_in_a_name_may_be_repeated_behind_a_mark(opened: Open) -> None:
    """The mark hides that the field is in quotes."""
    part = '\ufeff"Last, First",Id\n"Moor, Ada",1\n'

    rows, skipped = rows_and_skipped(opened((part + part).encode()))

    assert (len(rows), skipped) == (2, [(3, "repeated header")])


def test_a_row_of_nulls_is_an_empty_record(opened: Open) -> None:
    """Databases write them so."""
    rows, skipped = rows_and_skipped(opened(b"id\tname\n1\tAda\n\\N\t\\N\n"))

    assert (rows, skipped) == ([["1", "Ada"]], [(3, "empty record")])


@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\n", "\\.\n"])
def test_an_end_of_file_mark_is_no_row(opened: Open, end: str) -> None:
    """Ctrl-Z ends the texts of DOS, and two characters those in a script with COPY."""
    rows, skipped = rows_and_skipped(opened(f"id,name\n1,Ada\n{end}".encode()))

    assert rows == [["1", "Ada"]]
    assert skipped == [(3, "end-of-file mark")]


def test_json_knows_the_same_kinds(opened: Open) -> None:
    """An object without a value, one with its names as values, a mark before a joined file, a mark at the end."""
    lines = [
        '{"Id":"1","Name":"Ada"}',
        "{}",
        '{"Id":null,"Name":"\u200b"}',
        '\ufeff{"Id":"2","Name":"Bo"}',
        '{"Id":"Id","Name":"Name"}',
        '{"Id":"Id","Name":"3"}',
        "\x1a",
    ]

    rows, skipped = rows_and_skipped(opened("\n".join(lines).encode(), name="export.jsonl"))

    assert rows == [["1", "Ada"], ["2", "Bo"], ["Id", "3"]]
    assert skipped == [(2, "empty record"), (3, "empty record"), (5, "repeated header"), (7, "end-of-file mark")]


def test_an_array_knows_the_same_kinds(opened: Open) -> None:
    """The lists and objects in it may be empty, too."""
    content = b'[{"Name":"Ada"},\n{},\n{"Name":null,"Tags":[],"Address":{"City":"","Zip":null}},\n{"Name":"Name"}]'

    rows, skipped = rows_and_skipped(opened(content, name="export.json"))

    assert rows == [["Ada"]]
    assert skipped == [(2, "empty record"), (3, "empty record"), (4, "repeated header")]


def test_a_workbook_knows_the_same_kinds(opened: Open) -> None:
    """A row may have texts of blanks only."""
    book, stream = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (["Id", "Name"], ["1", "Ada"], [None, " "], ["Id", "Name"], ["2", "Bo"]):
        sheet.append(row)
    book.save(stream)

    rows, skipped = rows_and_skipped(opened(stream.getvalue(), name="book.xlsx"))

    assert rows == [["1", "Ada"], ["2", "Bo"]]
    assert skipped == [(3, "empty record"), (4, "repeated header")]


def json_lines_of(rows: list[tuple[str, str]]) -> bytes:
    """Return JSON Lines with the names ``id`` and ``name``; an empty text is ``null``."""
    lines = (json.dumps({"id": first, "name": second or None}) for first, second in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def test_what_a_database_s_tool_adds_is_no_row_in_any_format(opened: Open) -> None:
    """Its output was pasted, or saved by a spreadsheet program; dashes elsewhere, and one dash, are values."""
    output = [("--", "----"), ("1", "Ada"), ("--", "----"), ("2 rows", "Bo")]
    output += [("(1 row affected)", ""), ("2 rows selected.", "")]
    customers = [("-", "-"), ("2", "Bo")]

    for content, name, first in (
        (book_of([("id", "name"), *output]), "book.xlsx", 2),
        (parquet_of(output), "file.parquet", 1),
        (json_lines_of(output), "lines.jsonl", 1),
        (b"[" + json_lines_of(output).strip().replace(b"\n", b",\n") + b"]", "array.json", 1),
    ):
        rows, skipped = rows_and_skipped(opened(content, name=name))

        assert rows == [["1", "Ada"], ["--", "----"], ["2 rows", "Bo"]]
        assert skipped == [(first, "dash line"), (first + 4, "row count"), (first + 5, "row count")]
    for content in (book_of([("id", "name"), *customers]), parquet_of(customers), json_lines_of(customers)):
        assert rows_and_skipped(opened(content, name="customers")) == ([["-", "-"], ["2", "Bo"]], [])


REPORT = [
    *(("id", "name", "city"), ("1", "Ada", "Rome"), ("2", "", ""), ("Grand Totals (2 records)", "", "")),
    *(("", "", ""), ("My report", "", "")),
    ("Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.", "", ""),
    *(("Confidential Information - Do Not Distribute", "", ""), ("Generated By: Di", "", ""), ("Acme", "", "")),
]


def test_the_footer_of_a_report_is_no_row_of_a_workbook_nor_of_the_csv_made_of_it(opened: Open) -> None:
    """A spreadsheet program fills up its lines; a row with one value before it, and totals alone, are rows."""
    lines = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in REPORT)
    for content, name in ((lines.encode(), "report.csv"), (book_of(REPORT), "report.xlsx")):
        rows, skipped = rows_and_skipped(opened(content, name=name))

        assert [row[0] for row in rows] == ["1", "2"]
        assert [line for line, what in skipped if what == "footer"] == [4, 6, 7, 8, 9, 10]
    totals = [*REPORT[:3], ("Total", "", "")]
    assert len(rows_and_skipped(opened(book_of(totals), name="totals.xlsx"))[0]) == 3


def test_a_formatted_report_ends_with_its_confidential_line(opened: Open) -> None:
    """Salesforce writes it into a workbook below the totals, in the first column that it uses."""
    report = [("", *row[:2]) for row in REPORT[:3]]
    report += [("", "Total", ""), ("", "Confidential Information - Do Not Distribute", "")]

    rows, skipped = rows_and_skipped(opened(book_of(report), name="report.xlsx"))

    assert rows == [["", "1", "Ada"], ["", "2", ""]]
    assert skipped == [(4, "footer"), (5, "footer")]


def test_more_single_values_than_a_footer_has_are_rows(opened: Open) -> None:
    """They are held back in small numbers, and keep their order."""
    people = [(str(number), "") for number in range(50)]

    rows, skipped = rows_and_skipped(opened(book_of([("id", "name"), *people]), name="people.xlsx"))

    assert ([row[0] for row in rows], skipped) == ([first for first, _ in people], [])


def test_a_row_count_that_is_filled_up_is_no_row(opened: Open) -> None:
    """A spreadsheet program has saved the output of a database's tool."""
    for count in ("2 rows selected.", "Completion time: 2026-01-01T00:00:00.0+01:00"):
        rows, skipped = rows_and_skipped(opened(f"id,name\n1,Ada\n2,Bo\n{count},\n,\n".encode()))

        assert rows == [["1", "Ada"], ["2", "Bo"]]
        assert skipped == [(4, "row count"), (5, "empty record")]


def test_dashes_below_a_repeated_header_are_no_row(opened: Open) -> None:
    """Tools repeat both on each page."""
    page = [("id", "name"), ("--", "----"), ("1", "Ada")]
    lines = "".join(f"{first},{second}\n" for first, second in page)

    for content, name in (
        (lines.encode() * 2, "pages.csv"),
        (book_of(page * 2), "book.xlsx"),
        (parquet_of((page * 2)[1:]), "file.parquet"),
        (json_lines_of((page * 2)[1:]), "lines.jsonl"),
    ):
        rows, skipped = rows_and_skipped(opened(content, name=name))

        assert rows == [["1", "Ada"]] * 2
        assert [what for _, what in skipped] == ["dash line", "repeated header", "dash line"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"[]", "a.json"),
        (b"[ \n]", "a.json"),
        (b'{"records": []}', "a.json"),
        (b'{"count":0,"results":[]}', "a.json"),
        (b'{"status":0,"result":{"records":[],"totalSize":0,"done":true},"warnings":[]}', "a.json"),
        (b'{"took":1,"_shards":{"total":1},"hits":{"total":{"value":0},"max_score":null,"hits":[]}}', "a.json"),
        (b'{"data":{"customers":{"edges":[],"pageInfo":{"hasNextPage":false}}}}', "a.json"),
        (b"{}\n", "a.jsonl"),
        (b"Id,Name\n", "a.csv"),
        (b"Id,Name\n,\n", "a.csv"),
    ],
)
def test_an_input_may_have_no_row(opened: Open, content: bytes, name: str) -> None:
    """An export of nothing is not an error."""
    assert list(opened(content, name=name).records()) == []
