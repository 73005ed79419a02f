"""Passes over the rows of a job: from any row on, and for single rows, without parsing all rows before them."""

from collections.abc import Iterator, Sequence
from itertools import chain, count, repeat

from provisioner.models import Record
from provisioner.sources import RESTART_GAP, RestartPoints, Source, record_batches

RecordBatch = tuple[int, int, Sequence[Record]]
"""Number of the first row, from 1, the index of its source, from 0, and the records of consecutive rows."""


class RowPasses:
    """Passes over the rows that the records of some sources make.

    ``uses`` is that of ``RowSettings``: the total number of rows, for which the records are repeated, or 0 for one
    row of each record. Every pass adds to ``restart_points``, at which later ones begin. A process that has not
    read the rows may be given the points of another one, if both have opened the same bytes in the same way.
    """

    def __init__(self, sources: Sequence[Source], uses: int) -> None:
        self._sources, self._uses = sources, uses
        self.restart_points = RestartPoints()

    def batches(self, without_rows: set[int], start: int = 1) -> Iterator[tuple[int, RecordBatch]]:
        """Yield (cycle, batch) for all rows from ``start`` on.

        ``cycle``, from 1, counts how often the records of the batch have been used: only ``uses`` makes it exceed
        1. The indexes of sources that have no record are added to ``without_rows``.
        """
        if not self._uses:
            yield from zip(repeat(1), record_batches(self._sources, without_rows, self.restart_points, start))
            return
        cycle, before = self._cycles_before(start)
        while max(before + 1, start) <= self._uses:
            cycle += 1
            begin = max(start - before, 1)
            for first, index, records in record_batches(self._sources, without_rows, self.restart_points, begin):
                row = before + first
                wanted = records[: self._uses + 1 - row]
                yield cycle, (row, index, wanted)
                if row + len(wanted) > self._uses:
                    return
            if not self.restart_points.total:
                return
            before += self.restart_points.total

    def records(self, start: int = 1) -> Iterator[tuple[int, int, Record]]:
        """Yield (row number, source index, record) for all rows from ``start`` on."""
        return chain.from_iterable(
            zip(count(first), repeat(index), records) for _, (first, index, records) in self.batches(set(), start)
        )

    def restart_row(self, row: int) -> int:
        """Return the last row at or before ``row`` at which a pass can begin."""
        _, before = self._cycles_before(row)
        return before + self.restart_points.before(row - before).row

    def _cycles_before(self, row: int) -> tuple[int, int]:
        """Return the number of whole cycles before a row, as far as it is known, and the number of their rows."""
        total = self.restart_points.total
        cycles = (row - 1) // total if self._uses and total else 0
        return cycles, cycles * total


class RecordCursor:
    """Finder of the records of single rows, in a pass that goes on where the rows ascend and else begins again.

    Not for several threads at once.
    """

    def __init__(self, passes: RowPasses) -> None:
        self._passes, self._records, self._next = passes, passes.records(), 1

    def find(self, row: int) -> tuple[int, Record] | None:
        """Return the index of the source and the record of a row; None when there is no such row."""
        if row != self._next:
            self._approach(row)
        for number, index, record in self._records:
            if number == row:
                self._next = row + 1
                return index, record
        return None

    def _approach(self, row: int) -> None:
        """Begin another pass for a row that this one has passed, or that is a restart point or more away."""
        is_far = row - self._next >= RESTART_GAP
        if row < self._next or (is_far and self._passes.restart_row(row) - self._next >= RESTART_GAP):
            self._records, self._next = self._passes.records(row), row
