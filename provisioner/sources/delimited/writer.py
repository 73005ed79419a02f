"""Writer of delimited records in the dialect that they were read from."""

from collections.abc import Sequence
from typing import BinaryIO

from provisioner.models import Record
from provisioner.sources.detection import Detection
from provisioner.sources.source import RecordWriter

from .dialect import Dialect, RowFormatter
from .formula_guard import guarded


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
        self._formatter = RowFormatter(dialect)
        self._columns = len(columns)
        self._guard = guarded if is_guarded else list
        header = [*columns, *(name for name in extra_columns if name not in columns)]
        self._places = [header.index(name) for name in extra_columns]
        stream.write(detection.mark + dialect.separator_line.encode(self._encoding))
        self._write_row(self._guard(header))

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record with its extra values; one with a problem only gets fields appended, to keep it."""
        placed = list(zip(self._places, extra, strict=True))
        values = [*record.values, *(value for place, value in placed if place >= self._columns)]
        if not record.problem:
            for place, value in placed:
                values[place] = value
            values = [*self._guard(values)]
        self._write_row(values)

    def _write_row(self, values: Sequence[str]) -> None:
        self._stream.write(self._formatter.format(values).encode(self._encoding, errors="backslashreplace"))
