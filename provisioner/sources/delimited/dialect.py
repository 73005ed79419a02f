"""The dialect of a delimited text, told by parsing a sample of it."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from provisioner.errors import UsageError

from .preamble import count_titles

DELIMITERS = (",", ";", "\t", "|", "^", "`")
MAX_FIELD_SIZE = 1024 * 1024
"""Most characters of one field."""

_FAIR_SHARE = 0.5

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written, as far as writing the same again needs it.

    ``separator_line`` is Excel's ``sep=`` line with its end, empty where there is none.
    """

    delimiter: str
    is_all_quoted: bool
    line_end: str
    separator_line: str = ""


@dataclass(frozen=True, slots=True, order=True)
class DelimiterScore:
    """How well a delimiter explains a sample; a greater one explains more.

    A title that is skipped explains nothing, so a text that makes sense from its first record on is preferred.
    """

    is_untitled: bool
    score: float
    delimiter: str
    width: int
    matching: int
    records: int

    @property
    def rank(self) -> tuple[bool, float]:
        """What decides; two delimiters of one rank cannot be told apart."""
        return self.is_untitled, self.score


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
    """Parse lines strictly: a ``csv.reader`` that takes fields of ``MAX_FIELD_SIZE`` at least.

    The limit is the process's: one that a calling program has raised stays.
    """
    if csv.field_size_limit() < MAX_FIELD_SIZE:
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
    if len(delimiter) != 1 or delimiter in '"\r\n\0' or "\ud800" <= delimiter <= "\udfff":
        raise UsageError(f"--delimiter {text!r} is not a delimiter", cure="give one character, or 'tab'")
    return delimiter


def rank_delimiters(lines: Sequence[str], *, is_whole: bool) -> list[DelimiterScore]:
    """Parse the lines with every delimiter and return those that make columns, the best first.

    ``is_whole`` says that the text ends where the lines do, so that the last record is not cut.
    """
    fits = (_score(lines, delimiter, is_whole) for delimiter in DELIMITERS)
    return sorted((fit for fit in fits if fit.width > 1), reverse=True)


def _score(lines: Sequence[str], delimiter: str, is_whole: bool) -> DelimiterScore:
    """Score by columns gained, times the share of records that are as wide as the header."""
    sample = parse_sample(lines, delimiter)
    titles = count_title_rows(sample.records)
    widths = [len(record.values) for record in sample.records[titles:]]
    if not widths:
        return DelimiterScore(is_untitled=False, score=0, delimiter=delimiter, width=0, matching=0, records=0)
    is_broken = sample.lines_parsed < len(lines) or (is_whole and sample.is_faulty)
    width, records = widths[0], len(widths) - 1 + is_broken
    matching = widths[1:].count(width)
    share = matching / records if records else 1.0
    return DelimiterScore(
        is_untitled=not titles and share >= _FAIR_SHARE,
        score=share * (width - 1),
        delimiter=delimiter,
        width=width,
        matching=matching,
        records=records,
    )


def read_dialect(records: Sequence["SampleRecord"], delimiter: str, separator_line: str = "") -> Dialect:
    """Tell quoting and line end by the header and the sampled records below it."""
    line_end = (records[0].line_end if records else "") or "\n"
    all_quoted = RowFormatter(Dialect(delimiter, is_all_quoted=True, line_end=""))
    is_all_quoted = all(record.bare == all_quoted.format(record.values) for record in records)
    return Dialect(delimiter, bool(records) and is_all_quoted, line_end, separator_line)


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One record of a sample: its text and its values, and the line it starts on, from 0."""

    line: int
    text: str
    values: list[str]
    is_after_blank: bool

    @property
    def bare(self) -> str:
        """The text without its line end."""
        return self.text.rstrip("\r\n")

    @property
    def line_end(self) -> str:
        """What ends it; empty at the end of the text."""
        return self.text[len(self.bare) :]


class _Parsed(NamedTuple):
    """As much of a sample as could be parsed."""

    records: list[SampleRecord]
    lines_parsed: int
    is_faulty: bool


def parse_sample(lines: Sequence[str], delimiter: str) -> _Parsed:
    """Parse lines into records, blank lines left out, up to what cannot be parsed."""
    rows, start, is_after_blank = parser(lines, delimiter), 0, False
    records: list[SampleRecord] = []
    try:
        for values in rows:
            if values:
                records.append(SampleRecord(start, "".join(lines[start : rows.line_num]), values, is_after_blank))
            start, is_after_blank = rows.line_num, not values
    except csv.Error:
        return _Parsed(records, rows.line_num, is_faulty=True)
    return _Parsed(records, rows.line_num, is_faulty=False)


def count_title_rows(records: Sequence[SampleRecord]) -> int:
    """Count the sampled records that stand before the header."""
    parted = {place for place, record in enumerate(records) if record.is_after_blank}
    return count_titles([record.values for record in records], parted)
