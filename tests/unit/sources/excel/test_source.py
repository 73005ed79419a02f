"""Rules of reading Excel workbooks and of writing their rows back."""

import gc
import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.options import InputOptions
from provisioner.sources import Detected, Source
from provisioner.sources.excel import archive as excel_archive
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.files.spool import spooled
from provisioner.sources.open import open_source
from tests.unit.sources.workbooks import book_of, saved, with_shared, with_sheet

Open = Callable[..., Source]
EXTRA = ("_status", "_error")


def texts_of(source: Source) -> list[list[str]]:
    """Return the values of all records, none of which may have a problem."""
    records = list(source.records())
    assert [record.problem for record in records] == [""] * len(records)
    return [list(record.values) for record in records]


def written(source: Source) -> bytes:
    """Write all records of a source back."""
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        for record in source.records():
            writer.write(record, ("invalid", "no, sorry"))
    return stream.getvalue()


def test_a_workbook_is_told_by_its_content(opened: Open) -> None:
    """The name plays no part, and what was found is told with its reason."""
    source = opened(book_of([["name", "id"], ["Ada", "007"]]), name="export.csv")

    assert source.columns == ("name", "id")
    assert not source.has_dynamic_columns
    assert list(source.records()) == [Record(2, ["Ada", "007"])]
    assert list(source.detection.findings()) == [
        ("compression", Detected("none", "a workbook has its own")),
        ("format", Detected("xlsx", "a zip archive with a workbook in it")),
        ("sheet", Detected("Sheet", "the first one with a value in it")),
    ]
    assert source.detection.note == ""


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        ("00123", "", "00123"),
        ("  Zoë \n日本 🎈 ", "", "  Zoë \n日本 🎈 "),
        ("123456789012345678901234567890", "", "123456789012345678901234567890"),
        ("NULL", "", "NULL"),
        ("1/2", "", "1/2"),
        ("a_x000D_\nb_x005F_", "", "a\r\nb_"),
        ("_x005F_x0041_ _X0041_ _x41_", "", "_x0041_ _X0041_ _x41_"),
        ("_xD83D__xDE00_", "", "\U0001f600"),
        (42, "", "42"),
        (-42, "", "-42"),
        (42.0, "", "42"),
        (999999999999999, "", "999999999999999"),
        (0.1 + 0.2, "", "0.3"),
        (1e-7, "", "1E-07"),
        (0.5, "0%", "0.5"),
        (1234.5, '"$"#,##0.00', "1234.5"),
        (10042, '"CUST-"0', "10042"),
        (250.5, '#,##0.00 "USD"', "250.5"),
        (10042, "[Red]0", "10042"),
        (501, "00000", "00501"),
        (123456, "00000", "123456"),
        (1.5, "00000", "1.5"),
        (-5, "00000", "-5"),
        (True, "", "TRUE"),
        (False, "", "FALSE"),
        (date(2026, 1, 31), "", "2026-01-31"),
        (datetime(2026, 1, 31, 10, 30, 15, tzinfo=UTC).replace(tzinfo=None), "", "2026-01-31T10:30:15"),
        (time(10, 5), "", "10:05:00"),
        (timedelta(hours=30, seconds=5), "", "30:00:05"),
        (timedelta(hours=-1), "[h]:mm:ss", "-1:00:00"),
    ],
)
def test_a_cell_is_the_text_that_it_shows(opened: Open, value: object, number_format: str, text: str) -> None:
    """Texts to the letter, numbers with Excel's digits, dates as ISO 8601."""
    formats = {"A2": number_format} if number_format else {}

    source = opened(book_of([["value"], [value]], formats))

    assert texts_of(source) == [[text]]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("#N/A", "column 'id' holds the error #N/A"),
        ("#DIV/0!", "column 'id' holds the error #DIV/0!"),
        (1234567890123456, "column 'id' holds a number of more than 15 digits, of which Excel keeps only 15; "),
        (1.5e300, "column 'id' holds a number of more than 15 digits"),
    ],
)
def test_a_cell_that_does_not_say_what_was_meant_spoils_its_row(opened: Open, value: object, problem: str) -> None:
    """An error is no value, and digits that Excel has dropped cannot be had back; fed back, it stays so."""
    source = opened(book_of([["name", "id"], ["Ada", value], ["Bo", "2"]]))

    for _ in range(3):
        first, second = source.records()

        assert first.problem.startswith(problem)
        assert next(iter(first.values)) == "Ada"
        assert second.problem == ""
        source = opened(written(source))


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ('<c r="A2" t="e"><v>secret</v></c>', "column 'x' holds the error #VALUE!"),
        (f'<c r="A2" t="str"><v>{"x" * 32_768}</v></c>', "column 'x' holds more than 32,767 characters"),
        ('<c r="A2" t="str"><v>_xD83D_</v></c>', "column 'x' holds half of a character"),
        ('<c r="A2" t="b"><f>TRUE()</f></c>', "column 'x' holds a formula without a saved value"),
        ('<c r="A2"><v>1e999</v></c>', "column 'x' holds a number of more than 15 digits"),
        ('<c r="A2" t="n"><v>' + "9" * 400 + "</v></c>", "column 'x' holds a number of more than 15 digits"),
    ],
)
def test_a_cell_that_excel_would_not_write_spoils_its_row(opened: Open, cell: str, problem: str) -> None:
    """Its value is not repeated."""
    source = opened(with_sheet(f'<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2">{cell}</row>'))

    (record,) = source.records()

    assert record.problem.startswith(problem)
    assert next(opened(written(source)).records()).problem


