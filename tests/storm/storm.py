"""The storm: jobs of all shapes with all faults, several at a time, until enough processes were killed."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from tests.storm.job import Budget, Job, Report, Tls, storm_over
from tests.storm.shapes import SHAPES, Shape


async def storm(
    folder: Path,
    *,
    seed: int,
    kills: int,
    rows: int,
    share: int,
    at_once: int,
    shapes: Sequence[Shape] = SHAPES,
    tls: Tls | None = None,
    tell: Callable[[Report], None] = lambda _report: None,
) -> list[Report]:
    """Run jobs until there were ``kills`` kills, and return their reports in order.

    Each job has ``rows`` rows, and ``at_once`` jobs run at a time. At most ``share`` kills are done in one job. A
    job that was started is always finished. ``tell`` is called with the report of each finished job.
    """
    budget, numbers, reports = Budget(kills), count(), list[Report]()

    async def work() -> None:
        while not budget.is_spent:
            number = next(numbers)
            place = folder / f"job-{number}"
            place.mkdir()
            job = Job(number, shapes[number % len(shapes)], seed * 1000 + number, rows, share, tls)
            report = await storm_over(job, place, budget)
            reports.append(report)
            tell(report)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return sorted(reports, key=lambda report: report.job.number)
