"""Takes a ledger's figures for a report; the ledger may be that of a run at work."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.ledger import LedgerReader, RunRecord
from provisioner.load import StepMetrics, collect_metrics
from provisioner.models import Counts, Manifest, Result

from .timeline import Timeline, timeline

STEPS = ("create", "message")
MOST_ROWS_NAMED = 20
"""Rows that are named for each error; the results name them all."""
SLOWEST = 20


@dataclass(slots=True)
class ErrorGroup:
    """Rows of one status that share an error code; ``named`` are the numbers and keys of the first of them."""

    status: str
    code: str
    sentence: str
    rows: int = 0
    named: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobData:
    """What a report tells of one job.

    ``settings`` are what it belongs to and what its last run was asked for. ``steps`` holds what was sent of each
    step, where anything was.
    """

    name: str
    manifest: Manifest
    settings: Mapping[str, str]
    counts: Counts
    runs: Sequence[RunRecord]
    steps: dict[str, tuple[StepMetrics, Timeline]]
    errors: Sequence[ErrorGroup]
    slowest: Sequence[Result]


def load_job(name: str, reader: LedgerReader) -> JobData:
    """Read everything a report needs; raise ``LedgerError`` for a ledger that cannot be read."""
    asked = reader.asked()
    steps = {}
    for step in STEPS:
        found = collect_metrics(reader.attempts(step))
        if found.requests and found.first_due is not None and found.last_ended is not None:
            times = reader.attempts(step)
            steps[step] = found, timeline(times, start=found.first_due, end=found.last_ended)
    return JobData(
        name=name,
        manifest=reader.manifest,
        settings=reader.manifest.settings | asked,
        counts=reader.counts().final,
        runs=reader.runs(),
        steps=steps,
        errors=group_errors(reader.results()),
        slowest=heapq.nlargest(SLOWEST, (row for row in reader.results() if row.latency_ms), key=_latency),
    )


def group_errors(results: Iterable[Result]) -> Sequence[ErrorGroup]:
    """Group the rows that have an error by status and code, the largest group first.

    That a run ended before a row's turn is no error of the row's.
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
