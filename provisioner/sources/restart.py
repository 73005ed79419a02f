"""Restart points: rows at which a pass over the input can begin, so that it need not parse all rows before them.

A pass notes them on its way. Each is four integers, which hold nothing of the rows. Together with the opened
sources they are all that is needed, so they can also be stored, and be added in another process.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from threading import Lock
from typing import NamedTuple

from provisioner.models import PlainRecords, Record

RESTART_GAP = 256
"""Least number of rows between two restart points; a point takes 32 bytes."""
_line_of = attrgetter("line")


class Place(NamedTuple):
    """Start of a record in a text: its line, from 1, and the offset of its first byte in the stored bytes."""

    line: int
    offset: int


START = Place(1, 0)
"""Place at which every text begins, also its header and what stands before it."""

Note = Callable[[Place], None]
"""Function that is told a place, before the first record that begins there or after it is yielded."""


class RestartPoint(NamedTuple):
    """Number of a row, from 1, the index of its source, and a place in that source at which its record is next."""

    row: int
    source: int
    place: Place


_FIRST = RestartPoint(1, 0, START)


def _place_among(records: Sequence[Record], line: int) -> int:
    """Return the index of the first record on ``line`` or after it."""
    if isinstance(records, PlainRecords):
        return bisect_left(records.starts, line, hi=len(records))
    return bisect_left(records, line, key=_line_of)


class RestartPoints:
    """Restart points of an input, in order; several passes, in any threads, may add to them.

    ``total`` is the number of rows of the whole input, 0 until a pass has come to its end.
    """

    def __init__(self) -> None:
        self.total = 0
        self._lock = Lock()
        self._last_row = _FIRST.row
        self._numbers = array("q")

    def __len__(self) -> int:
        """Return the number of points, the start of the input not counted."""
        return len(self._numbers) // 4

    def add(self, point: RestartPoint) -> None:
        """Add a point, unless it is near the last one or before it."""
        with self._lock:
            if point.row >= self._last_row + RESTART_GAP:
                self._numbers.extend((point.row, point.source, *point.place))
                self._last_row = point.row

    def add_places(
        self, places: Sequence[Place], source: int, first: int, records: Sequence[Record]
    ) -> Sequence[Place]:
        """Add those of ``places`` before one of ``records``; return those after all of them.

        ``first`` is the number of the first row.
        """
        for number, place in enumerate(places):
            at = _place_among(records, place.line)
            if at == len(records):
                return places[number:]
            self.add(RestartPoint(first + at, source, place))
        return ()

    def before(self, row: int) -> RestartPoint:
        """Return the last point at or before a row; the start of the input when there is none."""
        with self._lock:
            at = bisect_right(range(len(self)), row, key=lambda point: self._numbers[4 * point])
            if not at:
                return _FIRST
            number, source, line, offset = self._numbers[4 * at - 4 : 4 * at]
        return RestartPoint(number, source, Place(line, offset))
