"""Rows of one sheet of a workbook, parsed as a stream."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from string import digits

from .cell_reader import CellReader
from .plain_rows import PlainRowReader
from .plain_xml import Attributes, without_plain_items
from .sheet_rows import TRUE, RowBuilder, SheetRow, is_hidden_row
from .styles import PLAIN
from .xml_reader import PartHandler, parsed

_INLINE = "inlineStr"
_MOST_COLUMN_TAGS = 16_384


class _SheetHandler(PartHandler):
    """Handler that collects the rows in the file, with their numbers and without empty cells at the end."""

    def __init__(self, rows: RowBuilder, values: CellReader) -> None:
        super().__init__(("sheetData", "row", "c", "f", "v", "is", "t", "rPh"))
        self._rows, self._values = rows, values
        self._kind, self._style, self._value = "n", PLAIN, ""
        self._is_inline = self._is_spoken = self._has_formula = False

    def open_sheetData(self, _attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.mark_item_end()

    def open_row(self, attributes: Mapping[str, str]) -> None:
        self._rows.open_row(attributes.get("r"), is_hidden=is_hidden_row(attributes))

    def close_row(self) -> None:
        self._rows.close_row()
        self.mark_item_end()

    def open_c(self, attributes: Mapping[str, str]) -> None:
        place = attributes.get("r")
        self._rows.open_cell(place.rstrip(digits) if place else None)
        self._kind, self._value, self._has_formula = attributes.get("t", "n"), "", False
        self._style = self._values.style(attributes.get("s", ""))

    def open_f(self, _attributes: Mapping[str, str]) -> None:
        self._has_formula = True

    def open_v(self, _attributes: Mapping[str, str]) -> None:
        self.collect()

    def close_v(self) -> None:
        text = self.collected()
        if self._kind != _INLINE:
            self._value = text

    def open_is(self, _attributes: Mapping[str, str]) -> None:
        self._is_inline = self._kind == _INLINE

    def close_is(self) -> None:
        self._is_inline = False

    def open_rPh(self, _attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self._is_spoken = True

    def close_rPh(self) -> None:  # noqa: N802 - as the element is called
        self._is_spoken = False

    def open_t(self, _attributes: Mapping[str, str]) -> None:
        self.collect()

    def close_t(self) -> None:
        text = self.collected()
        if self._is_inline and not self._is_spoken:
            self._value += text

    def close_c(self) -> None:
        cell = self._values.read(self._kind, self._value, self._style, is_formula=self._has_formula)
        if cell:
            self._rows.put(cell)


class _ColumnsHandler(PartHandler):
    """Handler that collects the hidden columns, which stand before the rows."""

    def __init__(self) -> None:
        super().__init__(("col", "sheetData"))
        self.hidden: list[range] = []
        self.is_complete = False

    def open_col(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("hidden") in TRUE and len(self.hidden) < _MOST_COLUMN_TAGS:
            self.hidden.append(range(int(attributes["min"]), int(attributes["max"]) + 1))

    def open_sheetData(self, _attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self.is_complete = True


def read_hidden_columns(pieces: Iterable[bytes]) -> list[range]:
    """Return the columns that a sheet hides, as ranges of numbers from 1; ``pieces`` are the bytes of its part."""
    handler = _ColumnsHandler()
    for _ in parsed(pieces, handler):
        if handler.is_complete:
            break
    return handler.hidden


def read_rows(pieces: Iterable[bytes], values: CellReader) -> Iterator[SheetRow]:
    """Yield all rows of a sheet; ``pieces`` are the bytes of its part. The dimension stated in it is ignored.

    Raise ``XmlError`` when the rows or cells are not in order, since programs disagree about which of them count,
    and ``TooManyRowsError``.
    """
    rows = RowBuilder()
    handler = _SheetHandler(rows, values)

    def reader(prefix: str) -> Callable[[str], bool]:
        return PlainRowReader(prefix, Attributes(handler.prefixes), rows, values).take

    for _ in parsed(without_plain_items(pieces, handler, "sheetData", "row", reader), handler):
        yield from rows.take()
