"""Rows of a sheet as they are put together from their cells."""

import re
from collections.abc import Mapping, Sequence
from operator import lt
from string import ascii_uppercase
from typing import NamedTuple

from .cells import CellText, UnusableCell
from .xml_reader import XmlError

MOST_ROWS = 1_048_576
"""Most rows of a sheet (Excel's limit)."""
MOST_COLUMNS = 16_384
"""Most columns of a sheet (Excel's limit)."""
_MOST_LETTERS = 4_096
_LETTERS = re.compile(r"\$?([A-Za-z]{1,3})\$?")
TRUE = ("1", "true", "on")
"""Values of an attribute that mean yes."""


class TooManyRowsError(XmlError):
    """Raised when a sheet has more rows than Excel allows."""


class Sheet(NamedTuple):
    """Sheet of a workbook: its title, and the name of its part in the archive."""

    title: str
    part: str
    is_visible: bool


class SheetRow(NamedTuple):
    """Row of a sheet: its number from 1, and its texts from the first column on, without empty ones at the end.

    ``faults`` are the cells that cannot be used, with their place in the row, from 0.
    """

    line: int
    texts: list[str]
    faults: list[tuple[int, UnusableCell]]
    is_hidden: bool = False


class _Columns(dict[str, int]):
    """Numbers of columns, from 1, by their letters, such as ``AB``; raises ``XmlError`` for other texts."""

    def __missing__(self, letters: str) -> int:
        found = _LETTERS.fullmatch(letters)
        if not found:
            raise XmlError("a cell has no place that could be told")
        column = 0
        for letter in found[1].upper():
            column = column * len(ascii_uppercase) + ascii_uppercase.index(letter) + 1
        if column > MOST_COLUMNS:
            raise XmlError("a row has more columns than Excel allows")
        if len(self) < _MOST_LETTERS:
            self[letters] = column
        return column


COLUMNS: Mapping[str, int] = _Columns()
"""Number of each column, from 1, by its letters."""


def column_letters(column: int) -> str:
    """Return the letters of a column, which counts from 1."""
    letters = ""
    while column:
        column, place = divmod(column - 1, len(ascii_uppercase))
        letters = ascii_uppercase[place] + letters
    return letters


def next_line(number: str | None, line: int) -> int:
    """Return the number of a row after row ``line``; ``number`` is the one that it states, if any.

    Raise ``XmlError`` when it does not come after that row, since programs disagree about which of them counts.
    """
    following = int(float(number)) if number else line + 1
    if following > MOST_ROWS:
        raise TooManyRowsError
    if following <= line:
        raise XmlError("a row comes twice, or not in its order")
    return following


def next_lines(numbers: Sequence[str], line: int) -> list[int]:
    """Return the numbers of several rows after row ``line``; see ``next_line``."""
    if all(numbers):
        lines = [*map(int, numbers)]
        if line < lines[0] and all(map(lt, lines, lines[1:])) and lines[-1] <= MOST_ROWS:
            return lines
    return [line := next_line(number, line) for number in numbers]


def is_hidden_row(attributes: Mapping[str, str]) -> bool:
    """Return whether a row with these attributes is not shown: hidden, filtered out, folded, or without height."""
    if attributes.get("hidden", "") in TRUE:
        return True
    height = attributes.get("ht")
    return height is not None and float(height) == 0


def put_cell(row: SheetRow, column: int, cell: CellText) -> None:
    """Put a cell into a row; ``column`` counts from 1. Raise ``XmlError`` when the row has that cell already."""
    texts = row.texts
    if column > len(texts):
        if column > MOST_COLUMNS:
            raise XmlError("a row has more columns than Excel allows")
        texts.extend([""] * (column - len(texts)))
    elif texts[column - 1]:
        raise XmlError("a cell comes twice")
    if isinstance(cell, UnusableCell):
        row.faults.append((column - 1, cell))
        texts[column - 1] = cell.text
    else:
        texts[column - 1] = cell


class RowBuilder:
    """Builder of the rows of a sheet, in their order; ``line`` is the number of the last one."""

    def __init__(self) -> None:
        self.line = 0
        self._row = SheetRow(0, [], [])
        self._column = 0
        self._rows: list[SheetRow] = []

    def open_row(self, number: str | None, *, is_hidden: bool) -> None:
        """Begin a row with the number that it states, if any."""
        self.line, self._column = next_line(number, self.line), 0
        self._row = SheetRow(self.line, [], [], is_hidden)

    def open_cell(self, letters: str | None) -> None:
        """Begin the cell in the column of these letters, or in the next one where the cell does not state it."""
        self._column = self._column + 1 if letters is None else COLUMNS[letters]

    def put(self, cell: CellText) -> None:
        """Put a value that is not empty into the cell that was begun last."""
        put_cell(self._row, self._column, cell)

    def close_row(self) -> None:
        """End the row."""
        self._rows.append(self._row)

    def extend(self, rows: Sequence[SheetRow]) -> None:
        """Add whole rows, of which there is at least one."""
        self._rows += rows
        self.line = rows[-1].line

    def take(self) -> list[SheetRow]:
        """Return the rows that are complete, each of them once."""
        rows, self._rows = self._rows, []
        return rows
