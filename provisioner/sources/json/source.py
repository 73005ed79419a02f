"""Source for JSON inputs of any layout."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import BinaryIO, ClassVar, NamedTuple

import msgspec

from provisioner.errors import InputError
from provisioner.models import Fingerprint, Record
from provisioner.sources.cut_numbers import mention_cut_numbers
from provisioner.sources.detection import Detection, EmptyInputError
from provisioner.sources.files.compression import NONE
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.not_rows import NotRows, is_row_count
from provisioner.sources.restart import START, Note, Place
from provisioner.sources.skipped import EMPTY_RECORD, END_MARK, REPEATED_HEADER, LastPass, SkippedRecords
from provisioner.sources.text.decoding import BOM

from .document import Tree, read_array, read_tree
from .layouts import JsonLayout, is_list_of_arrays, is_spread_over_lines, layout_within, object_in
from .lines import UTF_8, read_lines, read_sequence
from .objects import members_of, one_line_members_of
from .shapes import SALESFORCE, Refusal, Wrapper, shape_of, wrapper_within
from .writer import CRLF_LINES, ENVELOPES, Envelope, JsonWriter, frame_of_tree

_SAMPLE_RECORDS = 1_000
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"(?=\s*:)|[\s,:\[\]{}]+|null|""')
_UNUSUAL = "(\uff08\x1a\u200b\u2060" + BOM
"""First characters of a row count in parentheses, and of values that say nothing."""
_END_MARKS = b"\x1a \t\r\n"

_Reader = Callable[[Iterable[bytes], str, str], Iterator[Record]]
READERS: dict[JsonLayout, _Reader] = {
    JsonLayout.SEQUENCE: read_sequence,
    JsonLayout.ARRAY: read_array,
}
"""Function that reads the records of each layout, except ``LINES`` and ``TREE``, whose readers take more."""


class JsonSource(msgspec.Struct, frozen=True):
    """JSON input.

    ``columns`` holds the names in its first 1,000 records, in order of first occurrence, also those whose value is
    always ``null``. ``is_readable`` is whether one of these records can be read.
    """

    raw_input: RawInput
    detection: Detection
    layout: JsonLayout
    envelope: Envelope
    columns: tuple[str, ...]
    tree: Tree | None = None
    is_readable: bool = True
    _last_pass: LastPass = msgspec.field(default_factory=LastPass)

    has_dynamic_columns: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the input as the user gave it."""
        return self.raw_input.name

    @property
    def first_names(self) -> tuple[str, ...] | None:
        """The columns; None when none of the first records can be read."""
        return self.columns if self.is_readable else None

    @property
    def skipped(self) -> SkippedRecords:
        """Records that the last complete pass did not take as rows."""
        return self._last_pass.skipped

    @property
    def shape(self) -> tuple[str, ...]:
        """Layout; records of one layout can be written to one file, whatever their names."""
        return (self.layout.name,)

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes."""
        return self.raw_input.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield all records; raise ``InputError`` when the rest of the input cannot be read."""
        return self.records_from(START)

    @property
    def can_restart(self) -> bool:
        """Whether the text can be read from an offset: where it has a record on each line, in plain UTF-8."""
        encoding, compression = self.detection.encoding.value, self.detection.compression.value
        return self.layout is JsonLayout.LINES and encoding == UTF_8 and compression == NONE.name

    def records_from(self, place: Place, note: Note | None = None) -> Iterator[Record]:
        """Yield the records from a place on that ``note`` was told in another pass; raise as ``records`` does."""
        skipped, is_first = self._last_pass.begin(), place == START

        def note_if_settled(found: Place) -> None:
            """Omit a place before which a header may matter for the next record."""
            if note and not is_first:
                note(found)

        text = _Text(self.raw_input, self.detection, self.layout, self.tree)
        for record in text.records(skipped, place, note_if_settled if note else None):
            if what := _kind_of_no_row(record, is_first=is_first):
                skipped.add(record.line, what)
                is_first = is_first or what == REPEATED_HEADER
                continue
            is_first = False
            if isinstance(record.values, dict):
                mention_cut_numbers(skipped, record.line, record.values, record.values.values())
            yield record
        if place == START:
            self._last_pass.complete(skipped)

    def members(self, record: Record) -> dict[str, msgspec.Raw]:
        """Return the JSON text of each value of a record, on one line, ``null`` included."""
        return one_line_members_of(record.raw)

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[JsonWriter]:
        """Return a writer to ``stream`` in the layout and encoding of this source."""
        writer = JsonWriter(stream, self.envelope, self.detection, extra_columns)
        yield writer
        writer.finish()


