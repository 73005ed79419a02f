"""Source for delimited text (CSV and similar)."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import chain
from typing import BinaryIO, ClassVar

import msgspec
from msgspec import structs

from provisioner.models import Fingerprint, PlainRecords, Record
from provisioner.sources.detection import Detection
from provisioner.sources.files.compression import NONE
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.restart import START, Note, Place
from provisioner.sources.skipped import LastPass, SkippedRecords
from provisioner.sources.text.decoding import DecodedLines

from .dialect import Dialect
from .formula_guard import unguarded
from .reading import LineRange, RecordReader
from .spelling import as_written
from .writer import DelimitedWriter


class DelimitedSource(msgspec.Struct, frozen=True):
    """Delimited text input. A record has one value per column, or a problem.

    ``first_line`` is the first line of the header, without its line end. With ``is_guarded``, the cells have a
    formula guard, which is taken off in reading and put on in writing.
    """

    raw_input: RawInput
    detection: Detection
    dialect: Dialect
    line_range: LineRange
    columns: tuple[str, ...]
    first_line: str
    _last_pass: LastPass = msgspec.field(default_factory=LastPass)

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
        """Yield all rows; a record with more or fewer fields than the header, or torn in two, has a problem.

        Raise ``InputError`` when a quote is not closed, a record is too long, or the text cannot be decoded.
        """
        return self.records_from(START)

    @property
    def can_restart(self) -> bool:
        """Whether the text can be read from an offset: where it is not compressed."""
        return self.detection.compression.value == NONE.name

    def records_from(self, place: Place, note: Note | None = None) -> Iterator[Record]:
        """Yield the rows from a place on that ``note`` was told in another pass; raise as ``records`` does."""
        return chain.from_iterable(self.groups_from(place, note))

    def groups_from(self, place: Place, note: Note | None = None) -> Iterator[Sequence[Record]]:
        """Yield the same rows some at a time, most of them as ``PlainRecords``."""
        groups = self._read(place, note)
        return map(_without_guard, groups) if self.is_guarded else groups

    def _read(self, place: Place, note: Note | None) -> Iterator[Sequence[Record]]:
        skipped = self._last_pass.begin()
        reader = RecordReader(self.dialect, self.line_range, self.name, place, self.first_line)
        with closing(self.raw_input.chunks(place.offset)) as chunks:
            blocks = DecodedLines(chunks, self.detection.encoding.value, self.name, place)
            yield from reader.records(blocks, self.columns, skipped, note)
        if place == START:
            self._last_pass.complete(skipped)

    def as_written(self, record: Record) -> Record:
        """Return a record of this source whose empty values say how they are written; see ``spelling``."""
        return as_written(record, self.dialect)

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


def _without_guard(records: Sequence[Record]) -> Sequence[Record]:
    if isinstance(records, PlainRecords):
        return PlainRecords(records.starts, [list(map(unguarded, values)) for values in records.values])
    return [
        record if record.problem else structs.replace(record, values=[unguarded(cell) for cell in record.values])
        for record in records
    ]
