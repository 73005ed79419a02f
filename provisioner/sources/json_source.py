"""A JSON input, as lines or as one array."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, ClassVar

from provisioner.errors import InputError
from provisioner.models import Fingerprint, Record

from .detect import Detection
from .json_array import read_array
from .json_lines import read_lines
from .json_writer import ARRAY, CRLF_LINES, LINES, Frame, JsonWriter
from .stored import Stored

_SAMPLE_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class JsonSource:
    """One JSON input. ``columns`` are the names that its first records use, in the order they turn up."""

    stored: Stored
    detection: Detection
    frame: Frame
    columns: tuple[str, ...]

    is_open_ended: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The input's name as the user gave it."""
        return self.stored.name

    def fingerprint(self) -> Fingerprint:
        """Digest the stored bytes."""
        return self.stored.fingerprint()

    def records(self) -> Iterator[Record]:
        """Read every record."""
        return _records(self.stored, self.detection)

    @contextmanager
    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> Iterator[JsonWriter]:
        """Write records to a stream in the same form."""
        writer = JsonWriter(stream, self.frame, self.detection, extra_columns)
        yield writer
        writer.finish()


def open_json(stored: Stored, detection: Detection) -> JsonSource:
    """Look at the first records for the names they use; having no record at all raises ``InputError``."""
    names: dict[str, None] = {}
    is_empty = True
    for record in islice(_records(stored, detection), _SAMPLE_RECORDS):
        names.update(dict.fromkeys(record.values))
        is_empty = False
    if is_empty:
        raise InputError("has no records", source=stored.name, cure="export it again")
    return JsonSource(stored, detection, _frame(stored, detection), tuple(names))


def _frame(stored: Stored, detection: Detection) -> Frame:
    if detection.format.value == "json":
        return ARRAY
    text = stored.head().decode(detection.encoding.value, errors="replace")
    return CRLF_LINES if text.partition("\n")[0].endswith("\r") else LINES


def _records(stored: Stored, detection: Detection) -> Iterator[Record]:
    read: Callable[[Iterable[bytes], str, str], Iterator[Record]]
    read = read_array if detection.format.value == "json" else read_lines
    with closing(stored.chunks()) as chunks:
        yield from read(chunks, detection.encoding.value, stored.name)
