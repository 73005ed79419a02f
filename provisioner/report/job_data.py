"""Figures of a ledger for a report; a run may be working on the job."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from provisioner.ledger import LedgerReader, RunRecord, read_follow_up_counts
from provisioner.load import LOOKUPS, StepMetrics
from provisioner.models import Counts, FollowUpCounts, Manifest, Result, Step

from .accounts import AccountData, load_accounts
from .clock import LocalClock
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
    its metrics and its timeline; a step without requests is absent. ``clock`` shows the times of the job.
    ``accounts`` are those of a job for many.
    """

    name: str
    manifest: Manifest
    settings: Mapping[str, str]
    counts: Counts
    runs: Sequence[RunRecord]
    steps: dict[str, tuple[StepMetrics, Timeline]]
    errors: Sequence[ErrorGroup]
    slowest: Sequence[SlowRow]
    follow_ups: FollowUpCounts = field(default_factory=FollowUpCounts)
    accounts: Sequence[AccountData] = ()
    inputs: Sequence[InputFile] = ()
    state: JobState = field(default_factory=JobState)
    clock: LocalClock = field(default_factory=LocalClock)


def load_job(
    name: str, reader: LedgerReader, *, state: JobState | None = None, clock: LocalClock | None = None
) -> JobData:
    """Return the figures of the ledger of ``reader``; raise ``LedgerError`` for a ledger that cannot be read."""
    asked = reader.asked()
    steps, slowest = {}, _Slowest()
    for step in STEPS:
        found = _measure(reader, step, slowest if step is Step.CREATE else None)
        if found.requests and found.first_due is not None and found.last_ended is not None:
            times = reader.attempts(step)
            steps[step.value] = found, timeline(times, start=found.first_due, end=found.last_ended)
    counts = reader.counts()
    return JobData(
        name=name,
        manifest=reader.manifest,
        settings=reader.manifest.settings | asked,
        counts=counts.final,
        follow_ups=read_follow_up_counts(reader).final,
        runs=reader.runs(),
        steps=steps,
        errors=group_errors(reader.results()),
        accounts=load_accounts(reader),
        slowest=slowest.rows(reader),
        inputs=_inputs(reader, counts.input),
        state=state or JobState(),
        clock=clock or LocalClock(),
    )


def measure_creation(reader: LedgerReader) -> StepMetrics:
    """Return the measurements of all requests to create that the ledger holds."""
    return _measure(reader, Step.CREATE, None)


def _measure(reader: LedgerReader, step: Step, slowest: "_Slowest | None") -> StepMetrics:
    metrics = StepMetrics()
    for attempt in reader.attempts(step):
        before = len(metrics.ended)
        metrics.add(attempt)
        if slowest is not None and len(metrics.ended) > before:
            slowest.add(metrics.from_due[-1], metrics.from_sent[-1], attempt.row_id)
    for lookup in reader.attempts(LOOKUPS[step]):
        metrics.add_lookup(lookup)
    return metrics


class _Slowest:
    """The ``SLOWEST`` rows with the highest latency from due, by their ids in the ledger."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, float, int]] = []

    def add(self, from_due_s: float, from_sent_s: float, row_id: int) -> None:
        if len(self._heap) < SLOWEST:
            heapq.heappush(self._heap, (from_due_s, from_sent_s, row_id))
        elif self._heap[0][0] < from_due_s:
            heapq.heapreplace(self._heap, (from_due_s, from_sent_s, row_id))

    def rows(self, reader: LedgerReader) -> Sequence[SlowRow]:
        """Return the rows that are in the current input, the slowest first."""
        wanted = {row_id for _, _, row_id in self._heap}
        known = {each.id: each for each in reader.created() if each.id in wanted} if wanted else {}
        return [
            SlowRow(found.row, found.key, found.conversation_sid, from_due_s, from_sent_s)
            for from_due_s, from_sent_s, row_id in sorted(self._heap, reverse=True)
            if (found := known.get(row_id))
        ]


def _inputs(reader: LedgerReader, total: int) -> Sequence[InputFile]:
    names = [each.name for each in reader.fingerprints()]
    rows = [total] if len(names) == 1 else reader.input_rows()
    return [InputFile(*each) for each in zip(names, rows, strict=False)]  # a run may be planning another input


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
