"""OpenDocument spreadsheets (``.ods``): the same rows, from other XML (OpenDocument 1.3, part 3)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from .archive import CONTENT, Package
from .cells import NOT_CALCULATED, CellText, faulty_cell, read_number, read_unescaped, spell_time
from .sheet_rows import MOST_ROWS, Sheet, SheetRow, TooManyRowsError, put_cell
from .tables import Totals
from .xml_reader import PartHandler, XmlError, parsed

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _TEXT, _STYLE = _NAMESPACES = tuple(
    f"{_OASIS}{name}:1.0" for name in ("table", "office", "text", "style")
)
_ERROR_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_HIDDEN = ("collapse", "filter")
_FORMULA_ERROR = re.compile(r"#[A-Z0/_]{2,20}[!?]?|Err:[0-9]{3}")
_DURATION = re.compile(r"(-?)PT(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,]\d*)?S)?")
_NUMBERS = ("float", "percentage", "currency")
_TRUTH = {"true": "TRUE", "false": "FALSE"}
_MOST_SPACES = 32_767
_MOST_SHEETS = 10_000
_DAY_HOURS = 24


class _SheetsHandler(PartHandler):
    """Handler that collects the sheets: title, and whether they are shown."""

    def __init__(self) -> None:
        super().__init__(("style", "table-properties", "table"), _NAMESPACES)
        self.sheets: dict[str, bool] = {}
        self._hidden: set[str] = set()
        self._style = ""

    def open_style(self, attributes: Mapping[str, str]) -> None:
        self._style = attributes.get(f"{_STYLE} name", "")

    def open_table_properties(self, attributes: Mapping[str, str]) -> None:
        if attributes.get(f"{_TABLE} display") == "false" and len(self._hidden) < _MOST_SHEETS:
            self._hidden.add(self._style)

    def open_table(self, attributes: Mapping[str, str]) -> None:
        self.sheets[attributes[f"{_TABLE} name"]] = attributes.get(f"{_TABLE} style-name") not in self._hidden
        if len(self.sheets) > _MOST_SHEETS:
            raise XmlError("there are too many sheets")


class _RowsHandler(PartHandler):
    """Handler that collects the rows of the sheet ``title`` and how often each comes, and its hidden columns."""

    def __init__(self, title: str) -> None:
        tags = ("table", "table-column", "table-row-group", "table-row", "table-cell", "covered-table-cell")
        super().__init__((*tags, "annotation", "p", "s", "tab", "line-break"), _NAMESPACES)
        self.rows: list[tuple[SheetRow, int]] = []
        self.hidden_columns: list[range] = []
        self.is_complete = False
        self._title, self._is_within, self._columns, self._line = title, False, 0, 0
        self._hidden_groups: list[bool] = []
        self._cell: Mapping[str, str] | None = None
        self._row, self._repeated, self._column, self._notes = SheetRow(0, [], []), 1, 0, 0
        self._paragraphs: list[str] = []

    def open_table(self, attributes: Mapping[str, str]) -> None:
        self._is_within = attributes[f"{_TABLE} name"] == self._title

    def close_table(self) -> None:
        self.is_complete = self.is_complete or self._is_within
        self._is_within = False

    def open_table_column(self, attributes: Mapping[str, str]) -> None:
        first = self._columns + 1
        self._columns += _times(attributes, "columns")
        if self._is_within and attributes.get(f"{_TABLE} visibility") in _HIDDEN:
            self.hidden_columns.append(range(first, self._columns + 1))

    def open_table_row_group(self, attributes: Mapping[str, str]) -> None:
        self._hidden_groups.append(attributes.get(f"{_TABLE} display") == "false")

    def close_table_row_group(self) -> None:
        self._hidden_groups.pop()

    def open_table_row(self, attributes: Mapping[str, str]) -> None:
        if not self._is_within:
            return
        is_hidden = attributes.get(f"{_TABLE} visibility") in _HIDDEN or any(self._hidden_groups)
        self._repeated, self._column = _times(attributes, "rows"), 0
        self._row = SheetRow(self._line + 1, [], [], is_hidden)

    def close_table_row(self) -> None:
        if not self._is_within:
            return
        self._line += self._repeated
        if not self._row.texts:
            return
        if self._line > MOST_ROWS:
            raise TooManyRowsError
        self.rows.append((self._row, self._repeated))

    def open_table_cell(self, attributes: Mapping[str, str]) -> None:
        self._cell, self._paragraphs = attributes if self._is_within else None, []

    def open_covered_table_cell(self, attributes: Mapping[str, str]) -> None:
        self.open_table_cell(attributes)

    def open_annotation(self, _attributes: Mapping[str, str]) -> None:
        self._notes += 1

    def close_annotation(self) -> None:
        self._notes -= 1

    def text(self, data: str) -> None:
        """Handle the parser's event for text; that of a note on a cell is ignored."""
        if not self._notes:
            super().text(data)

    def open_p(self, _attributes: Mapping[str, str]) -> None:
        if self._cell is not None and not self._notes:
            self.collect()

    def open_s(self, attributes: Mapping[str, str]) -> None:
        self.text(" " * min(int(attributes.get(f"{_TEXT} c", "1")), _MOST_SPACES))

    def open_tab(self, _attributes: Mapping[str, str]) -> None:
        self.text("\t")

    def open_line_break(self, _attributes: Mapping[str, str]) -> None:
        self.text("\n")

    def close_p(self) -> None:
        if self._cell is not None and not self._notes:
            self._paragraphs.append(self.collected())

    def close_table_cell(self) -> None:
        if self._cell is None:
            return
        times = _times(self._cell, "columns")
        cell = _read_cell(self._cell, "\n".join(self._paragraphs))
        for place in range(times if cell else 0):
            put_cell(self._row, self._column + place + 1, cell)
        self._column += times
        self._cell = None

    def close_covered_table_cell(self) -> None:
        self.close_table_cell()


