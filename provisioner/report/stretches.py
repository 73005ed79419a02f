"""Figures of a run by stretches of time, in bounded memory."""

from collections.abc import Callable
from typing import Generic, TypeVar

from .timeline import MAX_BUCKETS

Figures = TypeVar("Figures")


class Stretches(Generic[Figures]):
    """One object of figures for each stretch of ``width_s`` seconds since ``start``, in Unix seconds.

    The width doubles whenever ``MAX_BUCKETS`` are full: ``join`` returns the figures of two neighbours. ``new``
    makes those of an empty stretch.
    """

    def __init__(
        self, start: float, new: Callable[[], Figures], join: Callable[[Figures, Figures], Figures]
    ) -> None:
        self.start, self.width_s = start, 1
        self.figures: list[Figures] = []
        self._new, self._join = new, join

    def at(self, moment: float) -> Figures:
        """Return the figures of the stretch of a moment, in Unix seconds; one before the start is in the first."""
        place = max(int((moment - self.start) / self.width_s), 0)
        while place >= MAX_BUCKETS:
            self._fold()
            place //= 2
        while len(self.figures) <= place:
            self.figures.append(self._new())
        return self.figures[place]

    def _fold(self) -> None:
        self.width_s *= 2
        pairs = zip(self.figures[::2], [*self.figures[1::2], self._new()], strict=False)
        self.figures = [self._join(first, second) for first, second in pairs]
