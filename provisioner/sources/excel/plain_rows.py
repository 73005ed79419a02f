"""Rows in the form in which programs write them, read with one regular expression; see ``plain_xml``."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress, repeat
from typing import Any, NamedTuple, TypeVar

from .cell_reader import NUMBER_KIND, CellReader
from .cells import CellText, UnusableCell, read_all_numbers, read_all_texts, read_cell, read_number, read_text
from .plain_xml import Attributes, NotPlainError, decode_entities
from .sheet_rows import COLUMNS, RowBuilder, SheetRow, column_letters, is_hidden_row, next_lines
from .styles import Style, Styles

_MOST_COLUMNS = 256
"""Most columns of a row in plain form."""
_MOST_KEPT = 4_096
"""Most different texts of which it is kept what they mean."""
_ROW = r'\s*<{p}row(?: r="([0-9]{{1,7}})")?+([^<>/]*+)(?:/>|>\s*{cells}</{p}row>)|(.+)'
_CELL = (
    r'(?:<{p}c r="{letters}[0-9]{{1,7}}"([^<>/]*+)(?:/>|>(?:'
    r'<{p}is><{p}t(?: xml:space="preserve")?+>([^<]*+)</{p}t></{p}is>|'
    r"(?:(<{p}f[^<>/]*+)(?:/>|>[^<]*+</{p}f>))?+"
    r'(?:<{p}v(?: xml:space="preserve")?+>([^<]*+)</{p}v>|<{p}v ?/>)?+'
    r")</{p}c>)\s*)?+"
)
"""Patterns of a row: number, attributes, cells; or of what follows the rows in this form; and of one cell:
attributes, inline text, formula, value."""
_GROUPS_OF_CELL = 4

Value = TypeVar("Value")
Cells = Sequence[str]


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
        self._prefix = re.escape(prefix)
        self._width, self._row = 0, self._pattern(0)
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
            rows = [*self._read(text)]
        except NotPlainError:
            return False
        self._rows.extend(rows)
        return True

    def _read(self, text: str) -> Iterator[SheetRow]:
        """Yield the rows in a text; its columns are read one after the other."""
        numbers, tails, *groups, _ = zip(*self._found(text), strict=True)
        lines = next_lines(numbers, self._rows.line)
        hidden = map(self._is_hidden.__getitem__, tails)
        columns = [
            self._column(*groups[place : place + _GROUPS_OF_CELL])
            for place in range(0, len(groups), _GROUPS_OF_CELL)
        ]
        cells: Iterable[Any] = zip(*columns, strict=True) if columns else repeat((), len(lines))
        has_faults = any({*map(type, column)} != {str} for column in columns)
        for line, row, is_hidden in zip(lines, cells, hidden, strict=True):
            faults = _faults(row) if has_faults else []
            texts = [*row]
            for place, cell in faults:
                texts[place] = cell.text
            while texts and not texts[-1]:
                texts.pop()
            yield SheetRow(line, texts, faults, is_hidden)

    def _found(self, text: str) -> list[tuple[str, ...]]:
        """Return the groups of the pattern for each row in a text."""
        found = self._row.findall(text)
        rest = found[-1][-1]
        if rest and self._is_widened(rest):
            return self._found(text)
        if rest:
            raise NotPlainError
        return found

    def _column(self, tails: Cells, inlines: Cells, formulas: Cells, values: Cells) -> Sequence[CellText]:
        """Return the texts of a column; most columns have values of one kind, and the same attributes."""
        for tail in {*tails}:
            self._kinds[tail]  # refuses what is not in plain form
        inlines, values = _decoded(inlines), _decoded(values)
        is_inline = any(inlines)
        if any(formulas) or (is_inline and any(values)):
            return [*map(self._cell, tails, inlines, formulas, values)]
        if is_inline:
            return _converted(tails, inlines, self._inline_converters)
        return _converted(tails, values, self._converters)

    def _cell(self, tail: str, inline: str, formula: str, value: str) -> CellText:
        if formula:
            return self._calculated(tail, formula, value)
        if value:
            return self._converters[tail].one(value)
        return self._inline_converters[tail].one(inline) if inline else ""

    def _calculated(self, tail: str, formula: str, value: str) -> CellText:
        self._formulas[formula]
        kind, style = self._kinds[tail]
        if kind == "inlineStr":
            raise NotPlainError
        return self._values.read(kind, value, style, is_formula=True)

    def _is_widened(self, part: str) -> bool:
        """Make the pattern of a row as wide as this one, and return whether that changed it."""
        width = max((COLUMNS[letters] for letters in self._place.findall(part)), default=0)
        if not self._width < width <= _MOST_COLUMNS:
            return False
        self._width, self._row = width, self._pattern(width)
        return True

    def _pattern(self, width: int) -> re.Pattern[str]:
        """Return the pattern of a row of up to ``width`` cells."""
        places = range(1, width + 1)
        cells = "".join(_CELL.format(p=self._prefix, letters=column_letters(place)) for place in places)
        return re.compile(_ROW.format(p=self._prefix, cells=cells), re.ASCII | re.DOTALL)

    def _read_row_tag(self, tail: str) -> bool:
        return is_hidden_row(self._placeless(tail))

    def _read_cell_tag(self, tail: str) -> tuple[str, Style]:
        """Return the type of a cell and its style."""
        attributes = self._placeless(tail)
        return attributes.get("t", NUMBER_KIND), self._values.style(attributes.get("s", ""))

    def _placeless(self, tail: str) -> dict[str, str]:
        attributes = self._attributes.read(tail)
        if "r" in attributes:
            raise NotPlainError
        return attributes

    def _converter(self, tail: str) -> Converter:
        kind, style = self._kinds[tail]
        match kind:
            case "inlineStr":
                # Only an empty cell of this type is without an inline text.
                return Converter.of(_refuse)
            case "s":
                return Converter(self._values.texts.cell, self._values.texts.cells)
            case "str":
                return _TEXT
        if kind == NUMBER_KIND and not style.is_time and not style.zeros:
            return Converter(read_number, read_all_numbers)
        read = partial(_read_other, kind, style, self._values.styles)
        # Dates and logical values are few, numbers may all be different.
        return Converter.of(read if kind == NUMBER_KIND and not style.is_time else _Kept(read).__getitem__)

    def _inline_converter(self, tail: str) -> Converter:
        if self._kinds[tail][0] != "inlineStr":
            raise NotPlainError
        return _TEXT


def _decoded(values: Cells) -> Cells:
    return [*map(decode_entities, values)] if "&" in "".join(values) else values


def _converted(tails: Cells, values: Cells, converters: Mapping[str, Converter]) -> Sequence[CellText]:
    """Return the texts of cells that are values or empty; all those of the same attributes are read at once."""
    kinds = {*compress(tails, values)}
    if len(kinds) == 1 and all(values):
        return converters[kinds.pop()].all(values)
    alike: dict[str, list[str]] = {tail: [] for tail in kinds}
    for tail, value in zip(tails, values, strict=True):
        if value:
            alike[tail].append(value)
    texts = {tail: iter(converters[tail].all(alike[tail])) for tail in kinds}
    return [next(texts[tail]) if value else "" for tail, value in zip(tails, values, strict=True)]


def _faults(cells: Sequence[CellText]) -> list[tuple[int, UnusableCell]]:
    return [(place, cell) for place, cell in enumerate(cells) if isinstance(cell, UnusableCell)]


def _read_other(kind: str, style: Style, styles: Styles, value: str) -> CellText:
    return read_cell(kind, value, style, styles)


def _refuse(_: object) -> Any:
    raise NotPlainError


_TEXT = Converter(read_text, read_all_texts)
