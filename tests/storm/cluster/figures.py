"""Figures of a cluster storm as text. Pure."""

from collections import Counter
from collections.abc import Sequence

from tests.storm.cluster.job import ClusterReport
from tests.storm.figures import MOST_FAILURES


def cluster_line(report: ClusterReport) -> str:
    """Return one line about a job and one more for each of its failures."""
    kind = "local engine" if report.is_engine else "joined"
    blows = ", ".join(f"{number} {blow.value}" for blow, number in report.blows.most_common())
    head = (
        f"job {report.job.number} ({report.job.shape.name}, {kind}), {report.took_s:.0f} s: {blows or 'no blow'}"
    )
    tail = f"{report.evidence.rows} rows in doubt, {len(report.failures)} failures"
    more = (*report.failures[:MOST_FAILURES], *report.trails[:MOST_FAILURES])
    return "\n".join((f"{head}; {tail}", *(f"  {each}" for each in more)))


def cluster_figures(reports: Sequence[ClusterReport], elapsed_s: float) -> str:
    """Return the totals of all jobs as lines; ``elapsed_s`` is the storm's duration in seconds."""
    blows = sum((report.blows for report in reports), Counter())
    codes = sum((report.codes for report in reports), Counter[int]())
    doubts = [report.evidence for report in reports]
    return "\n".join((
        f"{len(reports)} jobs, {sum(report.job.rows for report in reports):,} rows, {elapsed_s:.0f} s",
        "blows        " + ", ".join(f"{number:,} {blow.value}" for blow, number in blows.most_common()),
        "ended with   " + ", ".join(f"{number:,} {code}" for code, number in codes.most_common()),
        f"faults       {sum(report.faults.total() for report in reports):,}",
        f"in doubt     {sum(each.rows for each in doubts):,} rows",
        f"  found      {sum(each.found for each in doubts):,}",
        f"  absent     {sum(each.absent for each in doubts):,}, sent again",
        f"  unknown    {sum(each.left for each in doubts):,}",
        f"missing      {sum(len(report.account.missing) for report in reports)}",
        f"twice        {sum(len(report.account.twice) for report in reports)}",
        f"wrong SIDs   {sum(len(report.account.wrong) for report in reports)}",
        f"no evidence  {sum(len(report.evidence.breaches) for report in reports)}",
        f"trouble      {sum(len(report.trouble) for report in reports)}",
    ))  # fmt: skip
