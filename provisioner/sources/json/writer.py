"""JSON records back into the form they came in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from provisioner.models import Record
from provisioner.sources.detection import Detection

from .layouts import SEPARATOR, JsonLayout
from .objects import members_of
from .shapes import SALESFORCE, Wrapper


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands before, between and after the records, and in place of all that where there are none."""

    before: str
    between: str
    after: str
    instead: str


ENVELOPES = {
    JsonLayout.LINES: Envelope(before="", between="\n", after="\n", instead=""),
    JsonLayout.SEQUENCE: Envelope(before=SEPARATOR, between=f"\n{SEPARATOR}", after="\n", instead=""),
    JsonLayout.ARRAY: Envelope(before="[\n", between=",\n", after="\n]\n", instead="[]\n"),
}
CRLF_LINES = Envelope(before="", between="\r\n", after="\r\n", instead="")


def frame_of_tree(wrapper: Wrapper) -> Envelope:
    """Put records where they were found; those that were inside their elements, into a list of records."""
    path = wrapper.path if not wrapper.inner and wrapper.path not in SALESFORCE else ("records",)
    start = "".join(f"{{{json.dumps(name)}:" for name in path) + "["
    end = "]" + "}" * len(path) + "\n"
    return Envelope(before=f"{start}\n", between=",\n", after=f"\n{end}", instead=start + end)


class JsonWriter:
    """Writes records with their extra values; ``finish`` has to follow the last.

    A record keeps its own text to the letter. One with a problem gets no extra values, so the problem stays.
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
        """Write one record; an extra value takes the place of one of that name."""
        self._write(self._frame.before if self._is_empty else self._frame.between)
        self._is_empty = False
        if record.problem:
            self._write_raw(record.raw)
            return
        self._write_raw(_extended(record.raw, dict(zip(self._extra_columns, extra, strict=True))))

    def finish(self) -> None:
        """Write what comes after the last record."""
        self._write(self._frame.instead if self._is_empty else self._frame.after)

    def _write(self, text: str) -> None:
        self._stream.write(text.encode(self._encoding))

    def _write_raw(self, raw: bytes) -> None:
        if self._encoding != "utf-8":
            raw = raw.decode(errors="replace").encode(self._encoding, errors="backslashreplace")
        self._stream.write(raw)


def _extended(raw: bytes, extra: Mapping[str, str]) -> bytes:
    """Put members behind those of an object; only one that has such members already is composed anew."""
    # Escaped, so that any encoding can say them.
    spelt = {name: json.dumps(value).encode() for name, value in extra.items()}
    members = members_of(raw)
    if not members.keys().isdisjoint(spelt):
        return msgspec.json.encode(members | {name: msgspec.Raw(value) for name, value in spelt.items()})
    start = raw[: raw.rindex(b"}")].rstrip()
    added = b",".join(json.dumps(name).encode() + b":" + value for name, value in spelt.items())
    return start + (b"," if members and added else b"") + added + b"}"
