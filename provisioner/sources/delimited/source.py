"""Source for delimited text (CSV and similar), read strictly: doubtful records are errors, never guesses."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, ClassVar

from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import Fingerprint, Record
from provisioner.sources.detection import Detection
from provisioner.sources.files.raw_input import CHUNK_SIZE, RawInput
from provisioner.sources.skipped import BLANK_LINE, LastPass, SkippedRecords
from provisioner.sources.text.decoding import MAX_RECORD_SIZE, decoded, line_blocks

from .dialect import MAX_FIELD_SIZE, Dialect, parser
from .formula_guard import unguarded
from .writer import DelimitedWriter

_QUOTE_CURE = "close the quote, or double the quotes inside the field"


@dataclass(frozen=True, slots=True)
class LineRange:
    """Range of lines from the header to the last record, from 1; ``last`` is 0 when it is the end of the text."""

    first: int = 1
    last: int = 0

    def of(self, blocks: Iterable[list[str]]) -> Iterator[list[str]]:
        """Yield the blocks of lines without the lines before and after the range."""
        start = 1
        for block in blocks:
            end = start + len(block)
            if self.last and start > self.last:
                return
            if end > self.first:
                yield block[max(self.first - start, 0) : self.last + 1 - start if self.last else None]
            start = end


@dataclass(frozen=True, slots=True)
class DelimitedSource:
    """Delimited text input. A record has one value per column, or a problem.

    With ``is_guarded``, the cells have a formula guard, which is taken off in reading and put on in writing.
    """

    raw_input: RawInput
    detection: Detection
    dialect: Dialect
    line_range: LineRange
    columns: tuple[str, ...]
    _last_pass: LastPass = field(default_factory=LastPass)

    is_guarded: bool = False

    has_dynamic_columns: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Name of the input as the user gave it."""
        return self.raw_input.name

    @property
    def first_names(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    @property
    def shape(self) -> tuple[str, ...]:
        """Format and columns; records of sources with equal shapes can be written to one file."""
        return ("csv", *self.columns)

    @property
    def skipped(self) -> SkippedRecords:
        """Records that the last complete pass did not take as rows, such as titles, footers and blank lines."""
        return self._last_pass.skipped

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes."""
        return self.raw_input.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield all records after the header; blank lines are skipped.

        A record with more or fewer fields than the header has a problem. Raise ``InputError`` when a quote is not
        closed, a record is too long, or the text cannot be decoded.
        """
        return map(_without_guard, self._read()) if self.is_guarded else self._read()

    def _read(self) -> Iterator[Record]:
        width = len(self.columns)
        encoding, delimiter = self.detection.encoding.value, self.dialect.delimiter
        skipped = self._last_pass.begin()
        with opened_rows(self.raw_input, encoding, delimiter, self.line_range, skipped) as rows:
            for line, values in islice(rows, 1, None):
                if len(values) == width:
                    yield Record(line, values)
                else:
                    yield Record(line, values, _ragged(len(values), width))
        self._last_pass.complete(skipped)

    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> AbstractContextManager[DelimitedWriter]:
        """Return a writer to ``stream`` in this dialect and encoding; the header line is written at once."""
        return nullcontext(
            DelimitedWriter(
                stream,
                self.dialect,
                self.detection,
                self.columns,
                extra_columns,
                is_guarded=self.is_guarded,
            )
        )


def _without_guard(record: Record) -> Record:
    if record.problem:
        return record
    return structs.replace(record, values=[unguarded(cell) for cell in record.values])


@contextmanager
def opened_rows(
    raw_input: RawInput, encoding: str, delimiter: str, line_range: LineRange, skipped: SkippedRecords
) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """Yield an iterator of (first line, values) for all rows, including the header.

    The input is closed when the context is left. Blank lines are added to ``skipped``.
    """
    with closing(raw_input.chunks()) as chunks:
        blocks = line_blocks(decoded(chunks, encoding, raw_input.name), raw_input.name)
        yield _rows(blocks, delimiter, line_range, skipped, raw_input.name)


def _rows(
    blocks: Iterable[list[str]], delimiter: str, line_range: LineRange, skipped: SkippedRecords, name: str
) -> Iterator[tuple[int, list[str]]]:
    start = line_range.first

    def watched() -> Iterator[list[str]]:
        """Yield the blocks of lines; raise when one record takes so many of them that it would fill the memory."""
        last_start, idle_blocks = 0, 0
        for block in line_range.of(blocks):
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
            else:
                skipped.add(start, BLANK_LINE)
            start = rows.line_num + line_range.first
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
    """Return the error for a fault that ``csv`` found; the rest is unusable, since quotes delimit records."""
    text = str(error)
    if "field limit" in text:
        limit = f"{MAX_FIELD_SIZE // 1024**2} MiB"
        message = f"a field of this record is longer than {limit}; most likely a quote is not closed"
    elif "end of data" in text:
        message = "a quote in the record that starts here is never closed"
    else:
        message = "text follows a closing quote in the record that starts here"
    return InputError(message, source=name, line=line, cure=_QUOTE_CURE)
