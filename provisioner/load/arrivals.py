"""When rows of a load test are due: pure arithmetic, in seconds from the test's start.

A test is a row of stages. In each the rate goes from one value to another in a straight line (a *ramp*), or
stands from its first moment on (a *step*). Even arrivals are due where the number of rows asked for so far passes
a whole number; Poisson arrivals have the same mean and gaps drawn from the exponential distribution.
"""

import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from provisioner.errors import UsageError
from provisioner.options import parse_duration, parse_rate
from provisioner.system.printable import quoted

_STAGE = re.compile(r"\s*(?P<time>[^:]+):\s*(?P<step>=?)\s*(?P<rate>.+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a test: in ``duration_s`` seconds the rate goes from ``start`` to ``end`` rows a second."""

    duration_s: float
    start: float
    end: float

    @property
    def rows(self) -> float:
        """How many rows are due in it."""
        return self.duration_s * (self.start + self.end) / 2

    def time_of(self, rows: float) -> float:
        """Return after how many seconds of it ``rows`` rows are due."""
        slope = (self.end - self.start) / self.duration_s
        root = math.sqrt(max(self.start**2 + 2 * slope * rows, 0.0))
        # Written so that a slope of nothing, or of nearly nothing, divides by no small number.
        return 2 * rows / (self.start + root) if rows else 0.0


def parse_stages(texts: Sequence[str]) -> tuple[Stage, ...]:
    """Read ``30s:2/s`` (a ramp from the rate before, at first 0) and ``2m:=5/s`` (a step)."""
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
        raise UsageError(f"--stage {quoted(text)}: a stage has a rate", cure="write it as 30s:2/s")
    return 0.0 if math.isinf(rate.per_second) else rate.per_second


def steady(rate: float, duration_s: float) -> tuple[Stage, ...]:
    """Return the one stage of a steady test."""
    return (Stage(duration_s, rate, rate),)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The schedule of a test. ``seed`` draws Poisson gaps; None means even ones."""

    stages: tuple[Stage, ...]
    seed: int | None = None

    @property
    def duration_s(self) -> float:
        """How long the test lasts."""
        return sum(stage.duration_s for stage in self.stages)

    @property
    def peak(self) -> float:
        """The highest rate, in rows a second."""
        return max(max(stage.start, stage.end) for stage in self.stages)

    @property
    def headroom(self) -> float:
        """How many more than ``peak`` may leave in one second, to make up for a delay or where chance piles up."""
        return self.peak / 4 if self.seed is None else 6 * math.sqrt(self.peak) + 4

    @property
    def offered(self) -> int | None:
        """How many rows are due in all; None where rows arrive until they are used up.

        Even arrivals are counted by arithmetic; Poisson arrivals have to be drawn for it.
        """
        if math.isinf(self.duration_s):
            return None
        return _count_even(self.stages) if self.seed is None else _count_drawn(self)

    @property
    def expected(self) -> float:
        """How many rows are due in all, give or take what chance makes of it."""
        return sum(stage.rows for stage in self.stages)

    def times(self) -> Iterator[float]:
        """Yield when each row is due, in seconds from the start, in order."""
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
        """Yield the cumulative number of rows at which the next row is due.

        The first even one is due at once. Gaps of a Poisson process of rate 1, stretched by the schedule, are a
        Poisson process of its rate.
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
    """Return how many whole numbers, from 0, lie below the rows asked for; rounds as ``times`` does."""
    number, before = 0, 0.0
    for stage in stages:
        number = max(number, math.floor(before + stage.rows) - 1)
        while number - before < stage.rows:
            number += 1
        before += stage.rows
    return number


@lru_cache
def _count_drawn(arrivals: Arrivals) -> int:
    """Count the rows of a test once, however often it is asked: a long one has millions."""
    return sum(1 for _ in arrivals.times())
