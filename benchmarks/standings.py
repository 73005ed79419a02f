"""Tables of the comparison: figures of each contender, ratios to this program, and the targets."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.contenders import ROWS, Contender
from benchmarks.process import Usage
from benchmarks.tables import table, times

ASKED = (
    ("**run**, asyncio", "bare aiohttp loop, asyncio", 0.65),
    ("**run**, uvloop", "bare aiohttp loop, uvloop", 0.65),
    ("**run**, uvloop", "bare aiohttp loop, asyncio", 1.0),
    ("**run**, uvloop", "Locust FastHttpUser", 1.3),
    ("**run**, uvloop", "twilio SDK, async", 1.3),
    ("**run**, uvloop", "twilio SDK, 32 threads", 5.0),
    ("**run**, uvloop", "Artillery", 10.0),
    ("**run**, uvloop", "cookbook script", 15.0),
    ("**run**, uvloop", "naive aiohttp script", 2.0),
)
HEAD = (
    "client",
    "keeps results",
    "runs of rows",
    "rows/s (least to most)",
    "past its start",
    "CPU s per 10,000 rows",
    "peak MiB",
    "our rows/s ÷ its",
    "past the starts",
    "its CPU ÷ ours",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Measurements of one contender: the usage of its start-up, and for each run the rows and the usage."""

    contender: Contender
    start: Usage
    runs: list[tuple[int, Usage]] = field(default_factory=list)

    def of_row(self, part: Callable[[Usage], float]) -> list[float]:
        """Return the cost of one row without start-up, for each run; ``part`` selects a value of the usage."""
        least = self.contender.least if self.contender.rows else 0
        return [(part(usage) - part(self.start)) / (rows - least) for rows, usage in self.runs]

    def of_job(self, part: Callable[[Usage], float]) -> list[float]:
        """Return the cost of start-up plus ``ROWS`` rows, for each run; ``part`` selects a value of the usage."""
        least = self.contender.least if self.contender.rows else 0
        return [part(self.start) + row * (ROWS - least) for row in self.of_row(part)]

    def jobs(self) -> list[Usage]:
        """Return the usage of start-up plus ``ROWS`` rows, for each run."""
        walls, cpus = self.of_job(lambda usage: usage.wall_s), self.of_job(lambda usage: usage.cpu_s)
        peaks = [usage.peak_mib for _, usage in self.runs]
        return [Usage(*parts) for parts in zip(walls, cpus, peaks, strict=True)]

    @property
    def wall_s(self) -> float:
        """Median wall-clock seconds of start-up plus ``ROWS`` rows."""
        return statistics.median(self.of_job(lambda usage: usage.wall_s))

    @property
    def row_s(self) -> float:
        """Median wall-clock seconds of one row, without start-up."""
        return statistics.median(self.of_row(lambda usage: usage.wall_s))

    @property
    def cpu_s(self) -> float:
        """Median processor seconds of start-up plus ``ROWS`` rows."""
        return statistics.median(self.of_job(lambda usage: usage.cpu_s))

    @property
    def peak_mib(self) -> float:
        """Median peak memory of the largest process, in MiB."""
        return statistics.median(usage.peak_mib for _, usage in self.runs)


def print_standings(standings: Sequence[Standing]) -> None:
    """Print the table of figures and the table of targets; the first entry is this program."""
    if not standings:
        return
    ours = standings[0]
    print(table(HEAD, (line(each, ours) for each in standings)), end="\n\n")
    print(f"Ours in the ratios is {ours.contender.name}.", end="\n\n")
    named = {each.contender.name: each for each in standings}
    asked = [(named[us], named[it], least) for us, it, least in ASKED if us in named and it in named]
    print(
        table(
            ("rows/s of", "over rows/s of", "asked", "whole job", "past the starts", "by CPU"), map(judge, asked)
        )
    )


def line(each: Standing, ours: Standing) -> tuple[str, ...]:
    """Return the table row of one contender."""
    speeds = sorted(ROWS / wall_s for wall_s in each.of_job(lambda usage: usage.wall_s))
    return (
        each.contender.name,
        each.contender.keeps,
        f"{len(each.runs)} of {each.contender.rows or each.runs[0][0]:,}",
        f"{ROWS / each.wall_s:,.0f} ({speeds[0]:,.0f} to {speeds[-1]:,.0f})",
        f"{1 / each.row_s:,.0f}",
        f"{each.cpu_s / ROWS * 10_000:.2f}",
        f"{each.peak_mib:.0f}",
        times(each.wall_s / ours.wall_s),
        times(each.row_s / ours.row_s),
        times(each.cpu_s / ours.cpu_s),
    )


def judge(asked: tuple[Standing, Standing, float]) -> tuple[str, ...]:
    """Return the table row of one target: the required ratio and the measured ones."""
    us, it, least = asked
    whole, past = it.wall_s / us.wall_s, it.row_s / us.row_s
    return (
        us.contender.name,
        it.contender.name,
        f"≥ {times(least)}",
        times(whole),
        times(past),
        times(it.cpu_s / us.cpu_s),
    )
