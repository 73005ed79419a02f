"""Rows of a workbook back into a workbook, so that leading zeros and long numbers outlive a look at them."""

from collections.abc import Sequence
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from provisioner.models import Record

from .cells import TEXT, escape_xml


class WorkbookWriter:
    """Writes rows to one sheet, their values as texts; ``finish`` has to follow the last.

    A cell that could not be read is written as what it was, so that the row's problem stays.
    """

    def __init__(self, stream: BinaryIO, sheet: str, columns: Sequence[str], extra_columns: Sequence[str]) -> None:
        from openpyxl import Workbook  # noqa: PLC0415 - an extra
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - the same

        self._stream = stream
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(sheet)
        self._new_cell = WriteOnlyCell
        header = [*columns, *(name for name in extra_columns if name not in columns)]
        self._width, self._whole_width = len(columns), len(header)
        self._places = [header.index(name) for name in extra_columns]
        self._sheet.append([self._cell(name) for name in header])

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one row with its extra values; values beyond the header stay beyond it."""
        kinds = decode_cell_types(record.raw)
        cells = [self._cell(value, kinds.get(place, TEXT)) for place, value in enumerate(record.values)]
        beyond = cells[self._width :]
        cells[self._width :] = [None] * (self._whole_width - self._width)
        for place, value in zip(self._places, extra, strict=True):
            cells[place] = self._cell(value)
        self._sheet.append([*cells, *beyond])

    def finish(self) -> None:
        """Write the workbook to the stream; raise ``OSError`` when it takes no more."""
        self._sheet.close()
        from openpyxl.writer.excel import ExcelWriter  # noqa: PLC0415 - an extra

        # Workbook.save leaves its archive to the garbage collector when a write fails: that fails a second time.
        with ZipFile(self._stream, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(self._book, archive).save()

    def close(self) -> None:
        """End the sheet, which has a temporary file open, where ``finish`` was not reached."""
        if not self._sheet.closed:
            self._sheet.close()

    def _cell(self, text: str, kind: str = TEXT) -> Any:
        cell = self._new_cell(self._sheet, escape_xml(text))
        cell.data_type = kind
        return cell


def encode_cell_types(kinds: Sequence[str]) -> bytes:
    """Note the cells of a row that are no texts, for ``decode_cell_types``."""
    return " ".join(f"{place}{kind}" for place, kind in enumerate(kinds) if kind != TEXT).encode()


def decode_cell_types(note: bytes) -> dict[int, str]:
    """Read back the kinds of the cells that are no texts, by their place."""
    return {int(each[:-1]): each[-1] for each in note.decode().split()}
