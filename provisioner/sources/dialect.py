"""The dialect of a delimited text, told by parsing a sample of it."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from provisioner.errors import UsageError

DELIMITERS = (",", ";", "\t", "|", "^", "`")
MAX_FIELD_SIZE = 1024 * 1024
"""Most characters of one field."""

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written, as far as writing the same again needs it."""

    delimiter: str
    is_all_quoted: bool
    line_end: str


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """How well a delimiter explains a sample; a greater one explains more."""

    score: float
    delimiter: str
    width: int
    matching: int
    records: int


class Rows(Protocol):
    """A ``csv.reader``: rows, and how many lines they have taken."""

    @property
    def line_num(self) -> int:
        """Count the lines taken so far."""
        ...

    def __iter__(self) -> Iterator[list[str]]:
        """Go on with the next row."""
        ...


class _Echo:
    """Hands a written line back through ``writerow``, which returns what its file's ``write`` does."""

    def write(self, text: str) -> str:
        return text


def parser(lines: Iterable[str], delimiter: str) -> Rows:
    """Parse lines strictly: a ``csv.reader``, with this program's one field size limit."""
    csv.field_size_limit(MAX_FIELD_SIZE)
    return csv.reader(lines, delimiter=delimiter, strict=True)


class RowFormatter:
    """Formats rows in a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        # The csv module quotes CR and LF only where they are part of the line end, so it is told both.
        self._writer = csv.writer(
            _Echo(),
            delimiter=dialect.delimiter,
            quoting=csv.QUOTE_ALL if dialect.is_all_quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
        )
        self._line_end = dialect.line_end

    def format(self, values: Iterable[str]) -> str:
        """Return one row as text, with its line end."""
        text = str(self._writer.writerow(values))
        return text.removesuffix("\r\n") + self._line_end


def named_delimiter(text: str) -> str:
    """Read ``--delimiter``: one character, or a name such as ``tab``."""
    delimiter = _NAMED.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise UsageError(f"--delimiter {text!r} is not a delimiter", cure="give one character, or 'tab'")
    return delimiter


def rank_delimiters(lines: Sequence[str], *, is_whole: bool) -> list[Fit]:
    """Parse the lines with every delimiter and return those that make columns, the best first.

    ``is_whole`` says that the text ends where the lines do, so that the last record is not cut.
    """
    fits = (_fit(lines, delimiter, is_whole) for delimiter in DELIMITERS)
    return sorted((fit for fit in fits if fit.width > 1), reverse=True)


def _fit(lines: Sequence[str], delimiter: str, is_whole: bool) -> Fit:
    """Score by columns gained, times the share of records that are as wide as the header."""
    sample = _parsed(lines, delimiter)
    widths = [len(values) for _, values in sample.records]
    if not widths:
        return Fit(0, delimiter, 0, 0, 0)
    is_broken = sample.lines_parsed < len(lines) or (is_whole and sample.is_faulty)
    width, records = widths[0], len(widths) - 1 + is_broken
    matching = widths[1:].count(width)
    share = matching / records if records else 1.0
    return Fit(share * (width - 1), delimiter, width, matching, records)


def read_dialect(lines: Sequence[str], delimiter: str) -> Dialect:
    """Tell quoting and line end by the sampled lines."""
    records = _parsed(lines, delimiter).records
    header = records[0][0] if records else ""
    line_end = header[len(header.rstrip("\r\n")) :] or "\n"
    all_quoted = RowFormatter(Dialect(delimiter, is_all_quoted=True, line_end=""))
    is_all_quoted = all(text.rstrip("\r\n") == all_quoted.format(values) for text, values in records)
    return Dialect(delimiter, bool(records) and is_all_quoted, line_end)


class _Parsed(NamedTuple):
    """As much of a sample as could be parsed: each record as text and as values."""

    records: list[tuple[str, list[str]]]
    lines_parsed: int
    is_faulty: bool


def _parsed(lines: Sequence[str], delimiter: str) -> _Parsed:
    rows, records, start = parser(lines, delimiter), [], 0
    try:
        for values in rows:
            if values:
                records.append(("".join(lines[start : rows.line_num]), values))
            start = rows.line_num
    except csv.Error:
        return _Parsed(records, rows.line_num, is_faulty=True)
    return _Parsed(records, rows.line_num, is_faulty=False)
