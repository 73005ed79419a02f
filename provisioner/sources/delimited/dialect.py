"""Dialect of a delimited text, detected by parsing a sample with each delimiter."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from provisioner.errors import UsageError
from provisioner.rows import holds_cut_number

from .line_ends import line_end_of
from .parsing import NULL, Quoting, Rows, escaped, parser, raw_fields, without_line_end
from .preamble import count_titles
from .quoting import detect_quoting

DELIMITERS = (",", ";", "\t", "|", "^", "`")
"""Delimiters that are detected; ``--delimiter`` may name others."""

_FAIR_SHARE = 0.5

_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


class Dialect(msgspec.Struct, frozen=True):
    """Dialect of a delimited text, with which records are written back in the same form.

    ``is_all_quoted`` is whether every field has quotes. ``separator_line`` is Excel's ``sep=`` line with its line
    end, empty when there is none. ``usual_ends`` are the line ends of the header and of most records.
    With ``keeps_text`` records are kept as they are written, because their values alone do not say how.
    ``header`` is then the text of the header. ``tells_nulls`` is whether an empty field without quotes is another
    value than one in quotes. ``has_cut_numbers`` is whether the sample has numbers that Excel has shortened.
    """

    delimiter: str
    is_all_quoted: bool
    line_end: str
    separator_line: str = ""
    quoting: Quoting = Quoting.STANDARD
    usual_ends: tuple[str, ...] = ()
    keeps_text: bool = False
    header: str = ""
    tells_nulls: bool = False
    has_cut_numbers: bool = False

    def rows(self, lines: Iterable[str]) -> Rows:
        """Return a strict parser of lines in this dialect."""
        return parser(lines, self.delimiter, self.quoting)


class DelimiterScore(msgspec.Struct, frozen=True, order=True):
    """Score of a delimiter for a sample; the greatest is the best.

    ``is_untitled``, that no title before the header had to be skipped, counts more than ``score``: the columns
    gained times the share of records that are as wide as the header. ``width`` is the number of columns;
    ``matching`` of ``records`` have it.
    """

    is_untitled: bool
    score: float
    delimiter: str
    width: int
    matching: int
    records: int
    quoting: Quoting = Quoting.STANDARD

    @property
    def rank(self) -> tuple[bool, float]:
        """Part of the score that decides; two delimiters with equal ranks fit equally well."""
        return self.is_untitled, self.score


class _Echo:
    """File for ``csv.writer`` whose ``write`` returns the line, so that ``writerow`` returns it, too."""

    def write(self, text: str) -> str:
        return text


class RowFormatter:
    """Formatter of rows in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        is_escaped = dialect.quoting is Quoting.BACKSLASH
        # The csv module quotes CR and LF only when they are part of the line end, so the line end is CRLF here.
        self._writer = csv.writer(
            _Echo(),
            delimiter=dialect.delimiter,
            quoting=csv.QUOTE_ALL if dialect.is_all_quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n",
            doublequote=not is_escaped,
            escapechar="\\" if is_escaped else None,
        )
        self._line_end = dialect.line_end
        self._unquoted = dialect.delimiter if dialect.quoting is Quoting.NO_QUOTES else ""

    def format(self, values: Iterable[str]) -> str:
        """Return one row as text, with its line end."""
        if self._unquoted:
            return self._unquoted.join(escaped(value, self._unquoted) for value in values) + self._line_end
        text = str(self._writer.writerow(values))
        return text.removesuffix("\r\n") + self._line_end


def named_delimiter(text: str) -> str:
    """Return the delimiter that ``--delimiter`` gives: one character, or a name such as ``tab``.

    Raise ``UsageError`` when it is not a delimiter.
    """
    delimiter = _NAMED.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '"\r\n\0' or "\ud800" <= delimiter <= "\udfff":
        raise UsageError(f"--delimiter {text!r} is not a delimiter", cure="give one character, or 'tab'")
    return delimiter


