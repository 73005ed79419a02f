"""What is asked of the program's speed, and what was reached according to the usages of the runs; pure."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.process import Usage
from benchmarks.scale import long_file
from benchmarks.tables import times
from benchmarks.usages import Usages

RUN = "**run**, uvloop"
NOW, AGAINST = "**run**, uvloop, beside another commit", "**run**, uvloop, of another commit"
BARE_UVLOOP, BARE_ASYNCIO = "bare aiohttp loop, uvloop", "bare aiohttp loop, asyncio"
LOCUST, SDK, NAIVE = "Locust FastHttpUser", "twilio SDK, async", "naive aiohttp script"
FIRST_RUN, FIRST_BARE = "**run**, 25 rows", "bare aiohttp loop"
NOT_MEASURED = "not measured"
HEAD = ("what", "measured", "by processor time", "must", "goal", "reached")


@dataclass(frozen=True, slots=True)
class Figure:
    """Measured value of a target, and the same by processor time where that tells something else."""

    value: float
    by_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked: a value of ``must``, or better of ``goal``; ``is_most`` says that less is better.

    ``measure`` returns the figure, None when something that it needs was not measured. ``write`` makes text of it.
    """

    what: str
    measure: Callable[[Usages], Figure | None]
    must: float
    goal: float | None = None
    is_most: bool = False
    write: Callable[[float], str] = times

    def line(self, usages: Usages) -> tuple[str, ...]:
        """Return the line of the table."""
        found = self.measure(usages)
        sign = "≤" if self.is_most else "≥"
        goal = "" if self.goal is None else f"{sign} {self.write(self.goal)}"
        value = NOT_MEASURED if found is None else self.write(found.value)
        by_cpu = "" if found is None or found.by_cpu is None else self.write(found.by_cpu)
        return (self.what, value, by_cpu, f"{sign} {self.write(self.must)}", goal, self._judged(found))

    def _judged(self, found: Figure | None) -> str:
        if found is None:
            return ""
        if self.goal is not None and self._is_reached(found, self.goal):
            return "goal"
        return "must" if self._is_reached(found, self.must) else "missed"

    def _is_reached(self, found: Figure, bound: float) -> bool:
        """Return whether both values reach a bound: by seconds alone, a busy machine may favour either side."""
        values = [each for each in (found.value, found.by_cpu) if each is not None]
        return max(values) <= bound if self.is_most else min(values) >= bound


def ratio(first: str, second: str, part: Callable[[Usage], float], usages: Usages) -> float | None:
    """Return the median of ``first`` ÷ ``second`` over the rounds that both have; None without any."""
    pairs = zip(usages.get(first, ()), usages.get(second, ()), strict=False)
    found = [part(one) / part(other) for one, other in pairs if part(other)]
    return statistics.median(found) if found else None


def wall_s(usage: Usage) -> float:
    """Return the seconds of a run."""
    return usage.wall_s


def cpu_s(usage: Usage) -> float:
    """Return the processor time of a run, in seconds."""
    return usage.cpu_s


def peak_mib(usage: Usage) -> float:
    """Return the peak memory of a run, in MiB."""
    return usage.peak_mib


def speed(peer: str) -> Callable[[Usages], Figure | None]:
    """Return the measure of how many times as fast a whole run is as ``peer`` with as many rows."""

    def measure(usages: Usages) -> Figure | None:
        by_wall = ratio(peer, RUN, wall_s, usages)
        return None if by_wall is None else Figure(by_wall, ratio(peer, RUN, cpu_s, usages))

    return measure


def processor_time(usages: Usages) -> Figure | None:
    """Return the processor time of a whole run ÷ that of the other commit."""
    found = ratio(NOW, AGAINST, cpu_s, usages)
    return None if found is None else Figure(found, found)


def first_request(usages: Usages) -> Figure | None:
    """Return the time until the first request of a short run ÷ that of the bare loop."""
    found = ratio(FIRST_RUN, FIRST_BARE, wall_s, usages)
    return None if found is None else Figure(found, ratio(FIRST_RUN, FIRST_BARE, cpu_s, usages))


def of_long_file(
    command: str, rows: int, part: Callable[[Usage], float], *, per_second: bool = False
) -> Callable[[Usages], Figure | None]:
    """Return the measure of a command on a file of ``rows`` rows: a part of its usage, or rows per second."""

    def measure(usages: Usages) -> Figure | None:
        found = usages.get(long_file(command, rows))
        if not found:
            return None
        value = statistics.median(map(part, found))
        by_cpu = statistics.median(map(cpu_s, found)) if part is wall_s else None
        if not per_second:
            return Figure(value, by_cpu)
        return Figure(rows / value, rows / by_cpu if by_cpu else None)

    return measure


def mib_text(value: float) -> str:
    """Return an amount of memory as text."""
    return f"{value:.1f} MiB"


def rate_text(value: float) -> str:
    """Return a speed as text."""
    return f"{value:,.0f} rows/s"


def seconds_text(value: float) -> str:
    """Return a time as text."""
    return f"{value:.2f} s"


def targets(rows: int, against: str = "") -> Sequence[Target]:
    """Return all targets; those of a long file are for one of ``rows`` rows."""
    at = f"{rows:,} rows"
    commit = f"commit {against}" if against else "another commit (`--against`)"
    return (
        Target(
            f"processor time of a row of the whole `run` ÷ that of {commit}",
            processor_time,
            0.80,
            0.65,
            is_most=True,
        ),
        Target("whole run ÷ bare aiohttp loop, both uvloop, rows/s", speed(BARE_UVLOOP), 0.85, 1.0),
        Target("whole run (uvloop) ÷ bare aiohttp loop (asyncio), rows/s", speed(BARE_ASYNCIO), 1.1, 1.3),
        Target("whole run ÷ Locust FastHttpUser, rows/s", speed(LOCUST), 1.6),
        Target("whole run ÷ twilio SDK, async, rows/s", speed(SDK), 2.1),
        Target("whole run ÷ naive aiohttp script, rows/s", speed(NAIVE), 2.0),
        Target(
            "first request of a `run` of 25 rows ÷ that of the bare loop, s", first_request, 1.5, 1.2, is_most=True
        ),
        Target(
            f"`run`, peak memory, {at}", of_long_file("run", rows, peak_mib), 60, 50, is_most=True, write=mib_text
        ),
        Target(
            f"`check`, {at}",
            of_long_file("check", rows, wall_s, per_second=True),
            200_000,
            300_000,
            write=rate_text,
        ),
        Target(f"`report`, {at}", of_long_file("report", rows, wall_s), 12, 6, is_most=True, write=seconds_text),
        Target(
            f"`report`, peak memory, {at}",
            of_long_file("report", rows, peak_mib),
            100,
            is_most=True,
            write=mib_text,
        ),
    )
