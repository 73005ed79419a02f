"""Detection of the quoting of a delimited text, by parsing a sample in each way that its characters suggest."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from provisioner.system.patterns import late_pattern

from .parsing import Quoting, blanks, parser

REASONS = {
    Quoting.AFTER_BLANK: "quotes after a blank are read as quotes, and the blanks around them are not read",
    Quoting.WIDE_DELIMITER: "a blank follows each delimiter, which is not read as a part of the fields",
    Quoting.BACKSLASH: "a backslash takes the meaning from the quote, delimiter, line end or backslash after it",
    Quoting.NO_QUOTES: r"the text format of a database: \t, \n and \\ are read as escapes, quotes as characters",
}
"""What is said of a quoting that is not the standard's."""

_ESCAPE = late_pattern(r"\\(.)", re.DOTALL)
_LETTERS = frozenset("bfnrtv")
_OF_NO_QUOTES = frozenset("\\N0Z'\"\r\n") | _LETTERS
_OF_BACKSLASH = frozenset('\\N0"\r\n')
_START, _END = r"(?:\A|[\r\n]|{0})", r"(?=[\r\n]|{0}|\Z)"
_PATTERNS = {
    "blank": rf'{_START}{{1}}+"|"{{1}}+{_END}',
    "null": rf"{_START}\\N{_END}",
    "quoted": rf'{_START}"(?:[^"\\]|""|\\.)*+"{_END}',
    "doubled": r"[^{0}\\\r\n]\\\\",
}
"""What suggests a quoting; ``{0}`` is the delimiter, ``{1}`` a blank, and ``doubled`` a doubled backslash."""


class _Fit(NamedTuple):
    """How well a sample is parsed: whether without an error, and the share of rows with the usual width."""

    is_sound: bool
    share: float
    rows: list[list[str]]


def detect_quoting(lines: Sequence[str], delimiter: str, *, is_whole: bool) -> Quoting:
    """Return the quoting of a sample; ``is_whole`` is whether it is the whole text."""
    text = "".join(lines)
    sample = _Sample(lines, delimiter, is_whole)
    if delimiter not in " \\" and _has("blank", text, delimiter) and sample.prefers_blanks():
        return Quoting.WIDE_DELIMITER if _is_wide(text, delimiter) else Quoting.AFTER_BLANK
    if "\\" in text and delimiter != "\\":
        return _escaping(text, sample)
    return Quoting.STANDARD


def _escaping(text: str, sample: "_Sample") -> Quoting:
    """Return the quoting of a sample with backslashes."""
    mark = sample.delimiter
    escaped = Counter(_ESCAPE.findall(text))
    has_nulls, has_quotes = _has("null", text, mark), _has("quoted", text, mark)
    if not has_quotes:
        # Only the text format escapes with letters. Paths may look so, but have no doubled backslash inside.
        is_format = has_nulls if mark == "\t" or escaped.keys() & _LETTERS else False
        is_format = is_format or (mark == "\t" and _has("doubled", text, mark))
        if is_format and escaped.keys() <= _OF_NO_QUOTES | {mark}:
            return Quoting.NO_QUOTES
        if mark == "\t" and sample.prefers(Quoting.NO_QUOTES):
            return Quoting.NO_QUOTES
    is_possible = escaped.keys() <= _OF_BACKSLASH | {mark} and '""' not in text.replace(f'{mark}""', mark)
    is_told = (has_nulls and escaped["\\"]) or (escaped['"'] and sample.allows(Quoting.BACKSLASH))
    if is_possible and is_told:
        return Quoting.BACKSLASH
    return Quoting.BACKSLASH if sample.prefers(Quoting.BACKSLASH) else Quoting.STANDARD


def _is_wide(text: str, delimiter: str) -> bool:
    """Return whether one blank follows each delimiter outside quotes, as if the delimiter were ``", "``.

    Fields in quotes have no other blanks around them.
    """
    mark = re.escape(delimiter)
    enclosed = rf'(\A|[\r\n]|{mark} )"(?:[^"]+|"")*+(?:"(?={mark}|[\r\n]|\Z)|\Z)'
    bare = re.sub(enclosed, r"\1", text)
    return '"' not in bare and not re.search(f"{mark}(?! )", bare)


def _has(what: str, text: str, delimiter: str) -> bool:
    pattern = _PATTERNS[what].replace("{0}", re.escape(delimiter)).replace("{1}", blanks(delimiter))
    return re.search(pattern, text, re.DOTALL) is not None


class _Sample(NamedTuple):
    """Lines to be parsed in several ways; ``is_whole`` is whether they are the whole text."""

    lines: Sequence[str]
    delimiter: str
    is_whole: bool

    def prefers(self, quoting: Quoting) -> bool:
        """Return whether the standard does not parse the sample, or gives fewer rows of one width."""
        found, standard = self._fit(quoting), self._fit(Quoting.STANDARD)
        return found.is_sound and (not standard.is_sound or found.share > standard.share)

    def allows(self, quoting: Quoting) -> bool:
        """Return whether a quoting parses the sample into no fewer rows of one width than the standard."""
        found, standard = self._fit(quoting), self._fit(Quoting.STANDARD)
        return found.is_sound and (not standard.is_sound or found.share >= standard.share)

    def prefers_blanks(self) -> bool:
        """Return whether all quotes after a blank enclose a field, and the standard reads them otherwise.

        Where they make one row of several, the standard has to read fewer rows of one width: a line of all columns
        is a row of its own, whatever quotes are in the lines around it.
        """
        found, standard = self._fit(Quoting.AFTER_BLANK), self._fit(Quoting.STANDARD)
        if len(found.rows) < len(standard.rows) and standard.is_sound:
            return found.is_sound and found.share > standard.share
        return self.allows(Quoting.AFTER_BLANK) and found.rows != standard.rows

    def _fit(self, quoting: Quoting) -> _Fit:
        rows: list[list[str]] = []
        is_sound = True
        try:
            rows.extend(values for values in parser(self.lines, self.delimiter, quoting) if values)
        except csv.Error as error:
            is_sound = "end of data" in str(error) and not self.is_whole
        widths = Counter(map(len, rows))
        most = max((count for width, count in widths.items() if width > 1), default=0)
        return _Fit(is_sound, most / len(rows) if rows else 0.0, rows)