def rank_delimiters(lines: Sequence[str], *, is_whole: bool) -> list[DelimiterScore]:
    """Return the scores of all delimiters that give more than one column, the best first.

    ``is_whole`` is whether the lines are the whole text, so that the last record is not cut off.
    """
    fits = (_score(lines, delimiter, is_whole) for delimiter in DELIMITERS)
    return sorted((fit for fit in fits if fit.width > 1), reverse=True)


def _score(lines: Sequence[str], delimiter: str, is_whole: bool) -> DelimiterScore:
    """Return the score of one delimiter: columns gained, times the share of records as wide as the header."""
    quoting = detect_quoting(lines, delimiter, is_whole=is_whole)
    sample = parse_sample(lines, delimiter, quoting)
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
        quoting=quoting,
    )


def read_dialect(
    records: Sequence["SampleRecord"],
    delimiter: str,
    separator_line: str = "",
    quoting: Quoting = Quoting.STANDARD,
) -> Dialect:
    """Return the dialect of a text: quotes and line ends by the header and the sampled records after it."""
    text = "".join([record.text for record in records])
    line_end = (records[0].line_end if records else "") or "\n"
    all_quoted = RowFormatter(Dialect(delimiter, is_all_quoted=True, line_end=""))
    is_all_quoted = bool(records) and all(record.bare == all_quoted.format(record.values) for record in records)
    has_empty_quotes = '""' in text and any(
        '""' in record.text and '""' in map(str.strip, raw_fields(record.bare, delimiter, quoting))
        for record in records
    )
    tells_nulls = has_empty_quotes and not is_all_quoted
    has_nulls = NULL in text and any(NULL in record.values for record in records)
    keeps_text = quoting is not Quoting.STANDARD or tells_nulls or has_nulls
    return Dialect(
        delimiter,
        is_all_quoted,
        line_end,
        separator_line,
        quoting,
        _usual_ends(records, text),
        keeps_text=keeps_text,
        header=records[0].bare if keeps_text else "",
        tells_nulls=tells_nulls,
        has_cut_numbers="+" in text
        and any("+" in record.text and any(map(holds_cut_number, record.values)) for record in records),
    )


def _usual_ends(records: Sequence["SampleRecord"], text: str) -> tuple[str, ...]:
    """Return the line end of the header, and one that ends most records between rows that have all columns."""
    if not records:
        return ()
    first = records[0].line_end
    if first == "\n" and "\r" not in text:
        return (first,)
    width = len(records[0].values)
    full = [
        record.line_end for record, after in pairwise(records) if len(record.values) == len(after.values) == width
    ]
    most = [end for end, count in Counter(full).items() if end and width > 1 and count > len(records) / 2]
    return tuple(filter(None, (first, *most)))


class SampleRecord(msgspec.Struct, frozen=True):
    """Record of a sample: its first line (from 0), its text and its values.

    ``is_after_blank`` is whether a blank line precedes it.
    """

    line: int
    text: str
    values: list[str]
    is_after_blank: bool

    @property
    def bare(self) -> str:
        """Text of the record without its line end."""
        return without_line_end(self.text)

    @property
    def line_end(self) -> str:
        """Line end of the record; empty at the end of the text."""
        return line_end_of(self.text)


class _Parsed(NamedTuple):
    """Parsed part of a sample; ``is_faulty`` is whether a parsing error ended it."""

    records: list[SampleRecord]
    lines_parsed: int
    is_faulty: bool


def parse_sample(lines: Sequence[str], delimiter: str, quoting: Quoting = Quoting.STANDARD) -> _Parsed:
    """Parse lines into records up to the first parsing error; blank lines are skipped."""
    rows, start, is_after_blank = parser(lines, delimiter, quoting), 0, False
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
    """Return the number of sampled records before the header."""
    parted = {place for place, record in enumerate(records) if record.is_after_blank}
    return count_titles([record.values for record in records], parted)
