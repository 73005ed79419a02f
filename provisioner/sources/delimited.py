"""Delimited text (CSV and its kin), read strictly: what is in doubt is an error, never a guess."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, ClassVar

import msgspec

from provisioner.errors import InputError
from provisioner.models import Fingerprint, Record

from .delimited_writer import DelimitedWriter
from .detect import Detection, Finding
from .dialect import MAX_FIELD_SIZE, Dialect, named_delimiter, parser, rank_delimiters, read_dialect
from .stored import CHUNK_SIZE, Stored
from .text import MAX_RECORD_SIZE, decoded, line_blocks

_QUOTE_CURE = "close the quote, or double the quotes inside the field"
_SAMPLE_LINES = 1_000
_SAMPLE_SIZE = 512 * 1024


@dataclass(frozen=True, slots=True)
class DelimitedSource:
    """One delimited text. Every record has its values along ``columns``, or a problem."""

    stored: Stored
    detection: Detection
    dialect: Dialect
    columns: tuple[str, ...]

    is_open_ended: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The input's name as the user gave it."""
        return self.stored.name

    @property
    def shape(self) -> tuple[str, ...]:
        """Delimited text with these columns."""
        return ("csv", *self.columns)

    def fingerprint(self) -> Fingerprint:
        """Digest the stored bytes."""
        return self.stored.fingerprint()

    def records(self) -> Iterator[Record]:
        """Read every record after the header; blank lines are none.

        A row of another width than the header's has a problem: filling it up or cutting it off would guess.
        """
        width = len(self.columns)
        with _opened_rows(self.stored, self.detection.encoding.value, self.dialect.delimiter) as rows:
            for line, values in islice(rows, 1, None):
                if len(values) == width:
                    yield Record(line, values)
                else:
                    yield Record(line, values, _ragged(len(values), width))

    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> AbstractContextManager[DelimitedWriter]:
        """Write records to a stream in this dialect and encoding."""
        return nullcontext(DelimitedWriter(stream, self.dialect, self.detection, self.columns, extra_columns))


def open_delimited(stored: Stored, detection: Detection, delimiter: str) -> DelimitedSource:
    """Find the delimiter, unless it is given, and read the header.

    Raise ``InputError`` where there is no header, no row after it, or no telling two delimiters apart.
    """
    encoding = detection.encoding.value
    lines, is_whole = _sample(stored, encoding)
    if delimiter:
        finding = Finding(named_delimiter(delimiter), "--delimiter")
    else:
        finding = _found_delimiter(lines, stored.name, is_whole=is_whole)
    with _opened_rows(stored, encoding, finding.value) as rows:
        starts = [values for _, values in islice(rows, 2)]
    if not starts:
        raise InputError("is empty", source=stored.name, cure="export it again")
    if len(starts) == 1:
        raise InputError("has a header but no rows", source=stored.name, cure="export it again with its rows")
    return DelimitedSource(
        stored=stored,
        detection=msgspec.structs.replace(detection, delimiter=finding),
        dialect=read_dialect(lines, finding.value),
        columns=tuple(starts[0]),
    )


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


def _found_delimiter(lines: Sequence[str], name: str, *, is_whole: bool) -> Finding:
    fits = rank_delimiters(lines, is_whole=is_whole)
    if not fits:
        return Finding(",", "no delimiter in the header, so one column")
    best = fits[0]
    if len(fits) > 1 and fits[1].score == best.score:
        raise InputError(
            f"the delimiters {best.delimiter!r} and {fits[1].delimiter!r} fit equally well",
            source=name,
            cure="name the right one with --delimiter",
        )
    share = f"{best.matching} of {best.records} sampled records"
    return Finding(best.delimiter, f"makes {best.width} columns in the header and in {share}")


@contextmanager
def _opened_rows(stored: Stored, encoding: str, delimiter: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """Read all rows with the line each starts on, header included and blank lines left out."""
    with closing(stored.chunks()) as chunks:
        blocks = line_blocks(decoded(chunks, encoding, stored.name), stored.name)
        yield _rows(blocks, delimiter, stored.name)


def _rows(blocks: Iterable[list[str]], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    start = 1

    def watched() -> Iterator[list[str]]:
        """Stop a record that never ends before it fills the memory."""
        last_start, idle_blocks = 0, 0
        for block in blocks:
            idle_blocks = idle_blocks + 1 if start == last_start else 0
            last_start = start
            if idle_blocks > MAX_RECORD_SIZE // CHUNK_SIZE:
                raise _endless(name, start)
            yield block

    rows = parser(chain.from_iterable(watched()), delimiter)
    try:
        for values in rows:
            if values:
                yield start, values
            start = rows.line_num + 1
    except csv.Error as error:
        raise _unparsable(error, name, start) from error


def _ragged(width: int, header_width: int) -> str:
    noun = "field" if width == 1 else "fields"
    return f"has {width} {noun}, the header has {header_width}"


def _endless(name: str, line: int) -> InputError:
    return InputError(
        f"the record that starts here is longer than {MAX_RECORD_SIZE // 1024**2} MiB; "
        "most likely a quote is not closed",
        source=name,
        line=line,
        cure=_QUOTE_CURE,
    )


def _unparsable(error: csv.Error, name: str, line: int) -> InputError:
    """Word what ``csv`` refused. Nothing after it can be trusted: a quote decides where records end."""
    text = str(error)
    if "field limit" in text:
        limit = f"{MAX_FIELD_SIZE // 1024**2} MiB"
        message = f"a field of this record is longer than {limit}; most likely a quote is not closed"
    elif "end of data" in text:
        message = "a quote in the record that starts here is never closed"
    else:
        message = "text follows a closing quote in the record that starts here"
    return InputError(message, source=name, line=line, cure=_QUOTE_CURE)
