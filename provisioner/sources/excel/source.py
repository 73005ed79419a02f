"""Source for Excel workbooks (``.xlsx``): the rows of the first visible sheet that has values."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, ClassVar

from provisioner.errors import InputError, ProvisionerError
from provisioner.models import Fingerprint, Record
from provisioner.sources.detection import WORKBOOK, Detected, Detection
from provisioner.sources.files.raw_input import RawInput, unreadable
from provisioner.sources.skipped import LastPass, SkippedRecords
from provisioner.system.printable import quoted

from .book import Book, opened_book
from .cells import CellValue
from .sheet import TooManyRowsError
from .writer import WorkbookWriter, encode_cell_types

_LOOK_AHEAD = 1_000
"""Number of rows without values after which a sheet counts as empty."""


@dataclass(frozen=True, slots=True)
class WorkbookSource:
    """One sheet of a workbook as input; ``Record.line`` is the number of the row in the sheet."""

    raw_input: RawInput
    detection: Detection
    columns: tuple[str, ...]
    _last_pass: LastPass = field(default_factory=LastPass)

    has_dynamic_columns: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Name of the input as the user gave it."""
        return self.raw_input.name

    @property
    def skipped(self) -> SkippedRecords:
        """Rows that the last complete pass did not take as records."""
        return self._last_pass.skipped

    @property
    def first_names(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    @property
    def shape(self) -> tuple[str, ...]:
        """Format and columns; records of sources with equal shapes can be written to one file."""
        return (self.detection.format.value, *self.columns)

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes."""
        return self.raw_input.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield all rows after the header that have a value; missing cells are empty texts.

        A record with an unusable cell has a problem. Raise ``InputError`` when the workbook is damaged.
        """
        skipped = self._last_pass.begin()
        with _opened(self.raw_input) as book:
            for line, cells in islice(_filled_rows(book, self.detection.sheet.value), 1, None):
                yield _record(line, cells, self.columns)
        self._last_pass.complete(skipped)

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[WorkbookWriter]:
        """Return a writer of a workbook to ``stream``; it is written when the context is left."""
        sheet = self.detection.sheet.value
        with closing(WorkbookWriter(stream, sheet, self.columns, extra_columns)) as writer:
            yield writer
            writer.finish()


def open_workbook(raw_input: RawInput, input_format: str) -> WorkbookSource:
    """Return the source for a workbook: its first visible sheet with a value, whose first row is the header.

    Raise ``InputError`` when there is no such sheet or no row after the header, when the archive is not a workbook
    or damaged, or when ``input_format`` (``--input-format``) is given.
    """
    with _opened(raw_input) as book:
        if input_format:
            raise InputError(
                f"is an Excel workbook, which contradicts --input-format {input_format}",
                source=raw_input.name,
                cure="omit --input-format",
            )
        sheet, *unread = _filled_sheets(book, raw_input.name)
        starts = [cells for _, cells in islice(_filled_rows(book, sheet), 2)]
    if len(starts) == 1:
        raise InputError("has a header but no rows", source=raw_input.name, cure="export it again with its rows")
    detection = Detection(
        format=Detected(WORKBOOK, "a zip archive with a workbook in it"),
        compression=Detected("none", "a workbook has its own"),
        encoding=Detected("", "a workbook has its own"),
        bom=Detected("", "a workbook has none"),
        sheet=Detected(sheet, "the first one with a value in it"),
        note=f"only the sheet {quoted(sheet)} is read, not {', '.join(map(quoted, unread))}" if unread else "",
    )
    return WorkbookSource(raw_input, detection, _header(starts[0], raw_input.name))


def workbook_columns(raw_input: RawInput) -> tuple[str, ...]:
    """Return the header of a workbook, also where no row follows; raise ``InputError`` where there is none."""
    with _opened(raw_input) as book:
        sheet = _filled_sheets(book, raw_input.name)[0]
        _, cells = next(_filled_rows(book, sheet))
        return _header(cells, raw_input.name)


def _filled_sheets(book: Book, name: str) -> list[str]:
    filled = [sheet.title for sheet in book.sheets if sheet.is_visible and _is_filled(book, sheet.title)]
    if not filled:
        raise InputError("has no sheet with a value in it", source=name, cure="export it again")
    return filled


def _is_filled(book: Book, sheet: str) -> bool:
    return any(cells for _, cells in islice(book.rows(sheet), _LOOK_AHEAD))


def _header(cells: Sequence[CellValue], name: str) -> tuple[str, ...]:
    for cell in cells:
        if cell.fault:
            raise InputError(f"a cell of the header {cell.fault}", source=name, cure="fix the header")
    return tuple(cell.text for cell in cells)


def _filled_rows(book: Book, sheet: str) -> Iterator[tuple[int, list[CellValue]]]:
    """Return an iterator of (row number, cells) of the rows that have a value."""
    return ((line, cells) for line, cells in book.rows(sheet) if cells)


def _record(line: int, cells: Sequence[CellValue], columns: Sequence[str]) -> Record:
    values = [cell.text for cell in cells]
    values += [""] * (len(columns) - len(values))
    faults = [
        f"column {quoted(name)} {cell.fault}" for name, cell in zip(columns, cells, strict=False) if cell.fault
    ]
    if len(cells) > len(columns):
        faults.append(f"has a value in column {len(cells)}, the header has {len(columns)}")
    if not faults:
        return Record(line, values)
    return Record(line, values, "; ".join(faults), encode_cell_types([cell.kind for cell in cells]))


@contextmanager
def _opened(raw_input: RawInput) -> Iterator[Book]:
    """Open a workbook; errors of opening it, and of reading it inside the context, become ``InputError``."""
    try:
        with opened_book(raw_input) as book:
            yield book
    except (ProvisionerError, ImportError):
        raise
    except OSError as error:
        raise unreadable(raw_input.name, error) from error
    except TooManyRowsError as error:
        raise InputError(
            "has more rows than Excel allows", source=raw_input.name, cure="save it as CSV UTF-8"
        ) from error
    except Exception as error:
        raise InputError(
            "is a workbook that is damaged or not in the standard form",
            source=raw_input.name,
            cure="open it in the spreadsheet program and save it anew, or as CSV UTF-8",
        ) from error
