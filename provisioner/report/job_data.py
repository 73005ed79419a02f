"""Figures of a ledger for a report; a run may be working on the job."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.ledger import LedgerReader, RunRecord, read_follow_up_counts
from provisioner.load import LOOKUPS, StepMetrics, collect_metrics
from provisioner.models import Counts, FollowUpCounts, Manifest, Result, Step

from .accounts import AccountData, load_accounts
from .timeline import Timeline, timeline

STEPS = (Step.CREATE, Step.MESSAGE)
MOST_ROWS_NAMED = 20
"""Most rows that are named for each error; the results file names all of them."""
SLOWEST = 20
"""Number of slowest rows in the report."""


@dataclass(slots=True)
class ErrorGroup:
    """Rows with the same status and error code; ``named`` are (row number, key) pairs of the first rows."""

    status: str
    code: str
    sentence: str
    rows: int = 0
    named: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobData:
    """Figures of one job for a report.

    ``settings`` are the settings of the job and the options of its last run. ``steps`` maps the name of a step to
    its metrics and its timeline; a step without requests is absent. ``accounts`` are those of a job for many.
    """

    name: str
    manifest: Manifest
    settings: Mapping[str, str]
    counts: Counts
    runs: Sequence[RunRecord]
    steps: dict[str, tuple[StepMetrics, Timeline]]
    errors: Sequence[ErrorGroup]
    slowest: Sequence[Result]
    follow_ups: FollowUpCounts = field(default_factory=FollowUpCounts)
    accounts: Sequence[AccountData] = ()


def load_job(name: str, reader: LedgerReader) -> JobData:
    """Return the figures of the ledger of ``reader``; raise ``LedgerError`` for a ledger that cannot be read."""
    asked = reader.asked()
    steps = {}
    for step in STEPS:
        found = collect_metrics(reader.attempts(step), reader.attempts(LOOKUPS[step]))
        if found.requests and found.first_due is not None and found.last_ended is not None:
            times = reader.attempts(step)
            steps[step.value] = found, timeline(times, start=found.first_due, end=found.last_ended)
    return JobData(
        name=name,
        manifest=reader.manifest,
        settings=reader.manifest.settings | asked,
        counts=reader.counts().final,
        follow_ups=read_follow_up_counts(reader).final,
        runs=reader.runs(),
        steps=steps,
        errors=group_errors(reader.results()),
        accounts=load_accounts(reader),
        slowest=heapq.nlargest(SLOWEST, (row for row in reader.results() if row.latency_ms), key=_latency),
    )


def group_errors(results: Iterable[Result]) -> Sequence[ErrorGroup]:
    """Return the rows with errors, grouped by status and error code, the largest group first.

    Rows that were not sent because the run ended first are not errors.
    """
    groups: dict[tuple[str, str], ErrorGroup] = {}
    for row in results:
        if row.error_code in {None, "stopped"}:
            continue
        group = groups.setdefault(
            (row.status, row.error_code), ErrorGroup(row.status, row.error_code, row.error or "")
        )
        group.rows += 1
        if len(group.named) < MOST_ROWS_NAMED:
            group.named.append((row.row, row.key or ""))
    return sorted(groups.values(), key=lambda group: -group.rows)


def _latency(row: Result) -> float:
    return row.latency_ms or 0.0
