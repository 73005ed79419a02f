"""Figures of a storm as text. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.storm.evidence import Evidence
from tests.storm.job import Report
from tests.storm.life import Life

if TYPE_CHECKING:
    from tests.storm.cluster.job import ClusterReport

MOST_FAILURES = 20
"""Maximum number of failures of one job that are printed, and of ledger lines about them."""


def line_of(report: Report) -> str:
    """Return one line about a job and one more for each of its failures."""
    job, evidence = report.job, report.evidence
    head = f"job {job.number} ({job.shape.name}): {report.kills} kills, {len(report.lives)} starts"
    tail = f"{evidence.rows} rows in doubt, {len(report.failures)} failures"
    more = (*report.failures[:MOST_FAILURES], *report.trails[:MOST_FAILURES])
    return "\n".join((f"{head}, {tail}", *(f"  {each}" for each in more)))


def figures(reports: Sequence[Report], elapsed_s: float) -> str:
    """Return the totals of all jobs as lines; ``elapsed_s`` is the storm's duration in seconds."""
    rows = sum(report.job.rows for report in reports)
    faults = sum((Counter(report.counted["faults"]) for report in reports), Counter[str]())
    orphans = sum(report.counted["conversations"]["orphans"] for report in reports)
    return "\n".join((
        f"{len(reports)} jobs, {rows:,} rows, {elapsed_s:.0f} s",
        *_about_lives([life for report in reports for life in report.lives]),
        f"faults       {faults.total():,}: {listed(faults)}",
        *about_doubts([report.evidence for report in reports]),
        f"orphans      {orphans:,}",
        *about_ends(reports),
    ))  # fmt: skip


def _about_lives(lives: Sequence[Life]) -> Iterator[str]:
    killed = [life for life in lives if life.is_kill]
    signals = Counter(life.strike.name for life in killed if life.strike)
    stages = Counter(life.struck_in.value for life in killed if life.struck_in)
    codes = Counter(f"with {life.code}" for life in lives if not life.is_kill)
    yield f"kills        {len(killed):,}: {listed(signals)}"
    yield f"  while      {listed(stages)}"
    yield f"starts       {len(lives):,}, ended by themselves: {listed(codes)}"


def about_ends(reports: "Sequence[Report | ClusterReport]") -> Iterator[str]:
    """Yield a line for each kind of failure, with the number of them in all jobs."""
    yield f"missing      {sum(len(report.account.missing) for report in reports)}"
    yield f"twice        {sum(len(report.account.twice) for report in reports)}"
    yield f"wrong SIDs   {sum(len(report.account.wrong) for report in reports)}"
    yield f"no evidence  {sum(len(report.evidence.breaches) for report in reports)}"
    yield f"trouble      {sum(len(report.trouble) for report in reports)}"


def about_doubts(doubts: Sequence[Evidence]) -> Iterator[str]:
    """Yield lines about the rows that were in doubt, in all jobs."""
    looks = sum(each.looks for each in doubts)
    yield f"in doubt     {sum(each.rows for each in doubts):,} rows, looked at {looks:,} times"
    yield f"  found      {sum(each.found for each in doubts):,}"
    yield f"  absent     {sum(each.absent for each in doubts):,}, sent again"
    yield f"  unknown    {sum(each.left for each in doubts):,}, where looking does not help"


def listed(counter: Counter[Any]) -> str:
    """Return the counts with their names, the largest first."""
    return ", ".join(f"{number:,} {name}" for name, number in counter.most_common()) or "none"
