"""Writer of workbook rows to a workbook; values are texts, so that leading zeros and long numbers are kept."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from provisioner.models import Record
from provisioner.sources.source import RecordWriter

from .cells import TEXT, escape_xml


class WorkbookWriter(RecordWriter):
    """Writer of rows to one sheet, with their values as texts; call ``finish`` after the last one.

    A cell that could not be used is written with its original type, so that reading it again finds the same
    problem.
    """

    def __init__(self, stream: BinaryIO, sheet: str, columns: Sequence[str], extra_columns: Sequence[str]) -> None:
        from openpyxl import Workbook  # noqa: PLC0415 - slow to load, so only when it is needed
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above

        self._stream = stream
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(sheet)
        self._new_cell = WriteOnlyCell
        header = [*columns, *(name for name in extra_columns if name not in columns)]
        self._width, self._whole_width = len(columns), len(header)
        self._places = [header.index(name) for name in extra_columns]
        self._sheet.append([self._cell(name) for name in header])

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one row with its extra values; values in columns after the header stay after it."""
        kinds = decode_cell_types(record.raw)
        cells = [self._cell(value, kinds.get(place, TEXT)) for place, value in enumerate(record.values)]
        beyond = cells[self._width :]
        cells[self._width :] = [None] * (self._whole_width - self._width)
        for place, value in zip(self._places, extra, strict=True):
            cells[place] = self._cell(value)
        self._sheet.append([*cells, *beyond])

    def finish(self) -> None:
        """Write the workbook to the stream. Raise ``OSError`` when the stream cannot be written."""
        self._sheet.close()
        from openpyxl.writer.excel import ExcelWriter  # noqa: PLC0415 - as above

        # When a write fails, Workbook.save leaves its archive open: the garbage collector then fails once more.
        with ZipFile(self._stream, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(self._book, archive).save()

    def close(self) -> None:
        """Close the temporary file of the sheet if ``finish`` was not called."""
        if not self._sheet.closed:
            self._sheet.close()

    def _cell(self, text: str, kind: str = TEXT) -> Any:
        cell = self._new_cell(self._sheet, escape_xml(text))
        cell.data_type = kind
        return cell


def encode_cell_types(kinds: Mapping[int, str]) -> bytes:
    """Return the types of the cells of a row that are not texts, by place, as bytes for ``decode_cell_types``."""
    return " ".join(f"{place}{kind}" for place, kind in kinds.items()).encode()


def decode_cell_types(note: bytes) -> dict[int, str]:
    """Return the types of the cells that are not texts, by column index from 0; see ``encode_cell_types``."""
    return {int(each[:-1]): each[-1] for each in note.decode().split()}