def test_texts_that_cells_share_are_read(opened: Open) -> None:
    """This is how Excel writes them; of a text in several fonts, all is read."""
    texts = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>name</t></si>'
        '<si><r><t xml:space="preserve">Zoë </t></r><r><rPr><b/></rPr><t>Okafor_x000D_</t></r>'
        '<rPh sb="0" eb="3"><t>zoe</t></rPh></si></sst>'
    )
    rows = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>'

    source = opened(with_shared(with_sheet(rows), texts))

    assert source.columns == ("name",)
    assert texts_of(source) == [["Zoë Okafor\r"]]


def test_empty_cells_are_empty_texts_and_empty_rows_no_records(opened: Open) -> None:
    """Lines are the sheet's row numbers; a value that has no column is a problem."""
    rows: list[list[object]] = [
        [],
        ["a", None, "c", None],
        [],
        ["1"],
        [None, None, None, None],
        [None, "2", None],
        ["1", "2", "3", "4"],
    ]

    source = opened(book_of(rows))

    assert source.columns == ("a", "", "c")
    assert list(source.records()) == [
        Record(4, ["1", "", ""]),
        Record(6, ["", "2", ""]),
        Record(7, ["1", "2", "3", "4"], "has a value in column 4, the header has 3"),
    ]


def test_the_first_sheet_with_values_is_read_and_the_others_are_named(opened: Open) -> None:
    """Empty and hidden sheets are not worth a word."""
    book = Workbook()
    for title, state in (
        ("Contacts", "visible"),
        ("Leads", "visible"),
        ("lists", "hidden"),
        ("keys", "veryHidden"),
    ):
        sheet = book.create_sheet(title)
        sheet.append([title])
        sheet.append(["x"])
        sheet.sheet_state = state

    source = opened(saved(book))

    assert source.columns == ("Contacts",)
    assert source.detection.sheet == Detected("Contacts", "the first one with a value in it")
    assert source.detection.note == "only the sheet 'Contacts' is read, not 'Leads'"


def test_the_size_that_a_sheet_tells_is_not_believed(opened: Open) -> None:
    """Some programs write it wrong, and rows would be lost; cells need not tell their place either."""
    rows = "".join(f'<row><c t="inlineStr"><is><t>a{number}</t></is></c></row>' for number in range(5))

    source = opened(with_sheet(rows, '<dimension ref="A1:A2"/>'))

    assert texts_of(source) == [[f"a{number}"] for number in range(1, 5)]


