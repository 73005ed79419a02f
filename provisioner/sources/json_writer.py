"""JSON records back into the form they came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from provisioner.models import Record

from .detect import Detection
from .text import BOM

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before, between and after the records, and in place of all that where there are none."""

    before: str
    between: str
    after: str
    instead: str


LINES = Frame(before="", between="\n", after="\n", instead="")
CRLF_LINES = Frame(before="", between="\r\n", after="\r\n", instead="")
ARRAY = Frame(before="[\n", between=",\n", after="\n]\n", instead="[]\n")


class JsonWriter:
    """Writes records with their extra values; ``finish`` has to follow the last.

    Values keep their spelling. A record with a problem is written as it was found, so the problem stays.
    """

    def __init__(self, stream: BinaryIO, frame: Frame, detection: Detection, extra_columns: Sequence[str]) -> None:
        self._stream = stream
        self._frame = frame
        self._encoding = detection.encoding.value
        self._extra_columns = tuple(extra_columns)
        self._is_empty = True
        if detection.has_bom:
            stream.write(BOM.encode(self._encoding))

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record; an extra value takes the place of one of that name."""
        self._write(self._frame.before if self._is_empty else self._frame.between)
        self._is_empty = False
        if record.problem:
            self._write_raw(record.raw)
            return
        values = _OBJECT.decode(record.raw)
        for name, value in zip(self._extra_columns, extra, strict=True):
            values[name] = msgspec.Raw(msgspec.json.encode(value))
        self._write_raw(msgspec.json.encode(values))

    def finish(self) -> None:
        """Write what comes after the last record."""
        self._write(self._frame.instead if self._is_empty else self._frame.after)

    def _write(self, text: str) -> None:
        self._stream.write(text.encode(self._encoding))

    def _write_raw(self, raw: bytes) -> None:
        if self._encoding != "utf-8":
            raw = raw.decode(errors="replace").encode(self._encoding, errors="backslashreplace")
        self._stream.write(raw)
