"""Source for Excel workbooks (``.xlsx``): the rows of one sheet."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import BinaryIO, ClassVar, NamedTuple

import msgspec

from provisioner.errors import InputError, ProvisionerError
from provisioner.models import Fingerprint, Record
from provisioner.sources.cut_numbers import mention_cut_numbers
from provisioner.sources.detection import Detection
from provisioner.sources.files.raw_input import RawInput, unreadable
from provisioner.sources.not_rows import NotRows
from provisioner.sources.skipped import LastPass, SkippedRecords
from provisioner.system.printable import quoted

from .book import Book, opened_book
from .footer import without_footer
from .sheet_rows import SheetRow, TooManyRowsError
from .tables import Totals
from .writer import WorkbookWriter, encode_cell_types

HIDDEN_ROW = "hidden row"
"""Kind of a row that the workbook does not show: hidden, filtered out, folded, or without height."""
_TOTALS_ROW = "totals row"
_INCLUDE = "include"
_SHOWN_LINES = 10


class SheetPlan(NamedTuple):
    """How the rows of a sheet are read: the number of the header, and ``--hidden-rows``, empty if not given."""

    header_line: int
    totals: tuple[Totals, ...]
    hidden_rows: str


class WorkbookSource(msgspec.Struct, frozen=True):
    """One sheet of a workbook as input; ``Record.line`` is the number of the row in the sheet."""

    raw_input: RawInput
    detection: Detection
    columns: tuple[str, ...]
    _plan: SheetPlan
    _last_pass: LastPass

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

        A record with an unusable cell has a problem. Raise ``InputError`` when the workbook is damaged, and when
        it hides rows and ``--hidden-rows`` is not given; no row after the first hidden one is yielded then.
        """
        skipped, hidden, is_refused = self._last_pass.begin(), SkippedRecords(), False
        with opened_workbook(self.raw_input) as book:
            for row in self._rows(book, skipped):
                if row.is_hidden and self._plan.hidden_rows != _INCLUDE:
                    hidden.add(row.line, HIDDEN_ROW)
                    skipped.add(row.line, HIDDEN_ROW)
                    is_refused = not self._plan.hidden_rows
                elif not is_refused:
                    mention_cut_numbers(skipped, row.line, self.columns, row.texts)
                    yield _record(row, self.columns)
        if is_refused:
            raise self._hides(hidden)
        self._last_pass.complete(skipped)

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[WorkbookWriter]:
        """Return a writer of a workbook to ``stream``; it is written when the context is left."""
        sheet = self.detection.sheet.value
        with closing(WorkbookWriter(stream, sheet, self.columns, extra_columns)) as writer:
            yield writer
            writer.finish()

    def _rows(self, book: Book, skipped: SkippedRecords) -> Iterator[SheetRow]:
        """Yield the rows after the header that are records, hidden ones included."""
        not_rows, totals, header_line = NotRows(self.columns), self._plan.totals, self._plan.header_line
        rows = (row for row in book.rows(self.detection.sheet.value) if row.line > header_line and row.texts)
        for row in without_footer(rows, skipped):
            texts = row.texts
            if totals and any(each.hold(row.line, texts) for each in totals):
                skipped.add(row.line, _TOTALS_ROW)
            elif what := not_rows.kind_of_cells(texts):
                skipped.add(row.line, what)
            else:
                yield row

    def _hides(self, hidden: SkippedRecords) -> InputError:
        lines = [f"{each.line:,}" for each in islice(hidden, _SHOWN_LINES)]
        more = f" and {hidden.total - len(lines):,} more" if hidden.total > len(lines) else ""
        noun = "row is" if hidden.total == 1 else "rows are"
        return InputError(
            f"{hidden.total:,} {noun} hidden or filtered out ({'line' if hidden.total == 1 else 'lines'} "
            f"{', '.join(lines)}{more})",
            source=self.name,
            cure="--hidden-rows skip omits them, --hidden-rows include sends them like the others",
        )


def _record(row: SheetRow, columns: Sequence[str]) -> Record:
    values, width = row.texts, len(columns)
    if len(values) < width:
        values += [""] * (width - len(values))
    if len(values) == width and not row.faults:
        return Record(row.line, values)
    cells = sorted(row.faults)
    faults = [f"column {quoted(columns[place])} {cell.fault}" for place, cell in cells if place < width]
    if len(values) > width:
        faults.append(f"has a value in column {len(values)}, the header has {width}")
    return Record(
        row.line, values, "; ".join(faults), encode_cell_types({place: cell.kind for place, cell in cells})
    )


@contextmanager
def opened_workbook(raw_input: RawInput) -> Iterator[Book]:
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