class OpenDocumentBook:
    """Open OpenDocument spreadsheet; ``sheets`` are in the order of their tabs."""

    format = "ods"

    def __init__(self, package: Package) -> None:
        self._package = package
        handler = _SheetsHandler()
        for _ in parsed(package.pieces(CONTENT, "worksheet"), handler):
            pass
        self.sheets = [Sheet(title, "", is_visible) for title, is_visible in handler.sheets.items()]

    def rows(self, title: str) -> Iterator[SheetRow]:
        """Yield every row of the sheet ``title``."""
        handler = _RowsHandler(title)
        for _ in parsed(self._package.pieces(CONTENT, "worksheet"), handler):
            for row, times in handler.rows:
                yield from (row._replace(line=row.line + each, texts=[*row.texts]) for each in range(times))
            handler.rows.clear()
            if handler.is_complete:
                break

    def hidden_columns(self, title: str) -> list[range]:
        """Return the columns that the sheet ``title`` hides, as ranges of numbers from 1."""
        handler = _RowsHandler(title)
        for _ in parsed(self._package.pieces(CONTENT, "worksheet"), handler):
            if handler.is_complete or handler.rows:
                break
        return handler.hidden_columns

    def totals(self, _title: str) -> list[Totals]:
        """Return nothing: the format has no totals."""
        return []


def _times(attributes: Mapping[str, str], what: str) -> int:
    return max(1, int(attributes.get(f"{_TABLE} number-{what}-repeated", "1")))


def _read_cell(cell: Mapping[str, str], shown: str) -> CellText:
    """Return the value of a cell whose attributes these are; ``shown`` is its text as it is shown."""
    kind, is_formula = cell.get(f"{_OFFICE} value-type", ""), f"{_TABLE} formula" in cell
    if cell.get(_ERROR_TYPE) == "error" or (is_formula and _FORMULA_ERROR.fullmatch(shown)):
        return faulty_cell(shown)
    if not kind:
        return NOT_CALCULATED if is_formula and not shown else read_unescaped(shown)
    if kind == "string":
        return read_unescaped(cell.get(f"{_OFFICE} string-value", shown))
    if kind in _NUMBERS:
        number = read_number(cell[f"{_OFFICE} value"])
        # What a cell shows tells the leading zeros of its format.
        return shown if shown.startswith("0") and shown.isdecimal() and shown.lstrip("0") == number else number
    return _read_other(kind, cell)


def _read_other(kind: str, cell: Mapping[str, str]) -> CellText:
    if kind == "boolean":
        return _TRUTH.get(cell[f"{_OFFICE} boolean-value"], "") or faulty_cell("")
    if kind == "date":
        try:
            return spell_time(datetime.fromisoformat(cell[f"{_OFFICE} date-value"]))
        except ValueError:
            return faulty_cell("")
    duration = _DURATION.fullmatch(cell[f"{_OFFICE} time-value"]) if kind == "time" else None
    return _spell_duration(*duration.groups("0")) if duration else faulty_cell("")


def _spell_duration(sign: str, *parts: str) -> str:
    """Return a time of day in ISO 8601; a duration below 0 or from 24 hours on has its hours without a zero."""
    hours, minutes, seconds = map(int, parts)
    minutes, hours = minutes + seconds // 60, hours + (minutes + seconds // 60) // 60
    first = f"{hours}" if sign == "-" or hours >= _DAY_HOURS else f"{hours:02}"
    return f"{'-' if sign == '-' else ''}{first}:{minutes % 60:02}:{seconds % 60:02}"
