"""Rows of one sheet of a workbook, parsed as a stream."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from string import ascii_uppercase, digits

from .cells import EMPTY, CellValue, read_cell
from .styles import PLAIN, Styles
from .texts import SharedTexts
from .xml_reader import PartHandler, XmlError, parsed

MOST_ROWS = 1_048_576
"""Most rows of a sheet (Excel's limit)."""
_MOST_COLUMNS = 16_384
"""Most columns of a sheet (Excel's limit)."""
_LETTERS = re.compile(r"\$?([A-Za-z]{1,3})\$?")

_INLINE = "inlineStr"

Row = tuple[int, list[CellValue]]
"""(row number from 1, cells from the first column on)."""


class TooManyRowsError(XmlError):
    """Raised when a sheet has more rows than Excel allows."""


class _SheetHandler(PartHandler):
    """Handler that collects the rows in the file, with their numbers and without empty cells at the end."""

    def __init__(self, texts: SharedTexts, styles: Styles) -> None:
        super().__init__(("row", "c", "v", "is", "t", "rPh"))
        self.rows: list[Row] = []
        self._texts_of_cells, self._styles = texts, styles
        self._line, self._column = 0, 0
        self._cells: list[CellValue] = []
        self._kind, self._style, self._value = "n", PLAIN, ""
        self._is_inline = self._is_spoken = False

    def open_row(self, attributes: Mapping[str, str]) -> None:
        number = attributes.get("r")
        line = int(float(number)) if number else self._line + 1
        if line > MOST_ROWS:
            raise TooManyRowsError
        if line <= self._line:
            raise XmlError("a row comes twice, or not in its order")
        self._line, self._column, self._cells = line, 0, []

    def close_row(self) -> None:
        self.rows.append((self._line, self._cells))

    def open_c(self, attributes: Mapping[str, str]) -> None:
        place, style = attributes.get("r"), attributes.get("s")
        self._column = _column(place.rstrip(digits)) if place else self._column + 1
        self._kind, self._value = attributes.get("t", "n"), ""
        self._style = self._styles[int(style)] if style else PLAIN

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
        if not self._value:
            return
        column, cells = self._column, self._cells
        if column > _MOST_COLUMNS:
            raise XmlError("a row has more columns than Excel allows")
        value = self._texts_of_cells[int(self._value)] if self._kind == "s" else self._value
        cell = read_cell(self._kind, value, self._style, self._styles)
        if not cell.text:
            return
        cells.extend([EMPTY] * (column - len(cells)))
        if cells[column - 1] is not EMPTY:
            raise XmlError("a cell comes twice")
        cells[column - 1] = cell


@lru_cache(maxsize=1_024)
def _column(letters: str) -> int:
    """Return the number of a column, from 1, by its letters, such as ``AB``; raise ``XmlError`` for others."""
    if not (found := _LETTERS.fullmatch(letters)):
        raise XmlError("a cell has no place that could be told")
    column = 0
    for letter in found[1].upper():
        column = column * len(ascii_uppercase) + ascii_uppercase.index(letter) + 1
    return column


def read_rows(pieces: Iterable[bytes], texts: SharedTexts, styles: Styles) -> Iterator[Row]:
    """Yield all rows of a sheet; ``pieces`` are the bytes of its part. The dimension stated in it is ignored.

    Raise ``XmlError`` when the rows or cells are not in order, since programs disagree about which of them count,
    and ``TooManyRowsError``.
    """
    handler = _SheetHandler(texts, styles)
    for _ in parsed(pieces, handler):
        yield from handler.rows
        handler.rows.clear()
