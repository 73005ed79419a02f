"""Rules of choosing the sheet of a workbook and of finding its header."""

from collections.abc import Callable, Sequence

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.table import Table

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Detected, Source
from tests.unit.sources.workbooks import book_of, saved, with_parts, with_sheet

Open = Callable[..., Source]


def sheets_of(*titles: str, hidden: Sequence[str] = ()) -> bytes:
    """Return a workbook with a sheet for each title, which its first cell repeats."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title in titles:
        sheet = book.create_sheet(title)
        sheet.append([title, "Name"])
        sheet.append(["1", "Ada"])
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    return saved(book)


@pytest.mark.parametrize(("named", "title"), [("Leads", "Leads"), ("leads", "Leads"), ("keys", "keys")])
def test_a_sheet_is_read_by_its_name(opened: Open, named: str, title: str) -> None:
    """Its case does not matter, and a hidden one can be named, too."""
    source = opened(sheets_of("Contacts", "Leads", "keys", hidden=["keys"]), sheet=named)

    assert source.columns == (title, "Name")
    assert source.detection.sheet == Detected(title, "--sheet")
    assert source.detection.note == ""


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(opened: Open) -> None:
    """Whoever mistyped it sees what to write."""
    with pytest.raises(InputError, match="has no sheet 'Lead'") as caught:
        opened(sheets_of("Contacts", "Leads", hidden=["Leads"]), sheet="Lead")

    assert caught.value.cure == "its sheets are 'Contacts', 'Leads'"


def test_a_sheet_of_text_is_refused(opened: Open) -> None:
    """A CSV file has none, and the wish must not be lost."""
    with pytest.raises(InputError, match="is not a workbook, so it has no sheets"):
        opened(b"name\nAda\n", sheet="Leads")


def test_values_on_hidden_sheets_only_are_told(opened: Open) -> None:
    """They are there, and one of them may be meant."""
    with pytest.raises(InputError, match="has values in hidden sheets only: Leads, keys") as caught:
        opened(with_hidden_only())

    assert caught.value.cure == "--sheet 'Leads' reads one of them"


def with_hidden_only() -> bytes:
    """Return a workbook whose only visible sheet is empty."""
    book = Workbook()
    for title in ("Leads", "keys"):
        sheet = book.create_sheet(title)
        sheet.append([title])
        sheet.append(["1"])
        sheet.sheet_state = "hidden"
    return saved(book)


HEADER = ["Id", "Name", "Mail"]
ROWS = [["1", "Ada Ito", "ada@x.example"], ["2", "Bo Øst", ""], ["3", "Cy", "cy@x.example"]]


@pytest.mark.parametrize(
    ("before", "header", "titles"),
    [
        ([["Customers"], []], HEADER, [1]),
        ([["Customers"]], HEADER, [1]),
        ([[], ["Customers"], ["2026-01-31"], [], []], HEADER, [2, 3]),
        ([["Customers"], []], ["Id", "Name", ""], []),
        ([["Customers"], []], ["Id", "Name", "2026"], []),
        ([], HEADER, []),
    ],
)
def test_titles_are_skipped_where_the_header_is_certain(
    opened: Open, before: list[list[str]], header: list[str], titles: list[int]
) -> None:
    """In doubt the first row is the header, as it has always been."""
    source = opened(book_of([*before, header, *ROWS]))

    first, *_ = source.records()

    assert [each.line for each in source.skipped] == titles
    assert (source.columns == tuple(header)) is (bool(titles) or not before)
    assert first.line == (len(before) + 2 if titles or not before else 3)


def test_a_row_without_text_and_a_repeated_header_are_skipped(opened: Open) -> None:
    """Neither is a customer; both are told."""
    source = opened(book_of([HEADER, ROWS[0], [" ", None, "\u00a0"], HEADER, ROWS[2], ["", " ", ""]]))

    assert list(source.records()) == [Record(2, ROWS[0]), Record(5, ROWS[2])]
    assert [(each.line, each.what) for each in source.skipped] == [
        (3, "empty record"),
        (4, "repeated header"),
        (6, "empty record"),
    ]


def table_of(count: str, rows: Sequence[Sequence[str]], ref: str) -> bytes:
    """Return a workbook with a table, whose part has the attributes ``count``."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    sheet.add_table(Table(displayName="T", ref=ref))
    part = (
        '<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="1" name="T" displayName="T" '
        f'ref="{ref}" {count}><tableColumns count="1"><tableColumn id="1" name="Id"/></tableColumns></table>'
    )
    return with_parts(saved(book), {"xl/tables/table1.xml": part})


@pytest.mark.parametrize(
    ("count", "ref", "skipped"),
    [
        ('totalsRowCount="1"', "A1:C4", [4]),
        ('totalsRowCount="2"', "A1:C4", [3, 4]),
        ('totalsRowShown="1"', "A1:C4", []),
        ("", "A1:C4", []),
        ('totalsRowCount="0" totalsRowShown="1"', "A1:C4", []),
        ('totalsRowCount="1"', "A1:B4", []),
    ],
)
def test_only_totals_that_a_table_shows_are_skipped(
    opened: Open, count: str, ref: str, skipped: list[int]
) -> None:
    """``totalsRowShown`` says that there have been some; a row that has more than the totals stays a row."""
    source = opened(table_of(count, [HEADER, *ROWS], ref))

    lines = [record.line for record in source.records()]

    assert [each.line for each in source.skipped] == skipped
    assert lines == [line for line in (2, 3, 4) if line not in skipped]


@pytest.mark.parametrize(
    "mark", ['hidden="1"', 'hidden="true"', 'ht="0" customHeight="1"', 'hidden="1" outlineLevel="1"']
)
def test_a_row_is_hidden_in_each_way_of_hiding_it(opened: Open, mark: str) -> None:
    """By hand, by a filter, by folding a group, or without height."""
    cells = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    content = with_sheet(f'{cells}<row r="3" {mark}><c r="A3"><v>2</v></c></row>')

    with pytest.raises(InputError, match=r"1 row is hidden or filtered out \(line 3\)"):
        list(opened(content).records())


def test_many_hidden_rows_are_told_by_the_first_ones(opened: Open) -> None:
    """A screenful of numbers helps nobody, and hidden rows without a value count no more than others."""
    cells = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    hidden = "".join(f'<row r="{row}" hidden="1"><c r="A{row}"><v>2</v></c></row>' for row in range(3, 3_003))

    with pytest.raises(InputError, match=r"3,000 rows are .* \(lines 3, 4, .* 12 and 2,990 more\)"):
        list(opened(with_sheet(f'{cells}{hidden}<row r="4000" hidden="1"/>')).records())


def test_hidden_columns_are_read_and_told(opened: Open) -> None:
    """A key is often hidden, so its column is worth as much as the others."""
    cells = '<row r="1"><c r="A1" t="str"><v>Id</v></c><c r="B1" t="str"><v>Name</v></c></row>'
    source = opened(
        with_sheet(
            f'{cells}<row r="2"><c r="A2"><v>1</v></c></row>', '<cols><col min="1" max="1" hidden="1"/></cols>'
        )
    )

    assert source.detection.note == "hidden columns are read like the others: 'Id'"
    assert list(source.records()) == [Record(2, ["1", ""])]
