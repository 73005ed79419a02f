"""Rules of reading OpenDocument spreadsheets."""

import io
import zipfile
from collections.abc import Callable

import pytest

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Detected, Source

Open = Callable[..., Source]

TYPE = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "style")
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
HEADER = (
    '<table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    '<table:table-cell office:value-type="string"><text:p>b</text:p></table:table-cell></table:table-row>'
)


def document(tables: str, styles: str = "", manifest: str = "", kind: str = TYPE) -> bytes:
    """Return a document with these tables."""
    content = (
        f"<office:document-content {SPACES} {CALC}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return stream.getvalue()


def table(rows: str, title: str = "Leads", attributes: str = "") -> str:
    """Return a table with a header and these rows."""
    return f'<table:table table:name="{title}" {attributes}>{HEADER}{rows}</table:table>'


def row(*cells: str, attributes: str = "") -> str:
    """Return a row of cells."""
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(kind: str, value: str = "", shown: str = "", more: str = "") -> str:
    """Return a cell with a value of this type."""
    told = f'office:value-type="{kind}" office:{value}' if value else f'office:value-type="{kind}"'
    return f"<table:table-cell {told} {more}><text:p>{shown}</text:p></table:table-cell>"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            cell("string", shown="Zoë <text:span>Ok<text:s text:c='2'/>afor</text:span><text:tab/>x"),
            "Zoë Ok  afor\tx",
        ),
        (cell("string", shown="a</text:p><text:p>b<text:line-break/>c"), "a\nb\nc"),
        (cell("string", shown="_x0041_"), "_x0041_"),
        (cell("string", shown="00123"), "00123"),
        (cell("string", shown="x<office:annotation><text:p>by Bo</text:p></office:annotation>"), "x"),
        (cell("float", 'value="42"', "42.00"), "42"),
        (cell("float", 'value="0.30000000000000004"', "0.3"), "0.3"),
        (cell("float", 'value="501"', "00501"), "00501"),
        (cell("percentage", 'value="0.5"', "50%"), "0.5"),
        (cell("currency", 'value="1234.5"', "€1.234,50"), "1234.5"),
        (cell("boolean", 'boolean-value="true"', "WAHR"), "TRUE"),
        (cell("date", 'date-value="2026-01-31"', "31.01.26"), "2026-01-31"),
        (cell("date", 'date-value="2026-01-31T10:30:15"', "31.01.26"), "2026-01-31T10:30:15"),
        (cell("date", 'date-value="2026-01-31T00:00:00"', "31.01.26"), "2026-01-31"),
        (cell("time", 'time-value="PT10H05M00S"', "10:05"), "10:05:00"),
        (cell("time", 'time-value="PT30H00M05S"', "30:00:05"), "30:00:05"),
        (cell("string", shown="", more='table:formula="of:=&quot;&quot;"'), ""),
        (cell("string", shown="Ada", more='table:formula="of:=[.A1]"'), "Ada"),
    ],
)
def test_a_cell_is_the_text_that_a_workbook_has(opened: Open, given: str, text: str) -> None:
    """Texts to the letter, numbers with their digits, dates as ISO 8601; see the rules of workbooks."""
    source = opened(document(table(row(given, cell("string", shown="end")))))

    assert [list(record.values) for record in source.records()] == [[text, "end"]]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (cell("string", shown="#N/A", more='calcext:value-type="error"'), "holds the error #N/A"),
        (cell("string", shown="#DIV/0!", more='table:formula="of:=1/0"'), "holds the error #DIV/0!"),
        (cell("string", shown="Err:502", more='calcext:value-type="error"'), "holds the error #VALUE!"),
        (cell("float", 'value="1234567890123456"', "1.2E15"), "holds a number of more than 15 digits"),
        (cell("date", 'date-value="soon"'), "holds the error #VALUE!"),
        (cell("colour"), "holds the error #VALUE!"),
        ('<table:table-cell table:formula="of:=1+1"/>', "holds a formula without a saved value"),
    ],
)
def test_a_cell_that_does_not_say_what_was_meant_spoils_its_row(opened: Open, given: str, problem: str) -> None:
    """As in a workbook of Excel."""
    (record,) = opened(document(table(row(given)))).records()

    assert record.problem.startswith(f"column 'a' {problem}")


