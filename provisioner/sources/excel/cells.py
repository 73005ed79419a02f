"""Cells of a workbook as texts, with an error for those that cannot be used."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from .styles import Style, Styles, moment_of

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ERROR_CODE = re.compile(r"#[A-Z0/_]{2,20}[!?]?")
_NO_VALUE = "#VALUE!"
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_DIGITS = re.compile(r"[0-9.eE+-]*")
_TRUTH = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}

LONGEST_TEXT = 32_767
"""Most characters in a cell (Excel's limit)."""
_LARGEST = 1e300
_MOST_DIGITS = 15
_TOO_LARGE = 10**15
"""Smallest number with more digits than the 15 that Excel keeps."""


TEXT, NUMBER, ERROR = "s", "n", "e"
"""Types of cells that are written, in openpyxl's notation."""


class UnusableCell(NamedTuple):
    """Cell whose value cannot be used: its text, why, and the cell type with which to write it back unchanged."""

    text: str
    fault: str
    kind: str


CellText = str | UnusableCell
"""What a cell says: its text, or why it cannot be used."""

NOT_CALCULATED = UnusableCell(
    _NO_VALUE, "holds a formula without a saved value; open the workbook in Excel and save it first", ERROR
)
"""Cell with a formula that the program that wrote the workbook did not calculate."""


def read_cell(kind: str, value: str, style: Style, styles: Styles) -> CellText:
    """Return the value of a cell as text; ``kind`` is its type (ISO 29500, part 1, section 18.18.11).

    Texts are unchanged. Numbers have up to 15 digits, as Excel keeps, and the leading zeros of a number format
    such as ``00000``. Dates and times are in ISO 8601. An empty cell is an empty text. Never raise: a value that
    cannot be used is an ``UnusableCell``.
    """
    match kind:
        case "s" | "str" | "inlineStr":
            return read_text(value)
        case "n":
            return _read_styled_number(value, style, styles)
        case "b" if truth := _TRUTH.get(value):
            return truth
        case "d":
            return _read_moment(value)
        case _:
            return faulty_cell(value)


def escape_xml(text: str) -> str:
    """Return a text with the characters that XML does not allow escaped as in Excel: ``_x000D_`` is a CR."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def read_text(value: str) -> CellText:
    """Return a text cell's value with Excel's escapes decoded once: ``_x005F_x0041_`` is ``_x0041_``."""
    if "_x" not in value:
        return read_unescaped(value)
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    try:
        # A character beyond U+FFFF has two escapes.
        return read_unescaped(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
    except UnicodeDecodeError:
        return UnusableCell(_NO_VALUE, "holds half of a character", ERROR)


def read_all_texts(values: Sequence[str]) -> Sequence[CellText]:
    """Return several text cells' values; see ``read_text``."""
    if "_x" in "".join(values) or max(map(len, values), default=0) > LONGEST_TEXT:
        return [*map(read_text, values)]
    return values


def read_unescaped(text: str) -> CellText:
    """Return a text without escapes, if it is not too long for a cell."""
    if len(text) > LONGEST_TEXT:
        return UnusableCell(_NO_VALUE, f"holds more than {LONGEST_TEXT:,} characters, the most of Excel's", ERROR)
    return text


def read_number(spelt: str) -> CellText:
    """Return the value of a number with the digits that Excel keeps, at most 15, and without a ``.0``."""
    if spelt.isdecimal() and len(spelt) <= _MOST_DIGITS and spelt[0] != "0" and spelt.isascii():
        return spelt
    try:
        value = float(spelt)
    except ValueError:
        return faulty_cell(_NO_VALUE)
    if not (spelt.isascii() and "_" not in spelt):
        return faulty_cell(_NO_VALUE)
    if -_TOO_LARGE < value < _TOO_LARGE:
        return f"{value + 0.0:.15G}"
    if not _NUMBER.fullmatch(spelt):
        return faulty_cell(_NO_VALUE)  # such as NaN
    return UnusableCell(
        f"{max(min(value, _LARGEST), -_LARGEST):.17g}",
        "holds a number of more than 15 digits, of which Excel keeps only 15; "
        "format the column as text and enter it again",
        NUMBER,
    )


def read_all_numbers(values: Sequence[str]) -> Sequence[CellText]:
    """Return the values of several numbers; see ``read_number``."""
    try:
        numbers = [*map(float, values)] if _DIGITS.fullmatch("".join(values)) else []
    except ValueError:
        numbers = []
    if numbers and min(numbers) > -_TOO_LARGE and max(numbers) < _TOO_LARGE:
        return [*map("{:.15G}".format, map((0.0).__add__, numbers))]
    return [*map(read_number, values)]


def _read_styled_number(spelt: str, style: Style, styles: Styles) -> CellText:
    if style.is_time:
        return _read_serial(spelt, style, styles)
    number = read_number(spelt)
    if style.zeros and isinstance(number, str) and number.isdecimal():
        return number.zfill(style.zeros)
    return number


def _read_serial(spelt: str, style: Style, styles: Styles) -> CellText:
    if not _NUMBER.fullmatch(spelt):
        return faulty_cell(_NO_VALUE)
    try:
        return spell_time(styles.moment(float(spelt), style))
    except (OverflowError, ValueError):
        return faulty_cell(_NO_VALUE)


def _read_moment(spelt: str) -> CellText:
    try:
        moment = moment_of(spelt)
    except ValueError:
        moment = None
    return faulty_cell(_NO_VALUE) if moment is None else spell_time(moment)


def faulty_cell(value: str) -> UnusableCell:
    """Return a cell that holds an error, which is ``value`` if that looks like one."""
    code = value if _ERROR_CODE.fullmatch(value) else _NO_VALUE
    return UnusableCell(code, f"holds the error {code}", ERROR)


def spell_time(value: datetime | date | time | timedelta) -> str:
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
