"""Figures of a cluster storm as text. Pure."""

from collections import Counter
from collections.abc import Sequence

from tests.storm.cluster.job import ClusterReport
from tests.storm.cluster.strikes import Blow
from tests.storm.figures import MOST_FAILURES, about_doubts, about_ends, listed


def cluster_line(report: ClusterReport) -> str:
    """Return one line about a job and one more for each of its failures."""
    blows = listed(report.blows)
    head = f"job {report.job.number} ({report.job.shape.name}, {report.keeping}), {report.took_s:.0f} s: {blows}"
    tail = f"{report.evidence.rows} rows in doubt, {len(report.failures)} failures"
    more = (*report.failures[:MOST_FAILURES], *report.trails[:MOST_FAILURES])
    return "\n".join((f"{head}; {tail}", *(f"  {each}" for each in more)))


def cluster_figures(reports: Sequence[ClusterReport], elapsed_s: float) -> str:
    """Return the totals of all jobs as lines; ``elapsed_s`` is the storm's duration in seconds."""
    blows = sum((report.blows for report in reports), Counter[Blow]())
    codes = Counter(str(code) for report in reports for code in report.codes.elements())
    return "\n".join((
        f"{len(reports)} jobs, {sum(report.job.rows for report in reports):,} rows, {elapsed_s:.0f} s",
        f"blows        {listed(blows)}",
        f"ended with   {listed(codes)}",
        f"faults       {sum(report.faults.total() for report in reports):,}",
        *about_doubts([report.evidence for report in reports]),
        *about_ends(reports),
    ))  # fmt: skip
