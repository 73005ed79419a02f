"""Parsing of lines into rows, with each of the ways in which fields are quoted and characters escaped."""

import csv
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Protocol

from provisioner.system.patterns import late_pattern

from .line_ends import line_end_of

MAX_FIELD_SIZE = 1024 * 1024
"""Longest field, in characters."""
NULL = "\\N"
"""Field that stands for an absent value in what databases unload."""


END_OF_COPY = "\\."
"""Line that ends the data in a script with PostgreSQL's COPY."""


class Quoting(StrEnum):
    """Way in which a text quotes fields and escapes characters."""

    STANDARD = "standard"
    """Fields in quotes, quotes inside doubled (RFC 4180)."""
    AFTER_BLANK = "after blanks"
    """As ``STANDARD``, with blanks between a delimiter and the opening quote, and after the closing quote."""
    WIDE_DELIMITER = "blank after each delimiter"
    """As ``STANDARD``, with a delimiter of two characters, of which the second is a blank."""
    BACKSLASH = "backslash"
    """As ``STANDARD``, and a backslash takes the meaning from a quote, a delimiter, a line end and a backslash."""
    NO_QUOTES = "backslash, no quotes"
    """Text format of PostgreSQL's COPY and of MySQL: quotes are characters, ``\\t`` and ``\\n`` are escapes."""


class Rows(Protocol):
    """Protocol of ``csv.reader``: an iterator of rows with a count of lines."""

    @property
    def line_num(self) -> int:
        """Number of lines read so far."""
        ...

    def __iter__(self) -> Iterator[list[str]]:
        """Return the iterator of the rows, which continues after the last one read."""
        ...


def blanks(delimiter: str) -> str:
    """Return the pattern of a blank that may stand between a delimiter and a quote."""
    return "[ \xa0]" if delimiter == "\t" else "[ \t\xa0]"


def parser(lines: Iterable[str], delimiter: str, quoting: Quoting = Quoting.STANDARD) -> Rows:
    """Return a strict ``csv.reader`` that accepts fields of at least ``MAX_FIELD_SIZE`` characters.

    The limit of the ``csv`` module is global to the process: it is raised if necessary, and never lowered.
    """
    if csv.field_size_limit() < MAX_FIELD_SIZE:
        csv.field_size_limit(MAX_FIELD_SIZE)
    match quoting:
        case Quoting.STANDARD:
            return csv.reader(lines, delimiter=delimiter, strict=True)
        case Quoting.AFTER_BLANK:
            return csv.reader(_without_blanks(lines, delimiter), delimiter=delimiter, strict=True)
        case Quoting.WIDE_DELIMITER:
            return csv.reader(_without_delimiter_blanks(lines, delimiter), delimiter=delimiter, strict=True)
        case Quoting.BACKSLASH:
            escaped = _with_sure_escapes(lines, delimiter)
            return csv.reader(escaped, delimiter=delimiter, escapechar="\\", strict=True)
        case Quoting.NO_QUOTES:
            return _UnquotedRows(lines, delimiter)


def is_unclosed(error: csv.Error) -> bool:
    """Return whether the fault is that the lines end inside of quotes."""
    return "end of data" in str(error)


