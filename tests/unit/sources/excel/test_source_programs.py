"""Workbooks that other programs wrote; ``files/README.md`` names them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Source

Open = Callable[..., Source]

FILES = Path(__file__).parent / "files"
CONSENTING = [["1", "Ada Ito", "yes"], ["3", "Cy & Co", "yes"]]
ALL = [["1", "Ada Ito", "yes"], ["2", "Bo Øst", "no"], ["3", "Cy & Co", "yes"], ["4", "Di Rey", "no"]]
HIDING = ("xlsxwriter.xlsx", "exceljs.xlsx", "sheetjs.xlsx", "libreoffice.xlsx", "libreoffice.ods")


def read(opened: Open, name: str, **options: str) -> Source:
    """Open one of the files."""
    return opened((FILES / name).read_bytes(), name=f"{options.get('hidden_rows', 'book')}.xlsx", **options)


def rows_of(source: Source) -> list[list[str]]:
    """Return the values of all records, none of which may have a problem."""
    records = list(source.records())
    assert [record.problem for record in records] == [""] * len(records)
    return [list(record.values) for record in records]


@pytest.mark.parametrize("program", HIDING)
def test_rows_that_a_workbook_hides_are_an_error_until_it_is_said_what_to_do(opened: Open, program: str) -> None:
    """A filter on consent must not be lost on the way: nothing after the first hidden row is read."""
    name = f"hidden_{program}"
    source = read(opened, name)
    seen: list[Record] = []

    with pytest.raises(InputError, match=r"2 rows are hidden or filtered out \(lines 3, 5\)") as caught:
        seen.extend(source.records())
    kept, included = read(opened, name, hidden_rows="skip"), read(opened, name, hidden_rows="include")

    assert [record.line for record in seen] == [2]
    assert caught.value.cure.startswith("--hidden-rows skip omits them, --hidden-rows include")
    assert rows_of(kept) == CONSENTING
    assert kept.skipped.note == "skipped because they are not rows: lines 3, 5 (hidden row)"
    assert rows_of(included) == ALL
    assert not included.skipped.total


@pytest.mark.parametrize("program", ["xlsxwriter", "exceljs", "libreoffice"])
def test_the_totals_of_a_table_are_no_row(opened: Open, program: str) -> None:
    """They are skipped and told, as a footer of delimited text is."""
    source = read(opened, f"totals_{program}.xlsx")

    rows = rows_of(source)

    assert [row[-3:] for row in rows] == ALL
    assert [(each.what, each.line) for each in source.skipped] == [
        ("totals row", 6 if program == "exceljs" else 7)
    ]


@pytest.mark.parametrize("program", ["openpyxl", "exceljs", "sheetjs", "xlsxwriter"])
def test_a_formula_that_nobody_calculated_spoils_its_row(opened: Open, program: str) -> None:
    """Its cell is not empty and not 0, it is unknown; one with a value has it, also when that is empty."""
    first, *others = read(opened, f"formulas_{program}.xlsx").records()

    assert first.problem == (
        "column 'Name' holds a formula without a saved value; open the workbook in Excel and save it first"
    )
    assert others
    assert not any(record.problem for record in others)


@pytest.mark.parametrize("kind", ["shared", "inline"])
def test_escapes_of_a_text_are_decoded_once(opened: Open, kind: str) -> None:
    """In the header and in the cells; ``_x0041_`` that was meant as such stays."""
    source = read(opened, f"escapes_{kind}_xlsxwriter.xlsx")

    assert source.columns == ("Campaign_x0020_Id", "Name")
    assert rows_of(source)[:3] == [["val_xa100_ev", "Ada\x01"], ["DE_x0041_1", "Bo_x005F_"], ["plain", "_x000D_"]]


def test_titles_above_the_header_are_skipped(opened: Open) -> None:
    """As they are in delimited text."""
    source = read(opened, "titles_openpyxl.xlsx")

    assert source.columns == ("Id", "Name", "Mail", "Note")
    assert [record.line for record in source.records()] == [5, 6, 7]
    assert source.skipped.note == "skipped because they are not rows: lines 1-2 (title)"


@pytest.mark.parametrize("program", ["xlwt", "libreoffice"])
def test_an_old_workbook_is_refused_with_the_way_to_save_it_whatever_the_options(
    opened: Open, program: str
) -> None:
    """It is a workbook: to omit ``--sheet`` would be no cure."""
    for options in ({}, {"sheet": "Customers", "hidden_rows": "skip"}):
        with pytest.raises(
            InputError, match=r"is an old Excel workbook \(\.xls\), or one with a password"
        ) as caught:
            read(opened, f"old_{program}.xls", **options)

        assert caught.value.cure.startswith("open it in the spreadsheet program and save it as .xlsx")
