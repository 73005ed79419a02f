"""Opening of a workbook: choose the sheet, and find its header, its titles and the totals of its tables."""

from collections.abc import Iterator, Sequence
from itertools import islice

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources.detection import Detected, Detection
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.skipped import LastPass, SkippedLine
from provisioner.system.printable import quoted, shortened

from .book import Book
from .layout import SheetLayout, find_layout
from .sheet_rows import Sheet
from .source import SheetPlan, WorkbookSource, opened_workbook

_LOOK_AHEAD = 1_000
"""Number of rows without values after which a sheet counts as empty, and of rows that show its layout."""
_FORMATS = {
    "xlsx": "a zip archive with a workbook in it",
    "ods": "a zip archive with an OpenDocument spreadsheet in it",
}
_NAMES = {"xlsx": "an Excel workbook", "ods": "an OpenDocument spreadsheet"}
_FIRST_SHEET = "the first one with a value in it"


def open_workbook(raw_input: RawInput, options: InputOptions) -> WorkbookSource:
    """Return the source for a workbook: the sheet named by ``--sheet``, else the first visible one with a value.

    Raise ``InputError`` when there is no such sheet, when the archive is not a workbook or damaged, or when
    ``--input-format`` is given.
    """
    with opened_workbook(raw_input) as book:
        if options.input_format:
            raise InputError(
                f"is {_NAMES[book.format]}, which contradicts --input-format {options.input_format}",
                source=raw_input.name,
                cure="omit --input-format",
            )
        sheet, *unread = _sheets(book, options.sheet, raw_input.name)
        layout = _layout(book, sheet, raw_input.name)
        found_format = Detected(book.format, _FORMATS[book.format])
        hidden = book.hidden_columns(sheet)
        totals = book.totals(sheet)
    columns = _header(layout, raw_input.name)
    detection = Detection(
        format=found_format,
        compression=Detected("none", "a workbook has its own"),
        encoding=Detected("", "a workbook has its own"),
        bom=Detected("", "a workbook has none"),
        sheet=Detected(sheet, "--sheet" if options.sheet else _FIRST_SHEET),
        hidden_rows=Detected(options.hidden_rows, "--hidden-rows"),
        note="; ".join(_notes(sheet, unread, columns, hidden)),
    )
    plan = SheetPlan(layout.header.line, tuple(totals), options.hidden_rows)
    titles = LastPass(SkippedLine(line, "title") for line in layout.titles)
    return WorkbookSource(raw_input, detection, columns, plan, titles)


def workbook_columns(raw_input: RawInput) -> tuple[str, ...]:
    """Return the header of a workbook, also where no row follows; raise ``InputError`` where there is none."""
    with opened_workbook(raw_input) as book:
        return _header(_layout(book, _sheets(book, "", raw_input.name)[0], raw_input.name), raw_input.name)


def _sheets(book: Book, named: str, name: str) -> list[str]:
    """Return the sheet to read, and the titles of those that are not read and have values."""
    if named:
        return [_named_sheet(book.sheets, named, name)]
    filled = [sheet.title for sheet in book.sheets if sheet.is_visible and _is_filled(book, sheet.title)]
    if filled:
        return filled
    hidden = [sheet.title for sheet in book.sheets if not sheet.is_visible and _is_filled(book, sheet.title)]
    if hidden:
        raise InputError(
            f"has values in hidden sheets only: {', '.join(map(shortened, hidden))}",
            source=name,
            cure=f"--sheet {quoted(hidden[0])} reads one of them",
        )
    raise InputError("has no sheet with a value in it", source=name, cure="export it again")


def _named_sheet(sheets: Sequence[Sheet], named: str, name: str) -> str:
    """Return the title of a sheet; its case matters only where two differ by nothing else."""
    titles = [sheet.title for sheet in sheets]
    alike = [title for title in titles if title.casefold() == named.casefold()]
    if named in titles:
        return named
    if len(alike) == 1:
        return alike[0]
    raise InputError(
        f"has no sheet {quoted(named)}", source=name, cure=f"its sheets are {', '.join(map(quoted, titles))}"
    )


def _is_filled(book: Book, sheet: str) -> bool:
    return any(row.texts for row in islice(book.rows(sheet), _LOOK_AHEAD))


def _layout(book: Book, sheet: str, name: str) -> SheetLayout:
    rows = list(islice((row for row in book.rows(sheet) if row.texts), _LOOK_AHEAD))
    if not rows:
        raise InputError(f"has no value in the sheet {quoted(sheet)}", source=name, cure="name another --sheet")
    return find_layout(rows)


def _header(layout: SheetLayout, name: str) -> tuple[str, ...]:
    for _, cell in layout.header.faults:
        raise InputError(f"a cell of the header {cell.fault}", source=name, cure="fix the header")
    return tuple(layout.header.texts)


def _notes(sheet: str, unread: Sequence[str], columns: Sequence[str], hidden: Sequence[range]) -> Iterator[str]:
    if unread:
        yield f"only the sheet {quoted(sheet)} is read, not {', '.join(map(quoted, unread))}"
    places = [place for place, name in enumerate(columns) if name and any(place + 1 in each for each in hidden)]
    if places:
        yield f"hidden columns are read like the others: {', '.join(quoted(columns[place]) for place in places)}"
