"""Figures of a ledger for a report; a run may be working on the job."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from provisioner.ledger import ErroneousRow, LedgerReader, RunRecord, read_follow_up_counts
from provisioner.load import LOOKUPS, StepMetrics, collect_metrics
from provisioner.models import AttemptRecord, Counts, FollowUpCounts, Manifest, Step, Verdict

from .accounts import AccountData, load_accounts
from .clock import LocalClock
from .step_figures import StepFigures, summarize
from .timeline import RequestTimes, Timeline

STEPS = (Step.CREATE, Step.MESSAGE)
MOST_ROWS_NAMED = 20
"""Most rows that are named for each error; the results file names all of them."""
SHOWN_SHARES = (0.5, 0.95)
"""Percentiles of the latencies over time, as shares from 0 to 1."""
_BATCH = 8_192
"""Attempts that are measured together."""
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


class SlowRow(msgspec.Struct, frozen=True):
    """A created row of the current input with its latencies in seconds; see ``StepMetrics``."""

    row: int
    key: str
    conversation_sid: str
    from_due_s: float
    from_sent_s: float


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's last run is doing, and what can be done next.

    ``phase`` is ``running``, ``ended`` or ``died``, empty before the first run. ``target`` is ``Twilio``,
    ``simulator`` or ``this machine``, empty when it is not known. ``next_command`` is to be typed in ``folder``.
    """

    phase: str = ""
    target: str = ""
    next_command: str = ""
    folder: str = ""


class InputFile(msgspec.Struct, frozen=True):
    """File of the job's input, with its number of records."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class JobData:
    """Figures of one job for a report.

    ``settings`` are the settings of the job and the options of its last run. ``steps`` maps the name of a step to
    its figures and its timeline; a step without requests is absent. ``clock`` shows the times of the job.
    ``accounts`` are those of a job for many. It holds nothing of each row.
    """

    name: str
    manifest: Manifest
    settings: Mapping[str, str]
    counts: Counts
    runs: Sequence[RunRecord]
    steps: dict[str, tuple[StepFigures, Timeline]]
    errors: Sequence[ErrorGroup]
    slowest: Sequence[SlowRow]
    follow_ups: FollowUpCounts = field(default_factory=FollowUpCounts)
    accounts: Sequence[AccountData] = ()
    inputs: Sequence[InputFile] = ()
    state: JobState = field(default_factory=JobState)
    clock: LocalClock = field(default_factory=LocalClock)


def load_job(
    name: str,
    reader: LedgerReader,
    *,
    state_of: Callable[[Counts, FollowUpCounts], JobState] = lambda _counts, _follow_ups: JobState(),
    clock: LocalClock | None = None,
    is_compared: bool = False,
) -> JobData:
    """Return the figures of the ledger of ``reader``; raise ``LedgerError`` for a ledger that cannot be read.

    ``state_of`` returns the state for the counts of the rows and of what follows their creation. ``is_compared``
    says that the figures will be compared with those of another job.
    """
    asked, slowest = reader.asked(), _Slowest()
    read = {step.value: _read_step(reader, step, slowest, is_compared=is_compared) for step in STEPS}
    counts, follow_ups = reader.counts(), read_follow_up_counts(reader)
    return JobData(
        name=name,
        manifest=reader.manifest,
        settings=reader.manifest.settings | asked,
        counts=counts.final,
        follow_ups=follow_ups.final,
        runs=reader.runs(),
        steps={name: step for name, step in read.items() if step is not None},
        errors=group_errors(reader.report.erroneous_rows()),
        accounts=load_accounts(reader),
        slowest=slowest.rows(reader),
        inputs=_inputs(reader, counts.input),
        state=state_of(counts, follow_ups),
        clock=clock or LocalClock(),
    )


def measure_creation(reader: LedgerReader) -> StepMetrics:
    """Return the measurements of all requests to create that the ledger holds."""
    return collect_metrics(reader.attempts(Step.CREATE), reader.attempts(LOOKUPS[Step.CREATE]))


def _read_step(
    reader: LedgerReader, step: Step, slowest: "_Slowest", *, is_compared: bool
) -> tuple[StepFigures, Timeline] | None:
    """Return the figures of a step and its timeline, in one pass over its attempts; None without requests."""
    span = reader.report.attempt_span(step)
    if span is None:
        return None
    metrics, times = StepMetrics(), RequestTimes(start=span.first_due, end=span.last_ended)
    attempts = iter(reader.attempts(step))
    while batch := [*islice(attempts, _BATCH)]:
        before = len(metrics.ended)
        for attempt in batch:
            metrics.add(attempt)
        times.add(batch)
        if step is Step.CREATE:
            slowest.add_all(metrics, before, batch)
    if metrics.may_be_found:
        for lookup in reader.attempts(LOOKUPS[step]):
            metrics.add_lookup(lookup)
    if not metrics.requests:
        return None
    return summarize(metrics, has_spreads=is_compared), times.timeline(metrics, SHOWN_SHARES)


class _Slowest:
    """The ``SLOWEST`` rows with the highest latency from due, by their ids in the ledger."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, float, int]] = []

    def add_all(self, metrics: StepMetrics, before: int, attempts: Iterable[AttemptRecord]) -> None:
        """Consider those of ``attempts`` that succeeded; ``metrics`` has their latencies from ``before`` on."""
        from_due = metrics.from_due[before:]
        if len(self._heap) == SLOWEST and max(from_due, default=0.0) <= self._heap[0][0]:
            return
        row_ids = [each.row_id for each in attempts if each.verdict == Verdict.CREATED and each.due is not None]
        for found in zip(from_due, metrics.from_sent[before:], row_ids, strict=True):
            self._add(found)

    def _add(self, found: tuple[float, float, int]) -> None:
        if len(self._heap) < SLOWEST:
            heapq.heappush(self._heap, found)
        elif self._heap[0][0] < found[0]:
            heapq.heapreplace(self._heap, found)

    def rows(self, reader: LedgerReader) -> Sequence[SlowRow]:
        """Return the rows that are in the current input, the slowest first."""
        known = {each.id: each for each in reader.report.created_rows([row_id for _, _, row_id in self._heap])}
        return [
            SlowRow(found.row, found.key, found.conversation_sid, from_due_s, from_sent_s)
            for from_due_s, from_sent_s, row_id in sorted(self._heap, reverse=True)
            if (found := known.get(row_id))
        ]


def _inputs(reader: LedgerReader, total: int) -> Sequence[InputFile]:
    names = [each.name for each in reader.fingerprints()]
    rows = [total] if len(names) == 1 else reader.input_rows()
    return [InputFile(*each) for each in zip(names, rows, strict=False)]  # a run may be planning another input


def group_errors(rows: Iterable[ErroneousRow]) -> Sequence[ErrorGroup]:
    """Return the rows, grouped by status and error code, the largest group first."""
    groups: dict[tuple[str, str], ErrorGroup] = {}
    for row in rows:
        group = groups.setdefault(
            (row.status, row.error_code), ErrorGroup(row.status, row.error_code, row.error or "")
        )
        group.rows += 1
        if len(group.named) < MOST_ROWS_NAMED:
            group.named.append((row.row, row.key or ""))
    return sorted(groups.values(), key=lambda group: -group.rows)
