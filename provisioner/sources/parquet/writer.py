"""Writer of rows of Parquet files to another one, with the types and the values that they have there."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Self

from pyarrow import ArrowException, Table, array, concat_tables, field, parquet, schema, string

from provisioner.models import Record
from provisioner.sources.source import RecordWriter, Source

from .file import read_batches

_MOST_ROWS = 10_000
_MOST_PARTS = 50
"""Most rows, and most parts of rows, that are in memory until they are written as one row group."""


class ParquetWriter(RecordWriter):
    """Writer of rows and of extra texts; the rows are read again from their files, so that no value is converted.

    The rows of a file have to come in their order. Leaving the context completes the output.
    """

    def __init__(self, stream: BinaryIO, own: Any, extra_columns: Sequence[str]) -> None:
        self._extra_columns = tuple(extra_columns)
        self._own = [name for name in own.names if name not in extra_columns]
        self._schema = _extended(own, extra_columns)
        self._output = parquet.ParquetWriter(stream, self._schema)
        self._batches: Generator[Any, None, None] | None = None
        self._batch: Any = None
        self._end = 0
        self._places: list[int] = []
        self._extras: list[Sequence[str]] = []
        self._tables: list[Any] = []

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left and the end of the file; after an exception the output is useless."""
        try:
            if kind is None:
                self._take()
                self._write_tables()
                self._output.close()
        finally:
            self._close_source()
            with suppress(ArrowException, OSError, ValueError):  # else the garbage collector fails with it
                self._output.close()

    def begin(self, source: Source) -> None:
        """Say that the following records are those of ``source``, from its first row."""
        self._take()
        self._close_source()
        self._batches, self._end = read_batches(source.raw_input, self._own), 0

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write the row that a record was read from, with its extra texts."""
        while record.line > self._end and self._batches is not None:
            self._take()
            self._batch = next(self._batches)
            self._end += self._batch.num_rows
        self._places.append(record.line - 1 - (self._end - self._batch.num_rows))
        self._extras.append(extra)

    def _take(self) -> None:
        """Take over the rows that were chosen of the current batch."""
        if not self._places:
            return
        # Slices, since not all types have a function that takes single rows.
        rows = Table.from_batches([self._batch.slice(place, 1) for place in self._places])
        texts = zip(self._extra_columns, zip(*self._extras, strict=True), strict=True)
        extras = {name: array(column, string()) for name, column in texts}
        columns = [extras[name] if name in extras else rows.column(name) for name in self._schema.names]
        self._tables.append(Table.from_arrays(columns, schema=self._schema).combine_chunks())
        self._places, self._extras = [], []
        if len(self._tables) >= _MOST_PARTS or sum(each.num_rows for each in self._tables) >= _MOST_ROWS:
            self._write_tables()

    def _write_tables(self) -> None:
        if self._tables:
            self._output.write_table(concat_tables(self._tables))
            self._tables = []

    def _close_source(self) -> None:
        if self._batches is not None:
            self._batches.close()


def _extended(own: Any, extra_columns: Sequence[str]) -> Any:
    """Return a schema with the extra columns at its end; one that is there already becomes a text in its place."""
    fields = [field(each.name, string()) if each.name in extra_columns else each for each in own]
    added = [field(name, string()) for name in extra_columns if name not in own.names]
    return schema([*fields, *added], metadata=own.metadata)
