"""Records that are not rows although they are written like them: how each kind of them is recognised."""

import re
from collections.abc import Sequence
from functools import cache

from provisioner.sources.delimited.parsing import END_OF_COPY
from provisioner.sources.delimited.preamble import parse_sep_line
from provisioner.sources.skipped import EMPTY_RECORD, END_MARK, REPEATED_HEADER
from provisioner.sources.text.decoding import BOM
from provisioner.system.patterns import late_pattern

DASH_LINE = "dash line"
ROW_COUNT = "row count"
SEPARATOR_LINE = "separator line"

_CTRL_Z = "\x1a"
_INVISIBLE = "\u200b\u2060"
"""Characters without width that web pages have between words."""
_MARKS = BOM + _CTRL_Z + _INVISIBLE
"""Characters that joining files leaves before the header of the next one, and others that say nothing."""
_NOTHING = f"{_MARKS} \t\r\n\xa0"
_ROWS = (
    r"(?:rows?|row\(s\)|records?|record\(s\)|zeilen?|zeile\(n\)|datens[aä]tze?|lignes?|ligne\(s\)|filas?|fila\(s\)"
    r"|righe|riga|linhas?|linha\(s\)|registros?|rijen|rij|wiersz(?:e|y)?|rader|rad|строк[аи]?|行|개 행)"
)
_OPEN, _CLOSE = "(\uff08", ")\uff09"
_WORDS = f"[^{_OPEN}{_CLOSE}]{{0,40}}"
_DONE = "affected|copied|exported|fetched|found|in set|produced|retrieved|returned|selected|unloaded"
_PATTERNS = (
    rf"[{_OPEN}]\s*(?:\d[\d.,' ]*|no)\s*{_ROWS}(?:[ ,]{_WORDS}|[^\x00-\x7f{_CLOSE}]{{0,40}})?[{_CLOSE}]",
    rf"(?:\d[\d.,]*|no) (?:rows?|row\(s\)|records?|record\(s\)) (?:{_DONE})\b.{{0,80}}",
    r"query ok\b.{0,80}",
    r"\*\*\* query completed\..{0,80}",
    r"sqlrowcount returns -?\d+",
    r"(?:rows|records) affected:? *\d+",
)
"""Row counts of psql, sqlcmd, isql, SQL*Plus, SnowSQL, mysql, db2, bteq and their relatives, in some languages."""
_CLOSING = late_pattern(r"completion time: \S+", re.IGNORECASE)
"""Last line of SQL Server Management Studio."""
_COMMAND_TAG = late_pattern(r"(?:COPY|SELECT|UNLOAD) \d+")
_DASHES = late_pattern(r"-+|=+|:?-{2,}:?")
_RULER = late_pattern(r"[-=+|\s]*[-=]{2}[-=+|\s]*")
_SURE_DASHES = 2

LEAST_OF_ROWS, LEAST_OF_SINGLE_VALUES = "0", ":"
"""A record whose first value sorts before this may be no row; with one column, a row count is one value, too.

Of the others, only those with one of ``RARE``, those equal to the header, and the first after it may be no rows.
"""
MORE_THAN_ALL = "\U0010ffff"
"""The same for a text with a separator line, which may be repeated."""
RARE = f"{BOM}{_INVISIBLE}\\\xa0\x85\u2003\u2007\u202f\u3000{_OPEN[1]}"
"""Characters that sort after ``0`` and may begin a record that is no row."""


@cache
def _count() -> re.Pattern[str]:
    """Return the pattern of a row count, which takes too long to compile for inputs that end without one."""
    return re.compile("|".join(_PATTERNS), re.IGNORECASE)


class NotRows:
    """What the records of a text that are not rows look like; it depends on the header."""

    def __init__(self, columns: Sequence[str], *, has_separator_line: bool = False) -> None:
        self._header = list(columns)
        self._has_separator_line = has_separator_line
        self._is_after_header = True

    def kind_of_cells(self, texts: Sequence[str]) -> str:
        """Return the kind of the next row of cells as if it were a record of CSV; empty ones at its end may lack.

        ``texts`` has at least one text. Call it for each row after the header, in their order. Nearly all rows are
        told by their first two texts.
        """
        first = texts[0]
        if (
            len(texts) > 1
            and texts[1]
            and LEAST_OF_ROWS <= first != self._header[0]
            and first[0] not in RARE
            and not self._is_after_header
        ):
            return ""
        padding = [""] * (len(self._header) - len(texts))
        kind = self.kind([*texts, *padding], is_after_header=self._is_after_header)
        if kind != EMPTY_RECORD:
            self._is_after_header = kind == REPEATED_HEADER
        return kind

    def kind(self, values: Sequence[str], *, is_after_header: bool = False) -> str:
        """Return the kind of a record that is no row; empty for a row. ``values`` has at least one value.

        ``is_after_header`` is whether the record follows the header or a repetition of it, but for empty ones.
        """
        first, *rest = values
        if not first.strip() or first[0] in _MARKS:
            has_rest = any(text and text.strip(_NOTHING).strip() for text in rest)
            if not has_rest and not first.strip(_NOTHING).strip():
                return END_MARK if _CTRL_Z in first else EMPTY_RECORD
        if self._is_header(first, rest):
            return REPEATED_HEADER
        if is_after_header and is_dash_line(values, self._header):
            return DASH_LINE
        if not any(map(str.strip, rest)):
            return self._kind_alone(first.strip(), width=len(values))
        is_cut = first.lstrip()[:1] in _OPEN and _count().fullmatch(",".join(values).strip(", "))
        return ROW_COUNT if is_cut else ""

    def _is_header(self, first: str, rest: Sequence[str]) -> bool:
        head, *others = self._header
        if rest != others:
            return False
        bare = first.lstrip(_MARKS)
        return bare == head or (bare != first and bare == f'"{head.replace(chr(34), chr(34) * 2)}"')

    def _kind_alone(self, text: str, *, width: int) -> str:
        """Return the kind of a record with one filled cell, which holds ``text``."""
        if _count().fullmatch(text):
            return ROW_COUNT
        if _CLOSING.fullmatch(text):
            return "footer"
        if width == 1 and text == END_OF_COPY:
            return END_MARK
        if width == 1 < len(self._header) and _COMMAND_TAG.fullmatch(text):
            return ROW_COUNT
        if self._has_separator_line and (text.lower() == "sep=" or parse_sep_line(text)):
            return SEPARATOR_LINE
        return ""


def is_row_count(text: str) -> bool:
    """Return whether a text is what a tool of a database ends with: how many rows there were, or the time."""
    return bool(_count().fullmatch(text) or _CLOSING.fullmatch(text))


def is_dash_line(values: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a record that follows the header only underlines it, as sqlcmd, isql and psql do.

    Each cell has to consist of dashes, except below an empty name, as at the borders of a table of Markdown.
    Single dashes, which people write for *none*, do not count, except below names that are as short.
    """
    cells = [value.strip() for value in values]
    if len(cells) == 1 and _RULER.fullmatch(cells[0]):
        return True
    if len(cells) != len(header):
        return False
    lines = [cell for cell, name in zip(cells, header, strict=True) if cell or name.strip()]
    if not all(map(_DASHES.fullmatch, lines)):
        return False
    return any(len(cell) >= _SURE_DASHES for cell in lines) or all(len(name.strip()) <= 1 for name in header)
