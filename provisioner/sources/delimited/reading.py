"""Reading of the records of a delimited text, strictly: doubtful records are errors, never guesses."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec
from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources.cut_numbers import mention_cut_numbers
from provisioner.sources.files.raw_input import CHUNK_SIZE
from provisioner.sources.not_rows import DASH_LINE, RARE, NotRows
from provisioner.sources.restart import START, Note, Place
from provisioner.sources.skipped import BLANK_LINE, EMPTY_RECORD, END_MARK, REPEATED_HEADER, SkippedRecords
from provisioner.sources.text.decoding import MAX_RECORD_SIZE, DecodedLines

from .dialect import Dialect, RowFormatter
from .line_ends import NAMES, BlockWatch
from .parsing import MAX_FIELD_SIZE, NULL, is_unclosed, without_line_end
from .plain_blocks import PlainBlocks

_QUOTE_CURE = "close the quote, or double the quotes inside the field"


class LineRange(msgspec.Struct, frozen=True):
    """Range of lines from the header to the last record, from 1; ``last`` is 0 when it is the end of the text."""

    first: int = 1
    last: int = 0

    def of(self, blocks: Iterable[list[str]], start: int) -> Iterator[list[str]]:
        """Yield blocks without the lines before and after the range; ``start`` is the number of the first line."""
        for block in blocks:
            end = start + len(block)
            if self.last and start > self.last:
                return
            if end > self.first:
                yield block[max(self.first - start, 0) : self.last + 1 - start if self.last else None]
            start = end


class RecordReader:
    """Reader of the lines of one delimited text, in one pass.

    ``place`` is where the pass begins. After the header, the reader has to be told the ``first_line`` of the text,
    which is that of the header.
    """

    def __init__(
        self,
        dialect: Dialect,
        line_range: LineRange,
        name: str,
        place: Place = START,
        first_line: str = "",
    ) -> None:
        self._dialect, self._range, self._name, self._place = dialect, line_range, name, place
        self._watch = BlockWatch(dialect.usual_ends, RARE, first_line)
        self._start = self._first = max(line_range.first, place.line)
        self._given = self._first
        """Number of the line after those that were taken from the text so far."""
        self._block: list[str] = []
        """The last lines that were taken."""

    @property
    def first_line(self) -> str:
        """First line of the header, without its line end, once it was read."""
        return self._watch.first_line

    def header(self, blocks: DecodedLines) -> tuple[str, ...]:
        """Return the first record; empty when there is none. Raise as ``records`` does."""
        rows = self._dialect.rows(chain.from_iterable(self._watched(blocks)))
        try:
            return tuple(next((values for values in rows if values), ()))
        except csv.Error as error:
            raise _unparsable(error, self._name, self._start) from error

    def records(
        self, blocks: DecodedLines, columns: Sequence[str], skipped: SkippedRecords, note: Note | None = None
    ) -> Iterator[Sequence[Record]]:
        """Yield all rows after the header, some at a time; what is none is added to ``skipped``.

        A row with more or fewer fields than there are columns has a problem. ``note`` is told the places at which
        another reader can begin. Raise ``InputError`` when a quote is not closed, or a record is too long.
        """
        doubts = _Doubts(columns, self._dialect, self._watch, skipped)
        doubts.is_header_next = self._place == START
        rest = self._watched(blocks, note)
        plain = PlainBlocks(self._dialect, columns)
        left: list[str] = []  # lines of the last block that are not parsed yet
        begun: list[str] = []  # lines of a record that goes on in the next block
        while lines := left or next(rest, []):
            block = [*begun, *lines] if begun else lines
            is_certain = not (doubts.is_header_next or self._watch.is_pending)
            found = plain.records(block, self._start, self._watch.doubts) if is_certain else None
            if found is None:
                begun, self._watch.is_unfinished = [], False
                yield from self._singly(chain([block], rest), plain, doubts, is_certain=is_certain)
                left = self._block[len(self._block) - (self._given - self._start) :]
                continue
            taken = found.end - self._start
            left, begun, self._start = [], block[taken:], found.end
            self._watch.is_unfinished = bool(begun)
            yield found
        if begun:
            yield from self._singly([begun], plain, doubts)
        yield from ((record,) for record in doubts.finish())

    def _singly(
        self, blocks: Iterable[list[str]], plain: PlainBlocks, doubts: "_Doubts", *, is_certain: bool = True
    ) -> Iterator[Sequence[Record]]:
        """Yield records one by one, until the first block is parsed, and the lines after it may be plain.

        Where only the next record is uncertain, the lines after that one may be.
        """
        end = self._given if is_certain else 0
        taken: list[str] = []
        lines: Iterable[str] = chain.from_iterable(blocks)
        if self._dialect.keeps_text:
            lines = _remembered(lines, taken)
        rows, first = self._dialect.rows(lines), self._start
        in_doubt = self._watch.doubts
        try:
            for values in rows:
                line, self._start = self._start, rows.line_num + first
                if not in_doubt and plain.is_plain(values):
                    yield (Record(line, values),)
                else:
                    yield from ((record,) for record in doubts.take(line, self._start, values, "".join(taken)))
                    taken.clear()
                is_pending = doubts.is_header_next or self._watch.is_pending
                if plain.is_possible and self._start >= end and not is_pending:
                    return
        except csv.Error as error:
            raise _unparsable(error, self._name, self._start) from error

    def _watched(self, blocks: DecodedLines, note: Note | None = None) -> Iterator[list[str]]:
        """Yield the blocks of lines; raise when one record takes so many of them that it would fill the memory.

        Another reader can begin with a block if a record does, and if nothing of the records before it, such as an
        unusual line end, matters for that one.
        """
        last_start, idle_blocks, number = 0, 0, self._first
        place: Place | None = None
        for block in self._range.of(blocks, self._place.line):
            if note and place and place.line == self._start and not self._watch.is_pending:
                note(place)
            place = blocks.next_place() if note else None
            idle_blocks = idle_blocks + 1 if self._start == last_start else 0
            last_start = self._start
            if idle_blocks > MAX_RECORD_SIZE // CHUNK_SIZE:
                raise _endless(self._name, self._start)
            looked_at = self._watch.look_at(block, number)
            self._block, self._given = looked_at, number + len(looked_at)
            yield looked_at
            number += len(block)


class _Doubts:
    """Decides about the records that may be no rows, or parts of rows."""

    def __init__(
        self, columns: Sequence[str], dialect: Dialect, watch: BlockWatch, skipped: SkippedRecords
    ) -> None:
        self._not_rows = NotRows(columns, has_separator_line=bool(dialect.separator_line))
        self._width, self._line_end = len(columns), dialect.line_end
        self._watch, self._skipped = watch, skipped
        self._formatter = RowFormatter(dialect)
        self._columns, self._has_cut_numbers = columns, dialect.has_cut_numbers
        self.is_header_next = True
        """Whether the next record is the header."""
        self._after_header = 0
        self._torn: Record | None = None
        """Last record with an unusual line end; it is not yielded yet when it has no problem."""

    def take(self, line: int, next_line: int, values: list[str], text: str) -> Iterator[Record]:
        """Yield what is certain after the record that begins on ``line`` and ends before ``next_line``.

        ``text`` is the record as it is written, empty when its values say enough.
        """
        has_nulls = NULL in values
        if has_nulls:
            text = text or self._formatter.format(values)
            values = ["" if value == NULL else value for value in values]
        what = self._kind(line, values)
        if what:
            self._skip(line, next_line, what)
            return
        if has_nulls:
            self._skipped.mention(line, NULLS)
        if self._has_cut_numbers:
            mention_cut_numbers(self._skipped, line, self._columns, values)
        problem = "" if len(values) == self._width else _ragged(len(values), self._width)
        record = Record(line, values, problem, without_line_end(text).encode())
        if self._torn or next_line - 1 in self._watch.doubts:
            yield from self._beside_unusual_line_end(record, is_torn=next_line - 1 in self._watch.doubts)
        else:
            self._watch.is_pending = False
            yield record

    def _skip(self, line: int, next_line: int, what: str) -> None:
        if what != HEADER:
            self._skipped.add(line - (what == END_MARK and self._watch.has_mark_in_last_line), what)
        if what == DASH_LINE and any(name != name.strip() for name in self._columns):
            self._skipped.mention(line, PADDED)
        is_between = line == self._after_header and what in (BLANK_LINE, EMPTY_RECORD)
        if is_between or what in (HEADER, REPEATED_HEADER):
            self._after_header = next_line
        self._watch.is_pending = bool(self._torn) or self._after_header == next_line

    def finish(self) -> Iterator[Record]:
        """Yield the last record if it was held back."""
        if self._torn and not self._torn.problem:
            yield self._torn

    def _kind(self, line: int, values: Sequence[str]) -> str:
        if not values:
            return BLANK_LINE
        if self.is_header_next:
            self.is_header_next = False
            return HEADER
        return self._not_rows.kind(values, is_after_header=line == self._after_header)

    def _beside_unusual_line_end(self, record: Record, *, is_torn: bool) -> Iterator[Record]:
        """Yield the records that an unusual line end does not cut, and those that it may cut with a problem.

        It cuts a record in two when one of its neighbours has not all columns. With one column nothing tells.
        """
        before = self._torn
        if before:
            is_cut = bool(before.problem or record.problem) or self._width == 1
            if not before.problem:
                yield structs.replace(before, problem=self._cut) if is_cut else before
            record = structs.replace(record, problem=self._cut) if is_cut else record
        self._torn = record if is_torn else None
        self._watch.is_pending = is_torn
        if record.problem or not is_torn:
            yield record

    @property
    def _cut(self) -> str:
        usual = NAMES.get(self._line_end, "others")
        return (
            "may be a part of a record that a line break inside a field cuts in two: the lines of this file end "
            f"with {usual}, this one or the one before it does not; put the field into quotes, or remove the break"
        )


def _remembered(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """Yield lines, and append each to ``taken``."""
    for line in lines:
        taken.append(line)
        yield line


NULLS = r"fields with \N are read as empty"
"""What is told of rows with such fields."""
PADDED = "columns are filled up with blanks, which stay in the values (psql --csv and sqlcmd -W write none)"
"""What is told of a table for people, whose dash line shows the width of the columns."""
HEADER = "header"
"""Kind of the first record."""


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
    elif is_unclosed(error):
        message = "a quote in the record that starts here is never closed"
    else:
        message = "text follows a closing quote in the record that starts here"
    return InputError(message, source=name, line=line, cure=_QUOTE_CURE)
