"""Cells of a workbook as texts, with an error for those that cannot be used."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from .styles import Style, Styles, moment_of

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ERROR_CODE = re.compile(r"#[A-Z0/_]{2,20}[!?]?")
_NO_VALUE = "#VALUE!"
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_TRUTH = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}

_LONGEST_TEXT = 32_767
"""Most characters in a cell (Excel's limit)."""
_LARGEST = 1e300
_TOO_LARGE = 10**15
"""Smallest number with more digits than the 15 that Excel keeps."""


TEXT, NUMBER, ERROR = "s", "n", "e"
"""Types of cells that are written, in openpyxl's notation."""


class CellValue(NamedTuple):
    """Value of a cell: its text, and the cell type with which to write it back unchanged.

    ``fault`` says why the value cannot be used; empty when it can.
    """

    text: str
    fault: str = ""
    kind: str = TEXT


EMPTY = CellValue("")
"""Value of an empty cell."""


def read_cell(kind: str, value: str, style: Style, styles: Styles) -> CellValue:
    """Return the value of a cell as text; ``kind`` is its type (ISO 29500, part 1, section 18.18.11).

    Texts are unchanged. Numbers have up to 15 digits, as Excel keeps, and the leading zeros of a number format
    such as ``00000``. Dates and times are in ISO 8601. An empty cell is an empty text. Never raise: a value that
    cannot be used has a ``fault``.
    """
    match kind:
        case "s" | "str" | "inlineStr":
            return _read_text(value)
        case "n":
            return _read_number(value, style, styles)
        case "b" if truth := _TRUTH.get(value):
            return CellValue(truth)
        case "d":
            return _read_moment(value)
        case _:
            return _faulty(value)


def escape_xml(text: str) -> str:
    """Return a text with the characters that XML does not allow escaped as in Excel: ``_x000D_`` is a CR."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _read_text(value: str) -> CellValue:
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
    if len(text) > _LONGEST_TEXT:
        return CellValue(_NO_VALUE, f"holds more than {_LONGEST_TEXT:,} characters, the most of Excel's", ERROR)
    return CellValue(text)


def _read_number(spelt: str, style: Style, styles: Styles) -> CellValue:
    if not _NUMBER.fullmatch(spelt):
        return _faulty(_NO_VALUE)
    value = float(spelt)
    if style.is_time:
        try:
            return CellValue(_spell_time(styles.moment(value, style)))
        except (OverflowError, ValueError):
            return _faulty(_NO_VALUE)
    if abs(value) >= _TOO_LARGE:
        return CellValue(
            f"{max(min(value, _LARGEST), -_LARGEST):.17g}",
            "holds a number of more than 15 digits, of which Excel keeps only 15; "
            "format the column as text and enter it again",
            NUMBER,
        )
    if style.zeros and value == int(value) >= 0:
        return CellValue(f"{int(value):0{style.zeros}}")
    return CellValue(f"{value + 0.0:.15G}")


def _read_moment(spelt: str) -> CellValue:
    try:
        moment = moment_of(spelt)
    except ValueError:
        moment = None
    return _faulty(_NO_VALUE) if moment is None else CellValue(_spell_time(moment))


def _faulty(value: str) -> CellValue:
    code = value if _ERROR_CODE.fullmatch(value) else _NO_VALUE
    return CellValue(code, f"holds the error {code}", ERROR)


def _spell_time(value: datetime | date | time | timedelta) -> str:
    """Return a value in ISO 8601; a date-time at midnight becomes a date, since Excel stores dates so."""
    if isinstance(value, timedelta):
        return _spell_duration(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat()


def _spell_duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    minutes, seconds = divmod(abs(seconds), 60)
    return f"{'-' if value < timedelta() else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}"
