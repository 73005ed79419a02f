"""Writer of JSON records in the layout that they were read from."""

import json
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import msgspec

from provisioner.models import Record
from provisioner.sources.detection import Detection
from provisioner.sources.source import RecordWriter

from .layouts import SEPARATOR, JsonLayout
from .objects import members_of
from .shapes import SALESFORCE, Wrapper


class Envelope(msgspec.Struct, frozen=True):
    """Texts before, between and after the records; ``instead`` replaces all of them when there are no records."""

    before: str
    between: str
    after: str
    instead: str


ENVELOPES = {
    JsonLayout.LINES: Envelope(before="", between="\n", after="\n", instead=""),
    JsonLayout.SEQUENCE: Envelope(before=SEPARATOR, between=f"\n{SEPARATOR}", after="\n", instead=""),
    JsonLayout.ARRAY: Envelope(before="[\n", between=",\n", after="\n]\n", instead="[]\n"),
}
"""Envelope of each layout, except ``TREE``; see ``frame_of_tree``."""
CRLF_LINES = Envelope(before="", between="\r\n", after="\r\n", instead="")
"""Envelope of JSON Lines with the line end CRLF."""


def frame_of_tree(wrapper: Wrapper) -> Envelope:
    """Return the envelope that puts records back at the path of their list.

    Records that were inside their elements, and those of Salesforce, go into a list named ``records``.
    """
    path = wrapper.path if not wrapper.inner and wrapper.path not in SALESFORCE else ("records",)
    start = "".join(f"{{{json.dumps(name)}:" for name in path) + "["
    end = "]" + "}" * len(path) + "\n"
    return Envelope(before=f"{start}\n", between=",\n", after=f"\n{end}", instead=start + end)


class JsonWriter(RecordWriter):
    """Writer of records with their extra values; call ``finish`` after the last one.

    The JSON text of a record is kept unchanged. A record with a problem gets no extra values, so that reading it
    again finds the same problem.
    """

    def __init__(
        self, stream: BinaryIO, envelope: Envelope, detection: Detection, extra_columns: Sequence[str]
    ) -> None:
        self._stream = stream
        self._frame = envelope
        self._encoding = detection.encoding.value
        self._extra_columns = tuple(extra_columns)
        self._is_empty = True
        stream.write(detection.mark)

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record; an extra value replaces the member of the same name."""
        self._write(self._frame.before if self._is_empty else self._frame.between)
        self._is_empty = False
        if record.problem:
            self._write_raw(record.raw)
            return
        self._write_raw(_extended(record.raw, dict(zip(self._extra_columns, extra, strict=True))))

    def finish(self) -> None:
        """Write the end of the document after the last record."""
        self._write(self._frame.instead if self._is_empty else self._frame.after)

    def _write(self, text: str) -> None:
        self._stream.write(text.encode(self._encoding))

    def _write_raw(self, raw: bytes) -> None:
        if self._encoding != "utf-8":
            raw = raw.decode(errors="replace").encode(self._encoding, errors="backslashreplace")
        self._stream.write(raw)


def _extended(raw: bytes, extra: Mapping[str, str]) -> bytes:
    """Return an object with members added at its end; only an object that has such members is encoded anew."""
    # Non-ASCII characters are escaped, so that any encoding can represent them.
    spelt = {name: json.dumps(value).encode() for name, value in extra.items()}
    members = members_of(raw)
    if not members.keys().isdisjoint(spelt):
        return msgspec.json.encode(members | {name: msgspec.Raw(value) for name, value in spelt.items()})
    start = raw[: raw.rindex(b"}")].rstrip()
    added = b",".join(json.dumps(name).encode() + b":" + value for name, value in spelt.items())
    return start + (b"," if members and added else b"") + added + b"}"
