"""Arrival schedule of a load test: when each row is due, in seconds from the test's start. Pure.

A test is a sequence of stages. In a *ramp* the rate changes linearly from one value to another; in a *step* it is
constant. The integral of the rate is the cumulative number of rows. With even arrivals, a row is due whenever that
number reaches the next integer; Poisson arrivals have the same mean rate and exponentially distributed gaps.
"""

import math
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from provisioner.errors import UsageError
from provisioner.options import parse_duration, parse_rate
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

_STAGE = late_pattern(r"\s*(?P<time>[^:]+):\s*(?P<step>=?)\s*(?P<rate>.+)")


class Stage(msgspec.Struct, frozen=True):
    """One stage of a test: within ``duration_s`` seconds the rate changes linearly from ``start`` to ``end``.

    Both rates are in rows per second; ``duration_s`` is positive and may be ``math.inf``.
    """

    duration_s: float
    start: float
    end: float

    @property
    def rows(self) -> float:
        """Number of rows that are due in the stage, as a fraction."""
        return self.duration_s * (self.start + self.end) / 2

    def time_of(self, rows: float) -> float:
        """Return after how many seconds of the stage the cumulative number of rows reaches ``rows``."""
        slope = (self.end - self.start) / self.duration_s
        root = math.sqrt(max(self.start**2 + 2 * slope * rows, 0.0))
        # This form of the quadratic formula does not divide by the slope, which may be zero or close to it.
        return 2 * rows / (self.start + root) if rows else 0.0


def parse_stages(texts: Sequence[str]) -> tuple[Stage, ...]:
    """Return the stages of the ``--stage`` values: ``30s:2/s`` is a ramp to 2/s, ``2m:=5/s`` a step at 5/s.

    A ramp starts at the end rate of the stage before, the first one at 0. Raise ``UsageError`` when a value is not
    a stage, has no duration, or its rate is ``auto``.
    """
    stages: list[Stage] = []
    for text in texts:
        found = _STAGE.fullmatch(text)
        if found is None:
            raise UsageError(
                f"--stage {quoted(text)} is not a stage", cure="write it as 30s:2/s, or 2m:=5/s for a step"
            )
        duration_s = parse_duration(found["time"], "--stage")
        end = _rate(found["rate"])
        start = end if found["step"] else (stages[-1].end if stages else 0.0)
        if not duration_s:
            raise UsageError(f"--stage {quoted(text)} takes no time", cure="give it some, e.g. 30s:2/s")
        stages.append(Stage(duration_s, start, end))
    return tuple(stages)


def _rate(text: str) -> float:
    rate = parse_rate(text, "--stage")
    if rate.is_auto:
        raise UsageError(f"--stage {quoted(text)}: a stage needs a fixed rate", cure="write it as 30s:2/s")
    return 0.0 if math.isinf(rate.per_second) else rate.per_second


def steady(rate: float, duration_s: float) -> tuple[Stage, ...]:
    """Return one stage with a constant ``rate`` (rows per second) for ``duration_s`` seconds."""
    return (Stage(duration_s, rate, rate),)


class Arrivals(msgspec.Struct, frozen=True):
    """Arrival schedule of a load test: its stages, and the random seed of Poisson arrivals (None: even ones)."""

    stages: tuple[Stage, ...]
    seed: int | None = None

    @property
    def duration_s(self) -> float:
        """Duration of all stages in seconds; ``math.inf`` if the test ends with the input."""
        return sum(stage.duration_s for stage in self.stages)

    @property
    def peak(self) -> float:
        """Highest rate of the schedule, in rows per second."""
        return max(max(stage.start, stage.end) for stage in self.stages)

    @property
    def headroom(self) -> float:
        """Number of rows by which one second may exceed ``peak``, after a delay or in a Poisson cluster."""
        return self.peak / 4 if self.seed is None else 6 * math.sqrt(self.peak) + 4

    @property
    def offered(self) -> int | None:
        """Exact number of rows that are due in the whole test; None if it lasts until the input ends.

        For even arrivals the number is computed; Poisson arrivals are drawn once to count them.
        """
        if math.isinf(self.duration_s):
            return None
        return _count_even(self.stages) if self.seed is None else _count_drawn(self)

    @property
    def expected(self) -> float:
        """Expected number of rows in the whole test: the integral of the rate."""
        return sum(stage.rows for stage in self.stages)

    def times(self) -> Iterator[float]:
        """Yield the due time of each row in seconds from the start, in ascending order."""
        began, before = 0.0, 0.0
        marks = self._marks()
        mark = next(marks)
        for stage in self.stages:
            rows = stage.rows
            while mark - before < rows:
                yield began + stage.time_of(mark - before)
                mark = next(marks)
            began, before = began + stage.duration_s, before + rows

    def _marks(self) -> Iterator[float]:
        """Yield the cumulative number of rows (the integral of the rate) at which each row is due.

        Even arrivals: 0, 1, 2 and so on. Poisson arrivals: the times of a Poisson process of rate 1; mapped to
        time by the schedule, they are a Poisson process with the schedule's rate.
        """
        if self.seed is None:
            number = 0
            while True:
                yield float(number)
                number += 1
        draw, mark = random.Random(self.seed), 0.0  # noqa: S311 - a schedule is no secret
        while True:
            mark += draw.expovariate(1.0)
            yield mark


def _count_even(stages: Sequence[Stage]) -> int:
    """Return the number of even arrivals in ``stages``, with the same rounding as ``Arrivals.times``."""
    number, before = 0, 0.0
    for stage in stages:
        number = max(number, math.floor(before + stage.rows) - 1)
        while number - before < stage.rows:
            number += 1
        before += stage.rows
    return number


@lru_cache
def _count_drawn(arrivals: Arrivals) -> int:
    """Return the number of Poisson arrivals; cached, because a long test has millions."""
    return sum(1 for _ in arrivals.times())
