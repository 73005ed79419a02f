"""The cluster storm: jobs of several workers with all faults, one after the other, until it was enough."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from tests.storm.cluster.database import storm_database
from tests.storm.cluster.job import Blows, ClusterJob, ClusterReport, Keeping
from tests.storm.job import Job, Tls
from tests.storm.shapes import SHAPES, Shape

CLUSTER_SHAPES: Sequence[Shape] = [
    shape for shape in SHAPES if shape.name in {"keys", "contents", "histories", "marks", "own identities"}
]


async def cluster_storm(
    folder: Path,
    *,
    seed: int,
    kills: int,
    freezes: int,
    rows: int,
    tls: Tls | None = None,
    shapes: Sequence[Shape] = CLUSTER_SHAPES,
    keepings: Sequence[Keeping] = tuple(Keeping),
    tell: Callable[[ClusterReport], None] = lambda _report: None,
) -> list[ClusterReport]:
    """Run jobs until there were ``kills`` kills and ``freezes`` freezes, and return their reports in order.

    The jobs take turns in ``keepings``: who starts their workers.
    """
    blows, reports = Blows(kills, freezes), list[ClusterReport]()
    async with storm_database() as database:
        for number in count():
            if blows.is_spent:
                return reports
            place = folder / f"job-{number}"
            place.mkdir()
            job = Job(number, shapes[number % len(shapes)], seed * 1000 + number, rows, kills, tls)
            keeping = keepings[number % len(keepings)]
            report = await ClusterJob(job, place, database, keeping=keeping).run(blows)
            reports.append(report)
            tell(report)
    return reports
