"""Verdict on a job: what its last run came to, in one line; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from provisioner.ledger import SENDING_COMMANDS, RunRecord
from provisioner.load import describe_result
from provisioner.models import Counts
from provisioner.models.exit_meanings import exit_meaning

from .clock import LocalClock

JUDGED_COMMANDS = SENDING_COMMANDS | {"reconcile"}
"""Commands whose runs say how a job stands; closing its conversations does not."""


class Tone(StrEnum):
    """How good an end is; also the CSS class of the verdict."""

    GOOD = "good"
    """All is done, or as it was planned."""
    WARNING = "warning"
    """Something is left for a person, or for the same command."""
    BAD = "bad"
    """It failed."""
    OPEN = "open"
    """It has not come to an end."""


SIGNS = {Tone.GOOD: "✓", Tone.WARNING: "!", Tone.BAD: "✗", Tone.OPEN: "…"}


@dataclass(frozen=True, slots=True)
class JobVerdict:
    """A word or two, and a clause that says more."""

    tone: Tone
    title: str
    text: str


_TONES = {0: Tone.GOOD, 8: Tone.GOOD, 1: Tone.BAD, 2: Tone.BAD, 3: Tone.BAD, 99: Tone.BAD}
_FINISHED = frozenset({0, 4, 5, 7})
_STOPPED = frozenset({6, 8, 130, 143})
_ENDS_OF_TEST = frozenset({0, 4, 5})
"""Exit codes of a load test whose schedule is over: the rows that are unsent were not due."""


def judge_job(runs: Sequence[RunRecord], counts: Counts, phase: str, clock: LocalClock) -> JobVerdict:
    """Return the verdict on a job, by its last run that sent rows or looked them up.

    ``phase`` is what that run is doing; see ``JobState``.
    """
    run = last_judged_run(runs)
    if phase == "running":
        return JobVerdict(Tone.OPEN, "Running", _progress(counts))
    if run is None:
        return JobVerdict(Tone.OPEN, "Not started", "nothing was sent yet")
    if run.exit_code is None or run.ended is None:
        return JobVerdict(Tone.BAD, "Died", f"it was killed, and recorded no end: {_progress(counts)}")
    return _judge_end(run, run.exit_code, counts, clock)


def _judge_end(run: RunRecord, exit_code: int, counts: Counts, clock: LocalClock) -> JobVerdict:
    if failed := failed_conditions(run):
        return JobVerdict(Tone.BAD, "FAILED", "; ".join(failed))
    tone, meaning = _TONES.get(exit_code, Tone.WARNING), exit_meaning(exit_code, run.note.command)
    if exit_code in _FINISHED:
        return JobVerdict(tone, "Finished", _finished(counts, run) or meaning.removeprefix("finished, "))
    if exit_code in _STOPPED:
        ended = clock.moment(run.ended or run.started)
        return JobVerdict(tone, f"Stopped at {ended}", f"{meaning}: {_progress(counts)}")
    return JobVerdict(tone, "Failed", meaning)


def last_judged_run(runs: Sequence[RunRecord]) -> RunRecord | None:
    """Return the last run that sent rows or looked them up, None when there is none."""
    return next((run for run in reversed(runs) if run.note.command in JUDGED_COMMANDS), None)


def failed_conditions(run: RunRecord) -> list[str]:
    """Return the conditions of a load test by which it failed, with figures and bounds."""
    return [describe_result(each.condition, each.value) for each in run.note.thresholds if each.has_failed]


def _finished(counts: Counts, run: RunRecord) -> str:
    """Return what is left after an end, by kind; of a load test, rows that were not due are none of it."""
    is_tested = run.note.command == "load" and run.exit_code in _ENDS_OF_TEST
    left = {
        "rejected": counts.rejected,
        "invalid": counts.invalid,
        "unknown": counts.unknown,
        "not due" if is_tested else "unsent": counts.unsent,
    }
    named = [f"{number:,} {name}" for name, number in left.items() if number]
    if not named:
        return f"every row is created, {counts.created:,} of {counts.input:,}" if counts.input else ""
    return f"{counts.created:,} of {counts.input:,} rows created, {', '.join(named)}"


def _progress(counts: Counts) -> str:
    """Return how many rows have an outcome; invalid rows are never sent, and not waited for."""
    sendable = counts.input - counts.invalid
    share = counts.with_outcome / sendable if sendable else 0.0
    return f"{counts.with_outcome:,} of {sendable:,} rows have an outcome ({share * 100:.1f} %)"