def open_json(raw_input: RawInput, detection: Detection, *, is_told: bool) -> JsonSource:
    """Return the source for a JSON input, with the names that its first 1,000 records use.

    ``is_told`` is whether the user gave ``--input-format``. Raise ``InputError`` when JSON Lines
    have an object that spans several lines, or when the shape of the document is not supported.
    """
    text = raw_input.head()[len(detection.mark) :].decode(detection.encoding.value, errors="replace")
    if not text.strip():
        raise EmptyInputError(raw_input.name)
    layout = layout_within(detection.format.value, text)
    if layout is JsonLayout.LINES and is_spread_over_lines(text):
        raise InputError(
            "is JSON with one object spread over several lines",
            source=raw_input.name,
            cure="write one object per line, e.g. with jq -c, or put all of them into one array",
        )
    tree = _tree(text, raw_input.name, is_told=is_told) if layout is JsonLayout.TREE else None
    if layout is JsonLayout.ARRAY and is_list_of_arrays(text):
        raise InputError(
            "is a table whose rows are arrays, as pandas writes it with orient='values'",
            source=raw_input.name,
            cure='write each row as an object, with orient="records", lines=True',
        )
    records = _Text(raw_input, detection, layout, tree).records(SkippedRecords())
    sample = _look_at(islice(records, _SAMPLE_RECORDS), tree)
    if tree:
        detection = msgspec.structs.replace(detection, note=_note(tree.wrapper))
    envelope = _envelope(layout, text, tree)
    return JsonSource(raw_input, detection, layout, envelope, sample.names, tree, is_readable=sample.is_readable)


class _FirstRecords(NamedTuple):
    """What is seen of the first records; ``is_readable`` is whether one of them has no problem."""

    names: tuple[str, ...]
    is_readable: bool


def _look_at(records: Iterable[Record], tree: Tree | None) -> _FirstRecords:
    """Return what the records have. No record is kept: one may have many megabytes."""
    ignored = tree.ignored if tree else ()
    names: dict[str, None] = {}
    is_readable = False
    for record in records:
        if not record.problem:
            is_readable = True
            names.update(dict.fromkeys(name for name in members_of(record.raw) if name not in ignored))
    return _FirstRecords(tuple(names), is_readable)


def _kind_of_no_row(record: Record, *, is_first: bool) -> str:
    """Return the kind of a record that is no row; empty for a row.

    It has no value, or its own names as values, or what the tool of a database writes around the rows: dashes in
    the first record, where ``is_first``, or a row count.
    """
    if record.problem:
        return "" if record.raw.strip(_END_MARKS) else END_MARK
    is_header = is_blank = False
    values = record.values if isinstance(record.values, dict) else {}
    for name, value in values.items():
        if value == name or value.lstrip(BOM) == name:
            is_header = True
        elif not value.strip() or (value[0] in "[{" and _is_void(value)):
            is_blank = True
        elif is_first or value[0] in _UNUSUAL or (" " in value and is_row_count(value)):
            return NotRows([*values]).kind([*values.values()], is_after_header=is_first)
        else:
            return ""
    if is_header:
        return "" if is_blank else REPEATED_HEADER
    return EMPTY_RECORD


def _is_void(spelt: str) -> bool:
    """Return whether an array or object has nothing but names, ``null`` and empty texts in it."""
    return not _VALUE.sub("", spelt)


def _tree(text: str, name: str, *, is_told: bool) -> Tree:
    document = object_in(text)
    shape = shape_of(document)
    if is_told and not isinstance(shape, Wrapper):
        shape = wrapper_within(document) or shape
    if isinstance(shape, Refusal):
        raise InputError(shape.what, source=name, cure=shape.cure)
    return Tree(shape or Wrapper(("records",)), is_told)


def _note(wrapper: Wrapper) -> str:
    if wrapper.path in SALESFORCE:
        return ""
    each = f", and of each only its {wrapper.inner!r}" if wrapper.inner else ""
    return f"only the objects in {'.'.join(wrapper.path)!r} are read{each}"


def _envelope(layout: JsonLayout, text: str, tree: Tree | None) -> Envelope:
    if tree:
        return frame_of_tree(tree.wrapper)
    if layout is JsonLayout.LINES and text.partition("\n")[0].endswith("\r"):
        return CRLF_LINES
    return ENVELOPES[layout]


class _Text(NamedTuple):
    """Text of a source with all that its reader needs to know."""

    raw_input: RawInput
    detection: Detection
    layout: JsonLayout
    tree: Tree | None

    def records(self, skipped: SkippedRecords, place: Place = START, note: Note | None = None) -> Iterator[Record]:
        """Yield all records from a place on; ``skipped`` is given what is not one. Only lines can be restarted."""
        encoding, name = self.detection.encoding.value, self.raw_input.name
        with closing(self.raw_input.chunks(place.offset)) as chunks:
            if self.tree:
                yield from read_tree(chunks, encoding, name, self.tree)
            elif self.layout is JsonLayout.LINES:
                begin = Place(1, len(self.detection.mark)) if place == START else place
                yield from read_lines(chunks, encoding, name, skipped, place=begin, note=note)
            else:
                yield from READERS[self.layout](chunks, encoding, name)