def test_repeated_rows_and_cells_are_as_many_as_they_stand_for(opened: Open) -> None:
    """Lines are those that the program shows; empty ones are not kept."""
    empty = '<table:table-row table:number-rows-repeated="{}"><table:table-cell/></table:table-row>'
    twice = row(
        cell("float", 'value="1"', "1", 'table:number-columns-repeated="2"'),
        attributes='table:number-rows-repeated="2"',
    )
    gap = row('<table:table-cell table:number-columns-repeated="1"/>', cell("string", shown="x"))

    source = opened(document(table(empty.format(3) + twice + gap + empty.format(1_048_569))))

    assert source.detection.format == Detected("ods", "a zip archive with an OpenDocument spreadsheet in it")
    assert list(source.records()) == [Record(5, ["1", "1"]), Record(6, ["1", "1"]), Record(7, ["", "x"])]


def test_rows_that_a_document_hides_are_told(opened: Open) -> None:
    """By hand, by a filter, or in a folded group."""
    one = cell("string", shown="x")
    rows = (
        row(one)
        + row(one, attributes='table:visibility="collapse"')
        + row(one, attributes='table:visibility="filter"')
        + f'<table:table-row-group table:display="false">{row(one)}</table:table-row-group>'
        + row(one)
    )

    with pytest.raises(InputError, match=r"3 rows are hidden or filtered out \(lines 3, 4, 5\)"):
        list(opened(document(table(rows))).records())


def test_the_first_sheet_that_is_shown_is_read(opened: Open) -> None:
    """A style hides a sheet; another one can be named."""
    styles = (
        '<style:style style:name="ta1"><style:table-properties table:display="false"/></style:style>'
        '<style:style style:name="ta2"><style:table-properties table:display="true"/></style:style>'
    )
    tables = (
        table(row(cell("string", shown="1")), "Keys", 'table:style-name="ta1"')
        + table(row(cell("string", shown="2")), "Leads", 'table:style-name="ta2"')
        + table(row(cell("string", shown="3")), "Old")
    )
    content = document(tables, styles)

    assert [record.values for record in opened(content, name="1").records()] == [["2", ""]]
    assert opened(content, name="2").detection.note == "only the sheet 'Leads' is read, not 'Old'"
    assert [record.values for record in opened(content, name="3", sheet="Keys").records()] == [["1", ""]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document("", manifest="<encryption-data/>"), "is a spreadsheet with a password"),
        (
            document("", kind="application/vnd.oasis.opendocument.text"),
            "is an OpenDocument file, and no spreadsheet",
        ),
        (document(""), "has no sheet with a value in it"),
        (document(table("<table:table-row")), "is a workbook that is damaged"),
        (
            document(table(row(cell("float", 'value="1"'), attributes='table:number-rows-repeated="2000000"'))),
            "has more rows than Excel allows",
        ),
    ],
)
def test_a_document_without_rows_to_read_is_refused(opened: Open, content: bytes, message: str) -> None:
    """The error says what it is."""
    with pytest.raises(InputError, match=message):
        list(opened(content).records())


def test_failed_rows_are_written_as_a_workbook(opened: Open) -> None:
    """It can be read again, and has the same problem."""
    source = opened(document(table(row(cell("string", shown="#N/A", more='calcext:value-type="error"')))))
    stream = io.BytesIO()

    with source.writer(stream, ("_status",)) as writer:
        for record in source.records():
            writer.write(record, ("invalid",))
    again = opened(stream.getvalue(), name="failed.xlsx")

    assert again.columns == ("a", "b", "_status")
    assert [record.problem for record in again.records()] == ["column 'a' holds the error #N/A"]
