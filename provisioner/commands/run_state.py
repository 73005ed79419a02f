"""State of a job's last run: at work, ended or dead. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from provisioner.ledger import RECENT_S, SENDING_COMMANDS, RunActivity, RunRecord
from provisioner.models import Counts
from provisioner.models.exit_meanings import exit_meaning
from provisioner.models.rates import rate_until

_PAUSE_GAPS = 3
STANDSTILL_S = 10.0
"""A run that has sent nothing for so many seconds, and so many of its usual gaps, is said to be paused."""


class RunPhase(StrEnum):
    """What a run is doing."""

    RUNNING = "running"
    """It holds the ledger."""
    ENDED = "ended"
    """It has recorded its exit code."""
    DIED = "died"
    """It was killed: nobody holds the ledger, and it has recorded no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """State of one run; times are Unix seconds.

    ``number`` counts the runs of the ledger from 1. ``last_attempt`` is when the last request of a run without an
    end was over, None before that. ``rate_now`` is in starts per second, ``left`` the number of rows that it still
    has to send, ``ends_at`` when that will be done at this rate or, in a load test, by its schedule; all three are
    None when they are not known. ``paused_s`` is for how many seconds it has sent nothing when it stands still, in
    an outage, outside its hours or by a limit; None while it sends. ``max_open`` is that of the run, 0 for none.
    """

    number: int
    command: str
    phase: RunPhase
    started: float
    elapsed_s: float
    ended: float | None = None
    exit_code: int | None = None
    meaning: str = ""
    last_attempt: float | None = None
    rate_now: float | None = None
    left: int | None = None
    left_s: float | None = None
    ends_at: float | None = None
    paused_s: float | None = None
    max_open: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the state as a dict of values that JSON can hold."""
        return {**asdict(self), "phase": self.phase.value}


def last_run_state(
    runs: Sequence[RunRecord],
    activity_of: Callable[[int], RunActivity],
    counts: Counts,
    *,
    held_since: float | None,
    now: float,
) -> RunState | None:
    """Return the state of the last run, None when there was none.

    ``activity_of`` returns what the run of a number has done (see ``LedgerReader.activity``); it takes a second
    for a million rows, and is not called for a run that has ended. ``held_since`` is when the run that holds the
    ledger took it, None when nobody holds it. A run that has just begun and still plans is not among ``runs`` yet,
    so an older one without an end is dead.
    """
    if not runs:
        return None
    number, run = len(runs), runs[-1]
    if run.ended is not None and run.exit_code is not None:
        return _ended(number, run, run.ended, run.exit_code)
    activity = activity_of(number)
    if held_since is not None and run.started >= held_since:
        return _running(number, run, activity, counts, now)
    last = activity.last_ended
    return RunState(
        number=number,
        command=run.note.command,
        phase=RunPhase.DIED,
        started=run.started,
        elapsed_s=max((last or run.started) - run.started, 0.0),
        last_attempt=last,
    )


def _ended(number: int, run: RunRecord, ended: float, exit_code: int) -> RunState:
    return RunState(
        number=number,
        command=run.note.command,
        phase=RunPhase.ENDED,
        started=run.started,
        elapsed_s=ended - run.started,
        ended=ended,
        exit_code=exit_code,
        meaning=exit_meaning(exit_code, run.note.command),
    )


def _running(number: int, run: RunRecord, activity: RunActivity, counts: Counts, now: float) -> RunState:
    command, to_send = run.note.command, run.note.to_send
    left = rate = left_s = paused_s = None
    if command in SENDING_COMMANDS:
        rate = rate_now(activity.recent, now)
        left = counts.pending if to_send is None else max(to_send - activity.rows - counts.in_flight, 0)
        paused_s = _standstill(activity.recent, now) if left else None
        left_s = left / rate if rate and paused_s is None else None
    if command == "load" and run.note.ends_at is not None:
        left_s = max(run.note.ends_at - now, 0.0)
    return RunState(
        number=number,
        command=command,
        phase=RunPhase.RUNNING,
        started=run.started,
        elapsed_s=max(now - run.started, 0.0),
        last_attempt=activity.last_ended,
        rate_now=rate,
        left=left,
        left_s=left_s,
        ends_at=None if left_s is None else now + left_s,
        paused_s=paused_s,
        max_open=run.note.max_open,
    )


def _standstill(recent: Sequence[float], now: float) -> float | None:
    """Return for how many seconds a run has sent nothing, None when that is no longer than usual or not known.

    ``recent`` are the times of the last starts, the latest first.
    """
    if not recent:
        return None
    gap = (recent[0] - recent[-1]) / max(len(recent) - 1, 1)
    silent_s = now - recent[0]
    return silent_s if silent_s > max(STANDSTILL_S, _PAUSE_GAPS * gap) else None


def rate_now(recent: Sequence[float], now: float) -> float | None:
    """Return the starts per second of the last minute, None when too little was sent to tell.

    ``recent`` are the times of the last starts, the latest first. A run that pauses slows down with time.
    """
    starts = [sent for sent in recent if sent > now - RECENT_S]
    if len(starts) < 2:  # noqa: PLR2004 - one start has no gap
        return 0.0 if len(recent) > len(starts) else None
    return rate_until(len(starts), starts[-1], starts[0], now)
