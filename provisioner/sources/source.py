"""Protocols of an input and of its writer, the same for every format."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import BinaryIO, Protocol, runtime_checkable

import msgspec

from provisioner.models import Fingerprint, PlainRecords, Record
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.json.objects import members_of

from .detection import Detection
from .restart import START, Note, Place, RestartPoint, RestartPoints
from .skipped import SkippedRecords

_FIRST_RECORDS = 1_000
_BATCH_RECORDS = 256
_BATCH_CHARACTERS = 256 * 1024
_COUNTED_RECORDS = 16
"""Records that are read before their characters are counted: the last of a batch may exceed the limit by these."""


class RecordWriter(Protocol):
    """Protocol of a writer of records in the format of their source."""

    def begin(self, source: "Source") -> None:
        """Say that the following records are those of ``source``, from its first one."""
        del source  # most writers need not know

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record of this source; ``extra`` holds its values of the extra columns, in their order."""
        ...


class Source(Protocol):
    """Protocol of one input. No record is kept in memory: every pass reads the stored bytes again."""

    @property
    def name(self) -> str:
        """Name of the input as the user gave it; ``-`` is stdin."""
        ...

    @property
    def raw_input(self) -> RawInput:
        """Stored bytes of the input."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the header unchanged, or the names in the first records if there is none."""
        ...

    @property
    def first_names(self) -> tuple[str, ...] | None:
        """The columns; where there is no header, all names in the first records, also those without a value.

        None where none of the first records can be read.
        """
        ...

    @property
    def has_dynamic_columns(self) -> bool:
        """Whether each record has its own names, so that later ones may have names that ``columns`` lacks."""
        ...

    @property
    def detection(self) -> Detection:
        """Detected properties of the input, with the reasons."""
        ...

    @property
    def skipped(self) -> SkippedRecords:
        """Records that the last complete pass did not take as rows; before the first, those found when opening."""
        ...

    @property
    def shape(self) -> tuple[str, ...]:
        """Format and columns; records of sources with equal shapes can be written to one file."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes; this reads all of them."""
        ...

    def records(self) -> Iterator[Record]:
        """Yield all records from the start; several passes may run independently.

        Raise ``InputError`` when the rest of the input cannot be trusted, or when the file has changed since it
        was opened. A fault of a single record sets its ``problem`` instead.
        """
        ...

    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> AbstractContextManager[RecordWriter]:
        """Return a writer to ``stream`` with this source's columns, dialect and encoding, plus extra columns.

        An extra column that the source already has is replaced. The output can be read as input again, and a
        record with a problem then has it again. Leaving the context completes the output; the stream stays open.
        """
        ...


@runtime_checkable
class ObjectSource(Source, Protocol):
    """Protocol of an input whose records are objects: values of several types by name, also nested ones."""

    def members(self, record: Record) -> Mapping[str, str | msgspec.Raw]:
        """Return the values of a record of this source for a line of JSON: texts, or JSON text on one line.

        NULL is ``null``. Not for a record with a problem.
        """
        ...


@runtime_checkable
class RestartableSource(Source, Protocol):
    """Protocol of an input that may be read from the middle on."""

    @property
    def can_restart(self) -> bool:
        """Whether this input may be; it depends on its compression, for example."""
        ...

    def records_from(self, place: Place, note: Note | None = None) -> Iterator[Record]:
        """Yield the records from a place on, exactly as ``records`` yields them, and raise as it does.

        ``note`` is told the places at which later passes can begin. ``skipped`` does not change unless the pass
        begins at the start.
        """
        ...


@runtime_checkable
class GroupingSource(RestartableSource, Protocol):
    """Protocol of an input that can be read from the middle on, and whose records come some at a time."""

    def groups_from(self, place: Place, note: Note | None = None) -> Iterator[Sequence[Record]]:
        """Yield the records of ``records_from`` some at a time, which costs much less than one by one."""
        ...


