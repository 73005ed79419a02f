"""Source for an input without any record beside others that have some, such as an empty part of an export."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO

import msgspec

from provisioner.models import Fingerprint, Record
from provisioner.sources.files.raw_input import RawInput

from .detection import Detected, Detection
from .skipped import SkippedRecords
from .source import RecordWriter, Source

_DETECTION = Detection(
    format=Detected("empty", "there is nothing in it"),
    compression=Detected("", "there is nothing in it"),
    encoding=Detected("", "there is nothing in it"),
    bom=Detected("", "there is nothing in it"),
)


class EmptySource(msgspec.Struct, frozen=True):
    """Input without a record. Its columns and its writer are those of another input, ``like``."""

    raw_input: RawInput
    like: Source

    @property
    def name(self) -> str:
        """Name of the input as the user gave it."""
        return self.raw_input.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the other input."""
        return self.like.columns

    @property
    def first_names(self) -> tuple[str, ...] | None:
        """Names in the first records of the other input."""
        return self.like.first_names

    @property
    def has_dynamic_columns(self) -> bool:
        """Whether the records of the other input have their own names."""
        return self.like.has_dynamic_columns

    @property
    def detection(self) -> Detection:
        """Detected properties: that it is empty."""
        return _DETECTION

    @property
    def skipped(self) -> SkippedRecords:
        """Nothing."""
        return SkippedRecords()

    @property
    def shape(self) -> tuple[str, ...]:
        """Shape of the other input."""
        return self.like.shape

    def fingerprint(self) -> Fingerprint:
        """Return name, size and SHA-256 of the stored bytes."""
        return self.raw_input.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield nothing."""
        return iter(())

    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> AbstractContextManager[RecordWriter]:
        """Return a writer like the other input's."""
        return self.like.writer(stream, extra_columns)