def _without_blanks(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Yield lines without the blanks around fields in quotes; those around other fields are kept."""
    blank, mark = blanks(delimiter), re.escape(delimiter)
    end = rf"(?:{blank}+(?=[{mark}\r\n]|$))?"
    rest_of_quoted = re.compile(rf'((?:[^"]+|"")*+"){end}')
    pattern = re.compile(
        rf'{blank}*("(?:[^"]+|"")*+(?P<close>"|$)){end}|[^{re.escape(delimiter)}\r\n]+', re.DOTALL
    )
    is_open = False
    for line in lines:
        if '"' not in line:
            yield line
            continue
        start, pieces = 0, []
        if is_open:
            found = rest_of_quoted.match(line)
            if not found:
                yield line
                continue
            start, pieces, is_open = found.end(), [found[1]], False
        for match in pattern.finditer(line, start):
            pieces += line[start : match.start()], match[1] or match[0]
            start = match.end()
            is_open = match["close"] == ""
        yield "".join((*pieces, line[start:]))


def _without_delimiter_blanks(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """Yield lines without the one blank after each delimiter outside quotes."""
    mark = re.escape(delimiter)
    rest_of_quoted, quoted = re.compile(r'(?:[^"]+|"")*+"'), re.compile(r'"(?:[^"]+|"")*+"')
    field = re.compile(rf'((?:{quoted.pattern}|(?!"))[^{mark}]*+{mark}) ?')
    is_open = False
    for line in lines:
        end = 0
        if is_open:
            found = rest_of_quoted.match(line)
            if not found:
                yield line
                continue
            end = found.end()
        pieces = [line[:end]]
        while found := field.match(line, end):
            pieces.append(found[1])
            end = found.end()
        is_open = line.startswith('"', end) and not quoted.match(line, end)
        yield "".join((*pieces, line[end:]))


def _with_sure_escapes(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    r"""Yield lines in which each backslash that escapes nothing, as in ``C:\new`` and ``\N``, is doubled."""
    pattern = re.compile(rf'\\(?![\\"{re.escape(delimiter)}\r\n])|\\(.)', re.DOTALL)
    for line in lines:
        yield pattern.sub(lambda found: found[0] if found[1] else "\\\\", line) if "\\" in line else line


_ESCAPE = late_pattern(r"\\(.)", re.DOTALL)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0", "Z": "\x1a"}


class _UnquotedRows:
    """Rows of a text without quotes, in which a backslash escapes the next character."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self._lines = iter(lines)
        self._delimiter = delimiter
        self._field = re.compile(rf"(?:[^\\{re.escape(delimiter)}]+|\\.)*+", re.DOTALL)
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        for line in self._lines:
            self.line_num += 1
            text, record = without_line_end(line), line
            while _ends_in_escape(text) and (following := next(self._lines, "")):
                self.line_num += 1
                record += following
                text = without_line_end(record)
            if not text:
                yield []
            elif text == END_OF_COPY:
                yield [text]
            elif "\\" in text:
                yield list(map(_unescaped, self._cut(text)))
            else:
                yield text.split(self._delimiter)

    def _cut(self, text: str) -> Iterator[str]:
        start = 0
        while found := self._field.match(text, start):
            yield found[0] if found.end() == len(text) or text[found.end()] != "\\" else text[start:]
            start = found.end() + 1
            if start > len(text):
                return


def without_line_end(record: str) -> str:
    """Return a record without its last line end; others before it are escaped, and belong to a field."""
    return record[: len(record) - len(line_end_of(record))]


def _ends_in_escape(text: str) -> bool:
    return text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _unescaped(field: str) -> str:
    if field == NULL:
        return field
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), field)


_TO_ESCAPE = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def escaped(value: str, delimiter: str) -> str:
    """Return a value as ``NO_QUOTES`` writes it."""
    table = str.maketrans({delimiter: f"\\{delimiter}"} | _TO_ESCAPE)
    return value.translate(table)


def raw_fields(text: str, delimiter: str, quoting: Quoting) -> list[str]:
    """Return the fields of the text of one record as they are written, with their quotes and escapes."""
    mark = re.escape(delimiter)
    quoted = {
        Quoting.STANDARD: r'"(?:[^"]+|"")*+"|',
        Quoting.AFTER_BLANK: rf'{blanks(delimiter)}*"(?:[^"]+|"")*+"{blanks(delimiter)}*|',
        Quoting.WIDE_DELIMITER: r' ?"(?:[^"]+|"")*+"|',
        Quoting.BACKSLASH: r'"(?:[^"\\]+|""|\\.)*+"|',
        Quoting.NO_QUOTES: "",
    }[quoting]
    has_escapes = quoting in (Quoting.BACKSLASH, Quoting.NO_QUOTES)
    bare = rf"(?:[^\\{mark}]+|\\.)*+" if has_escapes else f"[^{mark}]*"
    pattern = re.compile(rf"(?:{quoted}{bare})(?={mark}|\Z)", re.DOTALL)
    fields, at = [], 0
    while at <= len(text) and (found := pattern.match(text, at)):
        fields.append(found[0])
        at = found.end() + 1
    return fields
