"""Rows in the form in which programs write them, read with one regular expression; see ``plain_xml``."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple, TypeVar, cast

from .cell_reader import NUMBER_KIND, CellReader
from .cells import LONGEST_TEXT, CellText, UnusableCell, read_cell, read_number, read_text
from .plain_xml import Attributes, NotPlainError, decode_entities
from .sheet_rows import COLUMNS, RowBuilder, SheetRow, column_letters, is_hidden_row, next_line
from .styles import PLAIN, Style, Styles

_MOST_COLUMNS = 256
"""Most columns of a row in plain form."""
_MOST_KEPT = 4_096
"""Most different texts of which it is kept what they mean."""
_NUMBER = r'(?: r="([0-9]{{1,7}})")?+([^<>/]*+)'
_ROW = rf"\s*<{{p}}row{_NUMBER}>\s*"
_EMPTY_ROW = rf"\s*<{{p}}row{_NUMBER}/>"
_CELL = (
    r'(?:<{p}c r="{letters}[0-9]{{1,7}}"([^<>/]*+)(?:/>|>(?:'
    r'<{p}is><{p}t(?: xml:space="preserve")?+>([^<]*+)</{p}t></{p}is>|'
    r"(?:(<{p}f[^<>/]*+)(?:/>|>[^<]*+</{p}f>))?+"
    r'(?:<{p}v(?: xml:space="preserve")?+>([^<]*+)</{p}v>|<{p}v ?/>)?+'
    r")</{p}c>)\s*)?+"
)
"""Patterns of a row with its number and attributes, and of one cell: attributes, inline text, formula, value."""

_USABLE = {str}

Value = TypeVar("Value")
Cells = Sequence[str | None]


class Converter(NamedTuple):
    """Functions that read the value of one cell, and the values of several that are all there."""

    one: Callable[[str], CellText]
    all: Callable[[Sequence[str]], Sequence[CellText]]

    @classmethod
    def of(cls, read: Callable[[str], CellText]) -> "Converter":
        """Return the converter that reads several values one by one."""
        return cls(read, lambda values: [*map(read, values)])


class _Kept(dict[str, Value]):
    """What texts mean, each read once: nearly all tags of a sheet have the same few attributes."""

    def __init__(self, read: Callable[[str], Value]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Value:
        value = self._read(text)
        if len(self) < _MOST_KEPT:
            self[text] = value
        return value


class PlainRowReader:
    """Reader of rows in plain form, with the namespace ``prefix`` and its colon; it adds them to ``rows``."""

    def __init__(self, prefix: str, attributes: Attributes, rows: RowBuilder, values: CellReader) -> None:
        self._prefix, self._end = re.escape(prefix), f"</{prefix}row>"
        self._width, self._row = 0, re.compile(_ROW.format(p=self._prefix), re.ASCII)
        self._empty_row = re.compile(_EMPTY_ROW.format(p=self._prefix), re.ASCII)
        self._place = re.compile(rf'<{self._prefix}c r="([A-Z]{{1,3}})[0-9]')
        self._attributes, self._rows, self._values = attributes, rows, values
        self._is_hidden = _Kept(self._read_row_tag)
        self._formulas = _Kept(lambda tag: attributes.read(tag[len(f"<{prefix}f") :]))
        self._kinds = _Kept(self._read_cell_tag)
        self._converters = _Kept(self._converter)
        self._inline_converters = _Kept(self._inline_converter)

    def take(self, text: str) -> bool:
        """Add the rows in a text; return false, with none added, when one is not in the plain form."""
        try:
            rows, line = self._read(text.split(self._end)[:-1])
        except NotPlainError:
            return False
        self._rows.extend(rows, line)
        return True

    def _read(self, parts: list[str]) -> tuple[list[SheetRow], int]:
        """Return the rows in the texts, and the number of the last one; columns are read one after the other."""
        line, lines, groups = self._rows.line, [], []
        for part in parts:
            found = self._row.fullmatch(part)
            if found is None:
                rest, line = self._without_empty_rows(part, line)
                if self._is_widened(rest):
                    return self._read(parts)
                found = self._row.fullmatch(rest)
                if found is None:
                    raise NotPlainError
            cells = found.groups()
            line = next_line(cells[0], line)
            lines.append(line)
            groups.append(cells)
        _, tails, *columns = zip(*groups, strict=True)
        hidden = [self._is_hidden[tail] for tail in tails]
        read = [self._column(*columns[place : place + 4]) for place in range(0, len(columns), 4)]
        rows: Iterable[Sequence[CellText]] = zip(*read, strict=True) if read else repeat((), len(lines))
        return [_row(*each) for each in zip(lines, rows, hidden, strict=True)], line

    def _column(self, tails: Cells, inlines: Cells, formulas: Cells, values: Cells) -> Sequence[CellText]:
        """Return the texts of a column; mostly all its cells have the same attributes, apart from empty ones."""
        kinds = {tail for tail in {*tails} if tail is not None}
        if len(kinds) != 1 or any(formulas):
            return [self._cell(*each) for each in zip(tails, inlines, formulas, values, strict=True)]
        tail = kinds.pop()
        if not any(inlines):
            return self._convert(self._converters[tail], values)
        if any(values):
            raise NotPlainError
        return self._convert(self._inline_converters[tail], inlines)

    def _convert(self, converter: Converter, values: Cells) -> Sequence[CellText]:
        if all(values):
            return converter.all(cast("Sequence[str]", values))
        return [converter.one(value) if value else "" for value in values]

    def _cell(self, tail: str | None, inline: str | None, formula: str | None, value: str | None) -> CellText:
        if tail is None:
            return ""
        if formula:
            return self._calculated(tail, formula, value or "")
        if value:
            return self._converters[tail].one(value)
        if inline:
            return self._inline_converters[tail].one(inline)
        self._kinds[tail]  # refuses what is not in plain form
        return ""

    def _calculated(self, tail: str, formula: str, value: str) -> CellText:
        self._formulas[formula]
        kind, style = self._kinds[tail]
        if kind == "inlineStr":
            raise NotPlainError
        return self._values.read(kind, decode_entities(value), self._values.style(style), is_formula=True)

    def _without_empty_rows(self, part: str, line: int) -> tuple[str, int]:
        """Return the text after the empty rows at its start, and the number of the last of them."""
        end = 0
        while found := self._empty_row.match(part, end):
            end = found.end()
            self._is_hidden[found[2]]
            line = next_line(found[1], line)
        return part[end:], line

    def _is_widened(self, part: str) -> bool:
        """Make the pattern of a row as wide as this one, and return whether that changed it."""
        width = max((COLUMNS[letters] for letters in self._place.findall(part)), default=0)
        if not self._width < width <= _MOST_COLUMNS:
            return False
        cells = (_CELL.format(p=self._prefix, letters=column_letters(each)) for each in range(1, width + 1))
        self._row = re.compile(_ROW.format(p=self._prefix) + "".join(cells), re.ASCII)
        self._width = width
        return True

    def _read_row_tag(self, tail: str) -> bool:
        return is_hidden_row(self._placeless(tail))

    def _read_cell_tag(self, tail: str) -> tuple[str, str]:
        """Return the type of a cell and the number of its style."""
        attributes = self._placeless(tail)
        return attributes.get("t", "n"), attributes.get("s", "")

    def _placeless(self, tail: str) -> dict[str, str]:
        attributes = self._attributes.read(tail)
        if "r" in attributes:
            raise NotPlainError
        return attributes

    def _converter(self, tail: str) -> Converter:
        kind, number = self._kinds[tail]
        match kind:
            case "inlineStr":
                # Only an empty cell of this type is without an inline text.
                return Converter(_refuse, _refuse)
            case "s":
                return Converter(self._values.texts.cell, self._values.texts.cells)
            case "str":
                return _TEXT
        style, styles = self._values.style(number), self._values.styles
        if kind == NUMBER_KIND and style == PLAIN:
            return Converter.of(read_number)
        read = partial(_read_other, kind, style, styles)
        # Dates and logical values are few, numbers may all be different.
        return Converter.of(read if kind == NUMBER_KIND and not style.is_time else _Kept(read).__getitem__)

    def _inline_converter(self, tail: str) -> Converter:
        if self._kinds[tail][0] != "inlineStr":
            raise NotPlainError
        return _TEXT


def _row(line: int, cells: Sequence[CellText], is_hidden: bool) -> SheetRow:
    faults = []
    if not {*map(type, cells)} <= _USABLE:
        faults = [(place, cell) for place, cell in enumerate(cells) if isinstance(cell, UnusableCell)]
        cells = [cell.text if isinstance(cell, UnusableCell) else cell for cell in cells]
    texts = list(cast("Sequence[str]", cells))
    while texts and not texts[-1]:
        texts.pop()
    return SheetRow(line, texts, faults, is_hidden)


def _read_plain_text(value: str) -> CellText:
    return read_text(decode_entities(value) if "&" in value else value)


def _read_plain_texts(values: Sequence[str]) -> Sequence[CellText]:
    joined = "".join(values)
    if "&" in joined or "_" in joined or len(joined) > LONGEST_TEXT:
        return [_read_plain_text(value) for value in values]
    return values


def _read_other(kind: str, style: Style, styles: Styles, value: str) -> CellText:
    return read_cell(kind, decode_entities(value), style, styles)


def _refuse(_: object) -> Any:
    raise NotPlainError


_TEXT = Converter(_read_plain_text, _read_plain_texts)
