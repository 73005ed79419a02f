"""Writer of delimited records in the dialect that they were read from."""

from collections.abc import Sequence
from typing import BinaryIO

from provisioner.models import Record
from provisioner.sources.detection import Detection
from provisioner.sources.source import RecordWriter

from .dialect import Dialect, RowFormatter
from .formula_guard import guarded
from .parsing import Quoting, raw_fields


class DelimitedWriter(RecordWriter):
    """Writer of records in the dialect and encoding of their source; the constructor writes the header line.

    With ``is_guarded`` the cells get the formula guard. A character that the encoding does not have, such as one
    in an error text, is written as a backslash escape.
    """

    def __init__(
        self,
        stream: BinaryIO,
        dialect: Dialect,
        detection: Detection,
        columns: Sequence[str],
        extra_columns: Sequence[str],
        *,
        is_guarded: bool = False,
    ) -> None:
        self._stream = stream
        self._encoding = detection.encoding.value
        self._dialect = dialect
        self._formatter = RowFormatter(dialect)
        self._columns = len(columns)
        self._guard = guarded if is_guarded else list
        header = [*columns, *(name for name in extra_columns if name not in columns)]
        self._places = [header.index(name) for name in extra_columns]
        stream.write(detection.mark + dialect.separator_line.encode(self._encoding))
        if dialect.header:
            fields = raw_fields(dialect.header, dialect.delimiter, dialect.quoting)
            added = map(self._spelt, header[len(columns) :])
            self._write_line(dialect.delimiter.join([*fields, *added]) + dialect.line_end)
        else:
            self._write_row(self._guard(header))

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record with its extra values; one with a problem only gets fields appended, to keep it."""
        placed = list(zip(self._places, extra, strict=True))
        if record.raw:
            self._write_text(record, placed)
            return
        values = [*record.values, *(value for place, value in placed if place >= self._columns)]
        if not record.problem:
            for place, value in placed:
                values[place] = value
            values = [*self._guard(values)]
        self._write_row(values)

    def _write_text(self, record: Record, placed: Sequence[tuple[int, str]]) -> None:
        """Write a record as it was written, but for the fields that extra values replace."""
        dialect = self._dialect
        fields = raw_fields(record.raw.decode(), dialect.delimiter, dialect.quoting)
        spelt = [(place, self._spelt(value)) for place, value in placed]
        if not record.problem:
            for place, value in spelt:
                if place < self._columns:
                    fields[place] = value
        fields += [value for place, value in spelt if place >= self._columns]
        self._write_line(dialect.delimiter.join(fields) + dialect.line_end)

    def _spelt(self, value: str) -> str:
        """Return a value as a field that follows a delimiter.

        After a delimiter with a blank it has quotes in any case: only by them is the blank known for what it is.
        """
        if self._dialect.quoting is Quoting.WIDE_DELIMITER:
            return ' "{}"'.format(value.replace('"', '""'))
        return self._formatter.format([value]).rstrip("\r\n")

    def _write_row(self, values: Sequence[str]) -> None:
        self._write_line(self._formatter.format(values))

    def _write_line(self, line: str) -> None:
        self._stream.write(line.encode(self._encoding, errors="backslashreplace"))
