"""Takes a ledger's figures for a report; the ledger may be that of a run at work."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.endings import settled
from provisioner.ledger import LedgerReader, RunRecord
from provisioner.load import Measures, measure
from provisioner.models import Counts, Manifest, Result

from .timeline import Timeline, timeline

STEPS = ("create", "message")
MOST_ROWS_NAMED = 20
"""Rows that are named for each error; the results name them all."""
SLOWEST = 20


@dataclass(slots=True)
class ErrorGroup:
    """Rows of one status that share an error code; ``named`` are the first of them."""

    status: str
    code: str
    sentence: str
    rows: int = 0
    named: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobFigures:
    """What a report tells of one job. ``steps`` holds what was sent of each step, where anything was."""

    name: str
    manifest: Manifest
    counts: Counts
    runs: Sequence[RunRecord]
    steps: dict[str, tuple[Measures, Timeline]]
    errors: Sequence[ErrorGroup]
    slowest: Sequence[Result]


def gather(path: Path, reader: LedgerReader) -> JobFigures:
    """Read everything a report needs; raise ``LedgerError`` for a ledger that cannot be read."""
    steps = {}
    for step in STEPS:
        found = timeline(reader.attempts(step))
        if found is not None:
            steps[step] = measure(reader.attempts(step)), found
    return JobFigures(
        name=path.name,
        manifest=reader.manifest,
        counts=settled(reader.counts()),
        runs=reader.runs(),
        steps=steps,
        errors=group_errors(reader.results()),
        slowest=heapq.nlargest(SLOWEST, (row for row in reader.results() if row.latency_ms), key=_latency),
    )


def group_errors(results: Iterable[Result]) -> Sequence[ErrorGroup]:
    """Group the rows that have an error by status and code, the largest group first."""
    groups: dict[tuple[str, str], ErrorGroup] = {}
    for row in results:
        if row.error_code is None:
            continue
        group = groups.setdefault(
            (row.status, row.error_code), ErrorGroup(row.status, row.error_code, row.error or "")
        )
        group.rows += 1
        if len(group.named) < MOST_ROWS_NAMED:
            group.named.append(row.row)
    return sorted(groups.values(), key=lambda group: -group.rows)


def _latency(row: Result) -> float:
    return row.latency_ms or 0.0
