"""Counting records over all inputs."""

from collections.abc import Iterator, Sequence

from provisioner.models import Record

from .source import Source


def enumerate_records(sources: Sequence[Source]) -> Iterator[tuple[int, int, Record]]:
    """Yield every record with its number over all sources, from 1, and the index of its source, from 0."""
    number = 0
    for index, source in enumerate(sources):
        for record in source.records():
            number += 1
            yield number, index, record