def test_a_stray_value_in_the_last_cell_costs_no_memory(opened: Open) -> None:
    """The rows between are not made."""
    start = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'

    source = opened(with_sheet(f'{start}<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))

    assert [(record.line, record.problem) for record in source.records()] == [
        (2, ""),
        (1_048_576, "has a value in column 16384, the header has 1"),
    ]


def test_a_row_behind_the_last_is_refused(opened: Open) -> None:
    """Counting up to it could take for ever."""
    start = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'

    with pytest.raises(InputError, match="has more rows than Excel allows"):
        list(opened(with_sheet(f'{start}<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>')).records())


def test_failed_rows_are_written_as_a_workbook_of_texts(opened: Open) -> None:
    """It can be opened and saved in Excel without a zero getting lost; our columns are renewed in their place."""
    odd = "a_x000D_\nb_x0001__x005F_x000D_"
    rows: list[list[object]] = [["id", "_error", "note"], ["007", "old", "=1+1"], [7, "", odd], ["1", "", "", "4"]]

    source = opened(book_of(rows))
    again = opened(written(source))

    assert again.columns == ("id", "_error", "note", "_status")
    assert [list(record.values) for record in again.records()] == [
        ["007", "no, sorry", "=1+1", "invalid"],
        ["7", "no, sorry", "a\r\nb\x01_x000D_", "invalid"],
        ["1", "no, sorry", "", "invalid", "4"],
    ]
    assert [bool(record.problem) for record in again.records()] == [False, False, True]
    assert again.shape == ("xlsx", "id", "_error", "note", "_status")


def test_a_workbook_that_finds_no_room_fails_once(opened: Open) -> None:
    """A full disk is an ``OSError`` where the workbook is finished, and no second one when it is collected."""
    source = opened(book_of([["name"], ["Ada"]]), name="export.xlsx")
    seen: list[str] = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.unraisablehook", lambda unraisable: seen.append(repr(unraisable.exc_value)))
        with (
            pytest.raises(OSError, match="No space left"),
            Path("/dev/full").open("wb") as full,
            source.writer(full, EXTRA) as writer,
        ):
            writer.write(next(iter(source.records())), ("invalid", "no, sorry"))
        gc.collect()

    assert seen == []


def test_a_piped_workbook_is_read(opened: Open) -> None:
    """It is kept aside first, as everything that comes through a pipe."""
    with spooled("-", io.BytesIO(book_of([["a"], ["1"]])), None) as raw_input:
        source = open_source(raw_input, InputOptions())

        assert texts_of(source) == texts_of(source) == [["1"]]
        assert source.fingerprint().name == source.name == "-"


def _archive(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


BOOK = book_of([["a", "b"], ["1", "2"]])


@pytest.mark.parametrize(
    ("content", "message", "cure"),
    [
        (_archive("names.csv"), "is a zip archive, not text", "unpack it and name the file inside"),
        (_archive("[Content_Types].xml", "word/document.xml"), "is an Office document, and no workbook", "name a"),
        (
            _archive("[Content_Types].xml", "xl/workbook.bin"),
            "is a binary Excel workbook (.xlsb)",
            "save it as CSV",
        ),
        (_archive("mimetype", "content.xml"), "is an OpenDocument file", "save it as CSV"),
        (_archive("[Content_Types].xml", "xl/workbook.xml"), "is a workbook that is damaged", "save it anew"),
        (with_sheet("<row"), "is a workbook that is damaged", "save it anew"),
        (with_sheet('<row><c t="s"><v>99</v></c></row>'), "is a workbook that is damaged", "save it anew"),
        (BOOK[:-40], "is a zip archive, or a workbook, that is cut short or damaged", "export it again"),
        (gzip.compress(BOOK), "is a zip archive, compressed once more", "unpack it first"),
        (book_of([]), "has no sheet with a value in it", "export it again"),
        (book_of([["a", "#REF!"], ["1"]]), "a cell of the header holds the error #REF!", "fix the header"),
    ],
)
def test_what_is_no_workbook_to_read_is_refused_by_what_it_is(
    opened: Open, content: bytes, message: str, cure: str
) -> None:
    """Whoever saved the wrong kind of file is told what to do instead."""
    with pytest.raises(InputError) as caught:
        opened(content, name="export.xlsx")

    assert message in caught.value.message
    assert cure in caught.value.cure


def test_a_format_that_contradicts_a_workbook_is_refused(opened: Open) -> None:
    """There is nothing that it could mean."""
    with pytest.raises(InputError, match="is an Excel workbook, which contradicts --input-format csv"):
        opened(BOOK, input_format="csv")


def test_an_archive_made_to_fill_the_memory_is_refused(opened: Open) -> None:
    """Its sizes tell before anything is unpacked."""
    bomb = with_sheet(f'<row r="1"><c t="str"><v>{" " * 70_000_000}</v></c></row>')

    with pytest.raises(
        InputError, match=re.escape("is a workbook that unpacks to 0.1 GiB, which no real one of its")
    ):
        opened(bomb)


def test_a_workbook_too_large_for_the_memory_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its texts are kept in memory, so they are bounded."""
    monkeypatch.setattr(excel_archive, "_LARGEST_SHARED_TEXTS", 10)

    with pytest.raises(InputError, match="is too large a workbook"):
        opened(with_shared(BOOK, "x" * 11))


@pytest.mark.parametrize("times", [2, 3])
def test_what_the_disk_refuses_is_worded(times: int) -> None:
    """As for every other input, whichever of the openings it is."""
    readings = iter([BOOK] * times)

    def opening() -> io.BufferedReader:
        content = next(readings, None)
        if content is None:
            raise PermissionError(13, "Permission denied")
        return io.BufferedReader(io.BytesIO(content))

    with pytest.raises(InputError, match="cannot be opened: permission denied"):
        list(open_source(RawInput("book", opening), InputOptions()).records())
