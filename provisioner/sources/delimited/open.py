"""Opening of a delimited text: detect dialect, header and footer from a sample and from the last lines."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain

import msgspec

from provisioner.errors import InputError
from provisioner.sources.detection import Detected, Detection, EmptyInputError
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.not_rows import SEPARATOR_LINE
from provisioner.sources.skipped import BLANK_LINE, EMPTY_RECORD, LastPass, SkippedLine
from provisioner.sources.text.decoding import DecodedLines, count_lines, decoded, lines_at_end

from .dialect import (
    Dialect,
    SampleRecord,
    count_title_rows,
    named_delimiter,
    parse_sample,
    rank_delimiters,
    read_dialect,
)
from .footer import footer_kinds
from .line_ends import NAMES
from .parsing import Quoting
from .preamble import parse_sep_line
from .quoting import REASONS, detect_quoting
from .reading import LineRange, RecordReader
from .source import DelimitedSource

_SAMPLE_LINES = 1_000
_SAMPLE_SIZE = 512 * 1024
_TAIL_SIZE = 16 * 1024


class _Start(msgspec.Struct, frozen=True):
    """Result of parsing the sample: ``line`` is the header's, from 1; ``records`` begin with the header."""

    delimiter: Detected
    quoting: Quoting
    line: int
    records: Sequence[SampleRecord]
    dialect: Dialect
    skipped: Sequence[SkippedLine]


def open_delimited(raw_input: RawInput, detection: Detection, delimiter: str) -> DelimitedSource:
    """Return the source for a delimited text: detect delimiter, titles, header and footer.

    ``delimiter`` is the value of ``--delimiter``, empty to detect it. Raise ``InputError`` when there is no
    header, no row after it, or when two delimiters fit equally well, and ``UsageError`` when ``delimiter`` is not
    valid.
    """
    encoding = detection.encoding.value
    lines, is_whole = _sample(raw_input, encoding)
    start = _look_at(lines, delimiter, raw_input.name, is_whole=is_whole)
    footer = _footer(raw_input, detection, start)
    line_range = LineRange(start.line, footer[0].line - 1 if footer else 0)
    with closing(raw_input.chunks()) as chunks:
        reader = RecordReader(start.dialect, line_range, raw_input.name)
        columns = reader.header(DecodedLines(chunks, encoding, raw_input.name))
    if not columns:
        raise EmptyInputError(raw_input.name)
    detection = msgspec.structs.replace(
        detection,
        delimiter=start.delimiter,
        line_ends=_line_ends(start.records),
        quoting=Detected("", "")
        if start.quoting is Quoting.STANDARD
        else Detected(start.quoting, REASONS[start.quoting]),
    )
    last_pass = LastPass((*start.skipped, *footer))
    first_line = reader.first_line
    return DelimitedSource(raw_input, detection, start.dialect, line_range, columns, first_line, last_pass)


def _sample(raw_input: RawInput, encoding: str) -> tuple[list[str], bool]:
    """Return the first lines, at most 1,000, and whether they are the whole text."""
    with closing(raw_input.chunks()) as chunks:
        lines = chain.from_iterable(DecodedLines(chunks, encoding, raw_input.name))
        sample, size = [], 0
        for line in lines:
            sample.append(line)
            size += len(line)
            if len(sample) == _SAMPLE_LINES or size > _SAMPLE_SIZE:
                break
        return sample, next(lines, None) is None


def _look_at(lines: Sequence[str], delimiter: str, name: str, *, is_whole: bool) -> _Start:
    told = parse_sep_line(lines[0]) if lines else ""
    body = lines[1:] if told else lines
    offset = 2 if told else 1
    finding = _delimiter(body, told, delimiter, name, is_whole=is_whole)
    quoting = detect_quoting(body, finding.value, is_whole=is_whole)
    records = parse_sample(body, finding.value, quoting).records
    empty = _count_empty(records)
    titles = empty + count_title_rows(records[empty:])
    skipped = [SkippedLine(1, SEPARATOR_LINE)] if told else []
    skipped += [SkippedLine(record.line + offset, EMPTY_RECORD) for record in records[:empty]]
    skipped += [SkippedLine(record.line + offset, "title") for record in records[empty:titles]]
    header_line = records[titles].line if titles < len(records) else 0
    if header_line:
        skipped += _blank_lines(records[: titles + 1], offset)
    return _Start(
        delimiter=finding,
        quoting=quoting,
        line=offset + header_line,
        records=records[titles:],
        dialect=read_dialect(records[titles:], finding.value, lines[0] if told else "", quoting),
        skipped=skipped,
    )


def _count_empty(records: Sequence[SampleRecord]) -> int:
    """Return the number of records without a value at the start; 0 when there are no others."""
    return next((place for place, record in enumerate(records) if any(map(str.strip, record.values))), 0)


def _blank_lines(records: Sequence[SampleRecord], offset: int) -> Iterator[SkippedLine]:
    """Yield the blank lines before each record; ``offset`` is the number of the first sampled line."""
    end = 0
    for record in records:
        yield from (SkippedLine(line + offset, BLANK_LINE) for line in range(end, record.line))
        end = record.line + count_lines([record.text])


def _delimiter(lines: Sequence[str], told: str, given: str, name: str, *, is_whole: bool) -> Detected:
    if given:
        return Detected(named_delimiter(given), "--delimiter")
    fits = rank_delimiters(lines, is_whole=is_whole)
    if told and (not fits or told in {fit.delimiter for fit in fits}):
        return Detected(told, "named in the first line")
    if told:
        raise InputError(
            f"names the delimiter {told!r} in its first line, but {fits[0].delimiter!r} gives the columns",
            source=name,
            cure="name the right one with --delimiter",
        )
    if not fits:
        return Detected(",", "no delimiter in the header, so one column")
    best = fits[0]
    if len(fits) > 1 and fits[1].rank == best.rank:
        raise InputError(
            f"the delimiters {best.delimiter!r} and {fits[1].delimiter!r} fit equally well",
            source=name,
            cure="name the right one with --delimiter",
        )
    share = f"{best.matching} of {best.records} sampled records"
    return Detected(best.delimiter, f"makes {best.width} columns in the header and in {share}")


def _footer(raw_input: RawInput, detection: Detection, start: _Start) -> list[SkippedLine]:
    """Return the lines of the footer; if there is one, read the whole text to find their numbers."""
    if not start.records:
        return []
    last = lines_at_end(*raw_input.tail(_TAIL_SIZE), detection.encoding.value, len(detection.mark))
    kinds = footer_kinds(last, start.delimiter.value, len(start.records[0].values))
    if not kinds:
        return []
    with closing(raw_input.chunks()) as chunks:
        first = count_lines(decoded(chunks, detection.encoding.value, raw_input.name)) - len(kinds) + 1
    return [SkippedLine(line, kind) for line, kind in enumerate(kinds, first) if line > start.line]


def _line_ends(records: Sequence[SampleRecord]) -> Detected:
    ends = {NAMES[record.line_end]: None for record in records if record.line_end}
    if len(ends) > 1:
        return Detected("mixed", f"{' and '.join(ends)} end the sampled records")
    return Detected(next(iter(ends), ""), "ends the sampled records")