def enumerate_records(
    sources: Sequence[Source], without_rows: set[int] | None = None
) -> Iterator[tuple[int, int, Record]]:
    """Yield (row number, source index, record); rows are counted over all sources from 1, sources from 0.

    The indexes of sources that have no record are added to ``without_rows``.
    """
    number = 0
    for index, source in enumerate(sources):
        before = number
        for record in source.records():
            number += 1
            yield number, index, record
        if number == before and without_rows is not None:
            without_rows.add(index)


def record_batches(
    sources: Sequence[Source], without_rows: set[int], points: RestartPoints | None = None, start: int = 1
) -> Iterator[tuple[int, int, Sequence[Record]]]:
    """Yield (number of the first row, source index, records) for batches of at most 256 records of one source.

    Rows and sources are counted as by ``enumerate_records``. A batch of long records has fewer of them. The first
    record is that of the row ``start``. Reading begins at the last of ``points`` before it, and adds to them.
    """
    points = RestartPoints() if points is None else points
    first, begin, place = points.before(start)
    for index, source in enumerate(sources[begin:], begin):
        points.add(RestartPoint(first, index, place))
        found: list[Place] = []
        before = first
        for batch in _batches_from(source, place, found.append):
            found[:] = points.add_places(found, index, first, batch)
            unwanted = max(start - first, 0)
            if unwanted < len(batch):
                yield first + unwanted, index, batch[unwanted:]
            first += len(batch)
        if first == before and place == START:
            without_rows.add(index)
        place = START
    points.total = first - 1


def _batches_from(source: Source, place: Place, note: Note) -> Iterator[Sequence[Record]]:
    if isinstance(source, GroupingSource):
        return _batches_of(source.groups_from(place, note if source.can_restart else None))
    if isinstance(source, RestartableSource) and source.can_restart:
        return iter(partial(_next_batch, source.records_from(place, note)), [])
    return iter(partial(_next_batch, source.records()), [])


def _batches_of(groups: Iterator[Sequence[Record]]) -> Iterator[Sequence[Record]]:
    """Yield batches: parts of plain groups, which hold no more than a block of text, and others put together."""
    batch: list[Record] = []
    characters = 0
    for group in groups:
        is_plain = isinstance(group, PlainRecords)
        if not is_plain:
            batch += group
            characters += sum(map(_characters_in, group))
        if batch and (is_plain or len(batch) >= _BATCH_RECORDS or characters >= _BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
        if is_plain:
            yield from (group[start : start + _BATCH_RECORDS] for start in range(0, len(group), _BATCH_RECORDS))
    if batch:
        yield batch


def _characters_in(record: Record) -> int:
    values = record.values
    return sum(map(len, values if isinstance(values, list) else values.values()))


def _next_batch(records: Iterator[Record]) -> list[Record]:
    batch: list[Record] = []
    characters = 0
    while len(batch) < _BATCH_RECORDS and characters < _BATCH_CHARACTERS:
        more = list(islice(records, _COUNTED_RECORDS))
        if not more:
            break
        batch += more
        characters += sum(map(_characters_in, more))
    return batch


def first_members(source: Source) -> dict[str, list[str]]:
    """Return the names within objects, by the name of the value that holds them, in the first thousand records.

    Empty where records hold no objects, as those of a table.
    """
    found: dict[str, dict[str, None]] = {}
    for members in _first_records(source) if isinstance(source, ObjectSource) else ():
        for name, value in members.items():
            if isinstance(value, msgspec.Raw) and bytes(value).startswith(b"{"):
                found.setdefault(name, {}).update(dict.fromkeys(members_of(bytes(value))))
    return {name: list(names) for name, names in found.items()}


def _first_records(source: ObjectSource) -> Iterator[Mapping[str, str | msgspec.Raw]]:
    first = islice(source.records(), _FIRST_RECORDS)
    return (source.members(record) for record in first if not record.problem)
