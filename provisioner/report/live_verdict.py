"""State of a run in a line, while it goes on and when it is over; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from provisioner.errors import ExitCode
from provisioner.models import Counts
from provisioner.models.exit_meanings import exit_meaning
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.models.text import duration_text, pluralize
from provisioner.monitor.run_status import RunStatus

from .verdict import Tone


@dataclass(frozen=True, slots=True)
class LiveVerdict:
    """State of a run: its tone, a word or two, and a clause that says more, empty where there is nothing more."""

    tone: Tone
    title: str
    text: str = ""


_LEFT = {
    *(ExitCode.REJECTED, ExitCode.UNKNOWN, ExitCode.UNSENT, ExitCode.AS_PLANNED),
    *(ExitCode.SIGINT, ExitCode.SIGTERM),
}
"""Exit codes of runs whose rows are accounted for, and after which something is left to do."""
_HELD = ("paused", "waiting", "draining", "ended")
"""Beginnings of the states in which nothing new is sent."""
_TITLES = {CommandOutcome.FINISHED: "Finished", CommandOutcome.FAILED: "Failed"}


def live_verdict(status: RunStatus) -> LiveVerdict:
    """Return what the run does at present, or how it ended."""
    summary, state = status.summary, status.progress.state
    if summary is None:
        tone = Tone.WARNING if state.startswith(_HELD) else Tone.OPEN
        return LiveVerdict(tone, state[:1].upper() + state[1:])
    code = summary.exit_code
    tone = Tone.GOOD if code is ExitCode.DONE else Tone.WARNING if code in _LEFT else Tone.BAD
    failed = [each["text"] for each in summary.details.get("thresholds", ()) if each["passed"] is False]
    if failed:
        return LiveVerdict(tone, "FAILED", f"{'; '.join(failed)} (exit code {int(code)})")
    return LiveVerdict(
        tone, _TITLES.get(summary.outcome, "Stopped"), f"{_told(summary, status.counts)} (exit code {int(code)})"
    )


def _told(summary: Summary, counts: Counts) -> str:
    if summary.error is not None:
        return summary.error.message
    if summary.outcome in {CommandOutcome.STOPPED, CommandOutcome.PLANNED}:
        return f"what was in flight is finished, and {pluralize('row', counts.unsent, 'waits', 'wait')}"
    if not counts.input:
        return exit_meaning(summary.exit_code, summary.command)
    left = {name: getattr(counts, name) for name in ("rejected", "invalid", "unknown", "unsent")}
    named = ", ".join(f"{number:,} {name}" for name, number in left.items() if number)
    return f"{counts.created:,} of {counts.input:,} rows created, {named or 'which is every row'}"


def progress_line(status: RunStatus) -> str:
    """Return how far the run is, how long it has taken, and when it will end or has ended."""
    return " · ".join(_parts(status))


def _parts(status: RunStatus) -> Iterator[str]:
    progress, zone = status.progress, status.facts.zone
    if status.summary is None:
        yield f"{int(progress.share * 100)} %"
        yield f"{progress.done:,} of {progress.total:,} rows"
    if status.began is not None:
        yield f"since {_moment(status.began, zone)}"
    if status.summary is not None:
        yield f"ended {_moment(status.now, zone)}"
        yield f"took {duration_text(status.elapsed_s)}"
        return
    yield f"{duration_text(status.elapsed_s)} elapsed"
    if progress.eta_s is not None and progress.done < progress.total:
        end = _moment(status.now + progress.eta_s, zone, beside=status.now)
        yield f"about {duration_text(progress.eta_s)} left, until {end}"


def _moment(unix_s: float, zone: tzinfo | None, *, beside: float | None = None) -> str:
    """Return a moment as date and time with the offset from UTC, in ``zone`` or else the zone of this machine.

    The date is omitted where it is that of the moment ``beside``. A moment that no calendar has is ``later``.
    """
    try:
        moment, other = (datetime.fromtimestamp(each, zone).astimezone(zone) for each in (unix_s, beside or 0.0))
    except (OverflowError, ValueError, OSError):
        return "later"
    shown = moment.isoformat(sep=" ", timespec="seconds")
    return shown[11:] if beside is not None and moment.date() == other.date() else shown
