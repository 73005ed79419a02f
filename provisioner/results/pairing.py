"""Pairing of planned rows with the input records that they were made from."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import TypeVar

from provisioner.errors import InputError

_A = TypeVar("_A")
_B = TypeVar("_B")


def paired(planned: Iterable[_A], records: Iterable[_B]) -> Iterator[tuple[_A, _B]]:
    """Yield (planned row, record) in order; neither is None.

    Raise ``InputError`` when there are more planned rows than records, or the reverse.
    """
    for row, record in zip_longest(planned, records):
        if row is None or record is None:
            raise InputError(
                "has another number of rows than the plan in the ledger, so rows and results cannot be matched",
                source="the input",
                cure="run the job again first, or omit --include-input and --failed",
            )
        yield row, record
