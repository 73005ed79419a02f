"""A JSON input, whatever the form of its records."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, ClassVar

import msgspec

from provisioner.errors import InputError
from provisioner.models import Fingerprint, Record

from .detect import Detection
from .json_document import Tree, read_array, read_tree
from .json_forms import Form, form_within, is_spread_over_lines, object_in
from .json_lines import read_lines, read_sequence
from .json_shapes import SALESFORCE, Refusal, Wrapper, shape_of, wrapper_within
from .json_writer import CRLF_LINES, FRAMES, Frame, JsonWriter, frame_of_tree
from .stored import Stored

_SAMPLE_RECORDS = 1_000

_Reader = Callable[[Iterable[bytes], str, str], Iterator[Record]]
READERS: dict[Form, _Reader] = {
    Form.LINES: read_lines,
    Form.SEQUENCE: read_sequence,
    Form.ARRAY: read_array,
}


@dataclass(frozen=True, slots=True)
class JsonSource:
    """One JSON input. ``columns`` are the names that its first records use, in the order they turn up."""

    stored: Stored
    detection: Detection
    form: Form
    frame: Frame
    columns: tuple[str, ...]
    tree: Tree | None = None

    is_open_ended: ClassVar[bool] = True
    blank_lines: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """The input's name as the user gave it."""
        return self.stored.name

    @property
    def shape(self) -> tuple[str, ...]:
        """Objects of any names in this form."""
        return (self.form.name,)

    def fingerprint(self) -> Fingerprint:
        """Digest the stored bytes."""
        return self.stored.fingerprint()

    def records(self) -> Iterator[Record]:
        """Read every record."""
        return _records(self.stored, self.detection, self.form, self.tree)

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[JsonWriter]:
        """Write records to a stream in the same form."""
        writer = JsonWriter(stream, self.frame, self.detection, extra_columns)
        yield writer
        writer.finish()


def open_json(stored: Stored, detection: Detection, *, is_told: bool) -> JsonSource:
    """Look at the first records for the names they use. ``is_told`` is whether the user named the format.

    Raise ``InputError`` where there is no record at all, one object where lines of objects should be, or a shape
    of JSON that is not read.
    """
    text = stored.head()[len(detection.mark) :].decode(detection.encoding.value, errors="replace")
    form = form_within(detection.format.value, text)
    if form is Form.LINES and is_spread_over_lines(text):
        raise InputError(
            "is JSON with one object spread over several lines",
            source=stored.name,
            cure="write one object per line, e.g. with jq -c, or put all of them into one array",
        )
    tree = _tree(text, stored.name, is_told=is_told) if form is Form.TREE else None
    names: dict[str, None] = {}
    is_empty = True
    for record in islice(_records(stored, detection, form, tree), _SAMPLE_RECORDS):
        names.update(dict.fromkeys(record.values))
        is_empty = False
    if is_empty:
        raise InputError("has no records", source=stored.name, cure="export it again")
    if tree:
        detection = msgspec.structs.replace(detection, note=_note(tree.wrapper))
    return JsonSource(stored, detection, form, _frame(form, text, tree), tuple(names), tree)


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
    each = f", of each the {wrapper.inner!r}" if wrapper.inner else ""
    return f"read are the objects in {'.'.join(wrapper.path)!r}{each}, and nothing beside them"


def _frame(form: Form, text: str, tree: Tree | None) -> Frame:
    if tree:
        return frame_of_tree(tree.wrapper)
    if form is Form.LINES and text.partition("\n")[0].endswith("\r"):
        return CRLF_LINES
    return FRAMES[form]


def _records(stored: Stored, detection: Detection, form: Form, tree: Tree | None) -> Iterator[Record]:
    with closing(stored.chunks()) as chunks:
        if tree:
            yield from read_tree(chunks, detection.encoding.value, stored.name, tree)
        else:
            yield from READERS[form](chunks, detection.encoding.value, stored.name)
