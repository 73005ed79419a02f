"""How a delimited text is written and where its records begin and end, found by a sample and its last lines."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice

import msgspec

from provisioner.errors import InputError

from .delimited import Blanks, DelimitedSource, Span, opened_rows
from .detect import Detection, Finding, Skipped
from .dialect import Dialect, Sampled, named_delimiter, parse_sample, rank_delimiters, read_dialect, titles_of
from .footer import count_footer_lines, is_nothing
from .preamble import separator_told
from .stored import Stored
from .text import count_lines, decoded, line_blocks, lines_at_end

_SAMPLE_LINES = 1_000
_SAMPLE_SIZE = 512 * 1024
_TAIL_SIZE = 16 * 1024
_LINE_ENDS = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True, slots=True)
class _Start:
    """What the sample shows: ``line`` is the header's, ``records`` are those from the header on."""

    delimiter: Finding
    line: int
    records: Sequence[Sampled]
    dialect: Dialect
    skipped: Sequence[Skipped]


def open_delimited(stored: Stored, detection: Detection, delimiter: str) -> DelimitedSource:
    """Find the delimiter, unless it is given, the header, and what stands before and after the records.

    Raise ``InputError`` where there is no header, no row after it, or no telling two delimiters apart.
    """
    encoding = detection.encoding.value
    lines, is_whole = _sample(stored, encoding)
    start = _look_at(lines, delimiter, stored.name, is_whole=is_whole)
    footer = _footer(stored, detection, start)
    span = Span(start.line, footer[0].line - 1 if footer else 0)
    with opened_rows(stored, encoding, start.delimiter.value, span, Blanks()) as rows:
        columns = _columns([values for _, values in islice(rows, 2)], stored.name)
    detection = msgspec.structs.replace(
        detection,
        delimiter=start.delimiter,
        line_ends=_line_ends(start.records),
        skipped=(*start.skipped, *footer),
    )
    return DelimitedSource(stored, detection, start.dialect, span, columns)


def _sample(stored: Stored, encoding: str) -> tuple[list[str], bool]:
    """Take the first lines, and say whether they are all there are."""
    with closing(stored.chunks()) as chunks:
        lines = chain.from_iterable(line_blocks(decoded(chunks, encoding, stored.name), stored.name))
        sample, size = [], 0
        for line in lines:
            sample.append(line)
            size += len(line)
            if len(sample) == _SAMPLE_LINES or size > _SAMPLE_SIZE:
                break
        return sample, next(lines, None) is None


def _look_at(lines: Sequence[str], delimiter: str, name: str, *, is_whole: bool) -> _Start:
    told = separator_told(lines[0]) if lines else ""
    body = lines[1:] if told else lines
    offset = 2 if told else 1
    finding = _delimiter(body, told, delimiter, name, is_whole=is_whole)
    records = parse_sample(body, finding.value).records
    titles = titles_of(records)
    skipped = [Skipped(1, "separator line")] if told else []
    skipped += [Skipped(record.line + offset, "title") for record in records[:titles]]
    return _Start(
        delimiter=finding,
        line=offset + (records[titles].line if titles else 0),
        records=records[titles:],
        dialect=read_dialect(records[titles:], finding.value, lines[0] if told else ""),
        skipped=skipped,
    )


def _delimiter(lines: Sequence[str], told: str, given: str, name: str, *, is_whole: bool) -> Finding:
    if given:
        return Finding(named_delimiter(given), "--delimiter")
    fits = rank_delimiters(lines, is_whole=is_whole)
    if told and (not fits or told in {fit.delimiter for fit in fits}):
        return Finding(told, "the first line tells it")
    if told:
        raise InputError(
            f"tells the delimiter {told!r} in its first line, and {fits[0].delimiter!r} makes the columns",
            source=name,
            cure="name the right one with --delimiter",
        )
    if not fits:
        return Finding(",", "no delimiter in the header, so one column")
    best = fits[0]
    if len(fits) > 1 and fits[1].rank == best.rank:
        raise InputError(
            f"the delimiters {best.delimiter!r} and {fits[1].delimiter!r} fit equally well",
            source=name,
            cure="name the right one with --delimiter",
        )
    share = f"{best.matching} of {best.records} sampled records"
    return Finding(best.delimiter, f"makes {best.width} columns in the header and in {share}")


def _footer(stored: Stored, detection: Detection, start: _Start) -> list[Skipped]:
    """Find the footer's lines; it takes a pass over the text to number them, if there are any."""
    if not start.records:
        return []
    last = lines_at_end(*stored.tail(_TAIL_SIZE), detection.encoding.value, len(detection.mark))
    count = count_footer_lines(last, start.delimiter.value, len(start.records[0].values))
    if not count:
        return []
    with closing(stored.chunks()) as chunks:
        first = count_lines(decoded(chunks, detection.encoding.value, stored.name)) - count + 1
    footer = enumerate(last[-count:], first)
    return [Skipped(line, "footer") for line, text in footer if not is_nothing(text) and line > start.line]


def _columns(starts: Sequence[list[str]], name: str) -> tuple[str, ...]:
    if not starts:
        raise InputError("is empty", source=name, cure="export it again")
    if len(starts) == 1:
        raise InputError("has a header but no rows", source=name, cure="export it again with its rows")
    return tuple(starts[0])


def _line_ends(records: Sequence[Sampled]) -> Finding:
    ends = {_LINE_ENDS[record.line_end]: None for record in records if record.line_end}
    if len(ends) > 1:
        return Finding("mixed", f"{' and '.join(ends)} end the sampled records")
    return Finding(next(iter(ends), ""), "ends the sampled records")
