"""Source for Parquet files: every row is a record, its values by the names of the columns."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, ClassVar

import msgspec
from pyarrow import nulls

from provisioner.errors import InputError
from provisioner.models import Fingerprint, NestedValues, Record
from provisioner.sources.cut_numbers import mention_cut_numbers
from provisioner.sources.detection import PARQUET, Detected, Detection
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.not_rows import NotRows
from provisioner.sources.skipped import LastPass, SkippedRecords
from provisioner.system.printable import quoted

from .columns import ColumnTexts, column_texts, is_bytes, is_hollow
from .file import opened_file, read_batches
from .writer import ParquetWriter

_FEW = 5
_WRITE_AS_TEXT = "write them as text"
_NULL = msgspec.Raw(b"null")


class ParquetSource(msgspec.Struct, frozen=True):
    """Parquet input; ``Record.line`` is the number of the row in the file, from 1.

    ``columns`` are those with a text, ``json_columns`` those of them whose texts are JSON, such as numbers.
    ``schema`` describes the types of all columns.
    """

    raw_input: RawInput
    detection: Detection
    columns: tuple[str, ...]
    json_columns: frozenset[str]
    schema: str

    _last_pass: LastPass = msgspec.field(default_factory=LastPass)

    has_dynamic_columns: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the input as the user gave it."""
        return self.raw_input.name

    @property
    def first_names(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns

    @property
    def skipped(self) -> SkippedRecords:
        """Records that the last complete pass did not take as rows."""
        return self._last_pass.skipped

    @property
    def shape(self) -> tuple[str, ...]:
        """Format, and columns with their types; records of sources with equal shapes fit into one file."""
        return (PARQUET, self.schema)

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes."""
        return self.raw_input.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield all rows, without the names whose value is NULL.

        A row with a value that has no text has a problem. What ``NotRows`` knows is skipped.
        Raise ``InputError`` when the file is damaged.
        """
        skipped, not_rows = self._last_pass.begin(), NotRows(self.columns)
        line = 1
        with closing(read_batches(self.raw_input, self.columns)) as batches:
            for batch in batches:
                parts = [column_texts(batch.column(name)) for name in self.columns]
                yield from _records(line, self.columns, parts, skipped, not_rows)
                line += batch.num_rows
        self._last_pass.complete(skipped)

    def members(self, record: Record) -> Mapping[str, str | msgspec.Raw]:
        """Return the values of a record for a line of JSON; numbers are JSON numbers, and NULL is ``null``."""
        values = record.values
        if not isinstance(values, dict):
            return {}
        return {name: self._member(name, values) for name in self.columns}

    def _member(self, name: str, values: Mapping[str, str]) -> str | msgspec.Raw:
        if name not in values:
            return _NULL
        is_json = name in self.json_columns or (isinstance(values, NestedValues) and name in values.nested)
        return msgspec.Raw(values[name]) if is_json else values[name]

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[ParquetWriter]:
        """Return a writer of a Parquet file with this source's columns and their types to ``stream``."""
        with opened_file(self.raw_input) as file:
            schema = file.schema_arrow
        with ParquetWriter(stream, schema, extra_columns) as writer:
            writer.begin(self)
            yield writer


def open_rows(raw_input: RawInput) -> ParquetSource:
    """Return the source for a Parquet file; its columns are those of its schema.

    Raise ``InputError`` when the file cannot be read, has no text, or gives a column's name twice.
    """
    with opened_file(raw_input) as file:
        schema = file.schema_arrow
        read = [each for each in schema if not (is_bytes(each.type) or is_hollow(each.type))]
        samples = {each.name: column_texts(_empty(each)) for each in read}
    if len(set(schema.names)) < len(schema.names):
        raise InputError("gives the name of a column twice", source=raw_input.name, cure="rename one of them")
    if not samples:
        raise InputError("has no column with text or numbers", source=raw_input.name, cure=_WRITE_AS_TEXT)
    detection = Detection(
        format=Detected(PARQUET, "by its first bytes"),
        compression=Detected("none", "Parquet has its own"),
        encoding=Detected("", "Parquet is UTF-8"),
        bom=Detected("", "Parquet has none"),
        note=_note([each.name for each in schema if is_bytes(each.type)]),
    )
    return ParquetSource(
        raw_input,
        detection,
        tuple(samples),
        frozenset(name for name, sample in samples.items() if sample.is_json),
        schema.to_string(show_field_metadata=False, show_schema_metadata=False),
    )


def columns_of(raw_input: RawInput) -> tuple[str, ...]:
    """Return the names of all columns of a Parquet file; raise ``InputError`` when it cannot be read."""
    with opened_file(raw_input) as file:
        return tuple(file.schema_arrow.names)


def _empty(column: Any) -> Any:
    return nulls(0, column.type)


def _note(binary: Sequence[str]) -> str:
    if not binary:
        return ""
    listed = ", ".join(map(quoted, binary[:_FEW])) + (" …" if len(binary) > _FEW else "")
    noun, hold = ("column", "holds") if len(binary) == 1 else ("columns", "hold")
    return f"not read: the {noun} {listed}, which {hold} bytes and no text; {_WRITE_AS_TEXT} to use them"


def _records(
    start: int, columns: tuple[str, ...], parts: Sequence[ColumnTexts], skipped: SkippedRecords, not_rows: NotRows
) -> Iterator[Record]:
    nested = [name for name, part in zip(columns, parts, strict=True) if part.is_nested]
    faulty = {row for part in parts for row in part.faults}
    for row, texts in enumerate(zip(*(part.texts for part in parts), strict=True)):
        if row not in faulty:
            what = not_rows.kind_of_cells([text or "" for text in texts])
            if what:
                skipped.add(start + row, what)
                continue
        values = {name: text for name, text in zip(columns, texts, strict=True) if text is not None}
        mention_cut_numbers(skipped, start + row, values, values.values())
        problem = _problem(row, columns, parts) if row in faulty else ""
        yield Record(start + row, NestedValues(values, _nested_in(values, nested)) if nested else values, problem)


def _nested_in(values: Mapping[str, str], nested: Sequence[str]) -> Iterator[str]:
    """Yield the names of the arrays and objects; a column of JSON may hold other values, too."""
    return (name for name in nested if values.get(name, "").startswith(("[", "{")))


def _problem(row: int, columns: Sequence[str], parts: Sequence[ColumnTexts]) -> str:
    faults = [(name, part.faults[row]) for name, part in zip(columns, parts, strict=True) if row in part.faults]
    return "; ".join(f"column {quoted(name)} {reason}" for name, reason in faults)
