"""Entries of a plan, many at a time: column by column where all of them are valid."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, repeat
from typing import overload

from .jobs import PlanEntry


class ValidEntries(Sequence[PlanEntry]):
    """Valid entries of consecutive rows of one source, which are written to the ledger column by column.

    ``first`` is the number of the first row, ``source`` that of their file. ``lines``, ``keys`` and ``digests``
    have an item for each row, ``accounts`` too in a job for many accounts; it is empty in others.
    """

    __slots__ = ("accounts", "digests", "first", "keys", "lines", "source")

    def __init__(
        self,
        first: int,
        source: int,
        lines: Sequence[int],
        *,
        keys: Sequence[str],
        digests: Sequence[bytes],
        accounts: Sequence[str] = (),
    ) -> None:
        self.first, self.source, self.lines = first, source, lines
        self.keys, self.digests, self.accounts = keys, digests, accounts

    @property
    def final_keys(self) -> Sequence[str]:
        """The key of each row; that of a row without one is its digest."""
        if all(self.keys):
            return self.keys
        return [key or digest.hex() for key, digest in zip(self.keys, self.digests, strict=True)]

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.digests)

    def __iter__(self) -> Iterator[PlanEntry]:
        """Yield the entries."""
        accounts = self.accounts or repeat("")
        columns = count(self.first), self.lines, repeat(self.source), self.keys, self.digests
        return map(PlanEntry, *columns, repeat(()), accounts)

    @overload
    def __getitem__(self, at: int) -> PlanEntry: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[PlanEntry]: ...

    def __getitem__(self, at: int | slice) -> PlanEntry | Sequence[PlanEntry]:
        """Return one entry, or a list of some."""
        return list(self)[at]


class EntryBatches(Iterable[PlanEntry]):
    """Entries of a plan, which come many at a time; iterating yields each. They can be read once."""

    def __init__(self, batches: Iterator[Sequence[PlanEntry]]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[PlanEntry]:
        """Yield the entries one by one."""
        return chain.from_iterable(self.batches)
