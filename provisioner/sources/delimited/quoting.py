"""Detection of the quoting of a delimited text, by parsing a sample in each way that its characters suggest."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .parsing import Quoting, parser

REASONS = {
    Quoting.AFTER_BLANK: "quotes after a blank are read as quotes, and the blanks around them are not read",
    Quoting.BACKSLASH: "a backslash takes the meaning from the quote, delimiter, line end or backslash after it",
    Quoting.NO_QUOTES: r"the text format of a database: \t, \n and \\ are read as escapes, quotes as characters",
}
"""What is said of a quoting that is not the standard's."""

_ANY_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OF_NO_QUOTES = frozenset("\\N0bfnrtvZ'\"\r\n")
_LETTERS = frozenset("bfnrtv")


class _Fit(NamedTuple):
    """How well a sample is parsed: whether without an error, and the share of rows with the usual width."""

    is_sound: bool
    share: float
    rows: list[list[str]]


def detect_quoting(lines: Sequence[str], delimiter: str, *, is_whole: bool) -> Quoting:
    """Return the quoting of a sample; ``is_whole`` is whether it is the whole text."""
    text = "".join(lines)
    mark = re.escape(delimiter)
    if delimiter not in " \\" and re.search(rf'(?:^|{mark}) +"|" +(?:{mark}|$)', text, re.MULTILINE):
        blank, standard = (
            _fit(lines, delimiter, each, is_whole) for each in (Quoting.AFTER_BLANK, Quoting.STANDARD)
        )
        if (
            blank.is_sound
            and blank.rows != standard.rows
            and (not standard.is_sound or blank.share >= standard.share)
        ):
            return Quoting.AFTER_BLANK
    if "\\" not in text or delimiter == "\\":
        return Quoting.STANDARD
    has_nulls = bool(re.search(rf"(?:^|{mark})\\N(?:{mark}|$)", text, re.MULTILINE))
    has_quotes = bool(re.search(rf'(?:^|{mark})"', text, re.MULTILINE))
    escaped = Counter(_ANY_ESCAPE.findall(text))
    if delimiter == "\t" and not has_quotes:
        is_format = has_nulls and escaped.keys() <= _OF_NO_QUOTES | {delimiter}
        return (
            Quoting.NO_QUOTES
            if is_format or _is_better(Quoting.NO_QUOTES, lines, delimiter, is_whole)
            else Quoting.STANDARD
        )
    if (
        has_nulls
        and not has_quotes
        and escaped.keys() & _LETTERS
        and escaped.keys() <= _OF_NO_QUOTES | {delimiter}
    ):
        return Quoting.NO_QUOTES
    if _is_better(Quoting.BACKSLASH, lines, delimiter, is_whole):
        return Quoting.BACKSLASH
    is_escaped = has_nulls and escaped["\\"] and escaped.keys() <= {*'\\N0"\r\n', delimiter} and '""' not in text
    return Quoting.BACKSLASH if is_escaped else Quoting.STANDARD


def _is_better(quoting: Quoting, lines: Sequence[str], delimiter: str, is_whole: bool) -> bool:
    """Return whether the standard does not parse the sample, or gives fewer rows of one width than ``quoting``."""
    found, standard = (_fit(lines, delimiter, each, is_whole) for each in (quoting, Quoting.STANDARD))
    return found.is_sound and (not standard.is_sound or found.share > standard.share)


def _fit(lines: Sequence[str], delimiter: str, quoting: Quoting, is_whole: bool) -> _Fit:
    rows: list[list[str]] = []
    is_sound = True
    try:
        rows.extend(values for values in parser(lines, delimiter, quoting) if values)
    except csv.Error as error:
        is_sound = "end of data" in str(error) and not is_whole
    widths = Counter(map(len, rows))
    share = max((count for width, count in widths.items() if width > 1), default=0) / len(rows) if rows else 0.0
    return _Fit(is_sound, share, rows)
