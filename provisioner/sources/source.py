"""What every input looks like to the rest of the program, whatever its format."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from provisioner.models import Fingerprint, Record

from .detection import Detection


class RecordWriter(Protocol):
    """Writes records back in their source's own format."""

    def write(self, record: Record, extra: Sequence[str]) -> None:
        """Write one record of this source, with its values for the extra columns."""
        ...


class Source(Protocol):
    """One input. Nothing is kept in memory: every pass reads the stored bytes again."""

    @property
    def name(self) -> str:
        """The input's name as the user gave it; ``-`` is stdin."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The header verbatim, or the names seen in the first records where there is no header."""
        ...

    @property
    def has_dynamic_columns(self) -> bool:
        """Whether later records may have names that ``columns`` lacks."""
        ...

    @property
    def detection(self) -> Detection:
        """How the input is read, and why so."""
        ...

    @property
    def blank_lines(self) -> int:
        """How many blank lines of delimited text the last whole pass has left out; none of other formats."""
        ...

    @property
    def shape(self) -> tuple[str, ...]:
        """What a ``writer`` depends on: the records of sources of one shape fit into one file."""
        ...

    def fingerprint(self) -> Fingerprint:
        """Digest the stored bytes, which takes a pass over them."""
        ...

    def records(self) -> Iterator[Record]:
        """Read from the start, as often as asked; passes do not disturb each other.

        Raise ``InputError`` where nothing after a place can be trusted any more, or where the file has
        changed since it was opened. A record that alone is wrong has its ``problem`` set instead.
        """
        ...

    def writer(self, stream: BinaryIO, extra_columns: Sequence[str]) -> AbstractContextManager[RecordWriter]:
        """Write records to a stream in this source's own columns, dialect and encoding, plus extra columns.

        Extra columns that the source already has are written in their place. What comes out is accepted
        as input again, and a record with a problem keeps it. The stream stays open.
        """
        ...


def enumerate_records(sources: Sequence[Source]) -> Iterator[tuple[int, int, Record]]:
    """Yield every record with its number over all sources, from 1, and the index of its source, from 0."""
    number = 0
    for index, source in enumerate(sources):
        for record in source.records():
            number += 1
            yield number, index, record
