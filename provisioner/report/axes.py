"""Axes of charts: round numbers and round times with their labels; pure functions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .clock import LocalClock, Tick

LEAST = 1e-9
"""Values below this are drawn as 0."""
_MOST_STEPS = 5
_FULL_DIGITS = 100


@dataclass(frozen=True, slots=True)
class Axis:
    """Axis of a chart from ``first`` to ``last``, with ticks in ascending order.

    ``title`` says what it shows, empty where the labels say it. ``text`` returns the label of any place on it.
    """

    first: float
    last: float
    ticks: Sequence[Tick]
    text: Callable[[float], str]
    title: str = ""

    def share(self, place: float) -> float:
        """Return where a place is on the axis: 0 at its first value, 1 at its last."""
        return (place - self.first) / (self.last - self.first)


def nice_ceiling(value: float) -> float:
    """Return the lowest number of the form 1, 2, 5 or 10 times a power of ten that is not below ``value``."""
    if value < LEAST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= value), 10 * power)


def figure_text(value: float) -> str:
    """Return a number with three significant digits, and with all digits from 100 on."""
    return f"{value:,.0f}" if abs(value) >= _FULL_DIGITS else f"{value:.3g}"


def value_axis(highest: float, *, is_whole: bool = False) -> Axis:
    """Return an axis from 0 to the first round number that is not below ``highest``, with round ticks.

    ``is_whole`` is for values that are counts: no tick lies between two of them.
    """
    step = nice_ceiling(max(highest, LEAST) / _MOST_STEPS)
    if highest < LEAST:
        step = 1.0
    if is_whole:
        step = max(step, 1.0)
    steps = max(math.ceil(highest / step - LEAST), 1)
    ticks = [Tick(step * number, figure_text(step * number)) for number in range(steps + 1)]
    return Axis(0.0, step * steps, ticks, figure_text)


def number_axis(last: float, unit: str) -> Axis:
    """Return an axis of numbers with a unit, from 0 to ``last``."""
    last = last or 1.0
    step = nice_ceiling(last / _MOST_STEPS)
    ticks = [
        Tick(step * number, _with_unit(step * number, unit)) for number in range(int(last / step + LEAST) + 1)
    ]
    return Axis(0.0, last, ticks, lambda place: _with_unit(place, unit))


def time_axis(clock: LocalClock, start: float, end: float) -> Axis:
    """Return an axis of times of day; ``start`` and ``end`` are Unix seconds."""
    end = max(end, start + 1)
    text = clock.time_of_day if clock.day(start) == clock.day(end) else clock.moment
    return Axis(start, end, clock.ticks(start, end), text, clock.axis_title(start, end))


def _with_unit(value: float, unit: str) -> str:
    return f"{figure_text(value)} {unit}"
