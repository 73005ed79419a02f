"""Rules for replacing a worker that has ended: after which pause, and when there is no use in it."""

import signal
from dataclasses import dataclass

from provisioner.errors import ExitCode
from provisioner.pacing.backoff import backoff_s

WORKED_S = 5.0
"""A worker that lived for this many seconds has started well, whatever it died of. A start takes about 1 s."""
MOST_FAILURES = 5
"""Failed starts in a row after which there is no use in starting this worker; with their pauses about 10 s."""
SHORTEST_AFTER_JOB_S = 2.0
"""Shortest pause in seconds after an exit code of the job: its end is heard of before the next start."""
LONGEST_AFTER_KILL_S = 2.0
"""Longest pause in seconds after a signal from outside: the next start would not fail for the same reason."""

_KILLS = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_STOPS = {ExitCode.SIGINT, ExitCode.SIGTERM}
_ENDS_OF_JOB = {
    ExitCode.DONE,
    ExitCode.REJECTED,
    ExitCode.UNKNOWN,
    ExitCode.GUARD,
    ExitCode.UNSENT,
    ExitCode.AS_PLANNED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExit:
    """How a worker ended.

    ``code`` is its exit code, below zero the number of a signal. ``lived_s`` is how long it lived, in seconds.
    ``message`` and ``cure`` are those of its error, empty without one. ``code`` is None when no process ended:
    ``message`` then continues a sentence about the worker, such as "is suspended".
    """

    code: int | None
    lived_s: float
    message: str = ""
    cure: str = ""

    @property
    def is_stopped_from_outside(self) -> bool:
        """Whether a signal ended it that says nothing about the worker itself."""
        return self.code is not None and (self.code in _STOPS or -self.code in _KILLS)

    def __str__(self) -> str:
        """Return how it ended, as the end of a sentence about the worker."""
        if self.code is None:
            return self.message
        how = f"ended with exit code {self.code}" if self.code >= 0 else f"was ended by {_signal_name(-self.code)}"
        return f"{how}: {self.message}" if self.message else how


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


@dataclass(slots=True)
class Replacement:
    """Decides about one of the workers that an engine keeps. ``failures`` are its failed starts in a row."""

    failures: int = 0
    _short_lives: int = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether it failed so often at its start that there is no use in another one."""
        return self.failures >= MOST_FAILURES

    def pause_s(self, ended: WorkerExit) -> float:
        """Count how the worker ended, and return the seconds to wait before the next one starts."""
        lived_short = ended.lived_s < WORKED_S
        self._short_lives = self._short_lives + 1 if lived_short else 1
        if ended.is_stopped_from_outside:
            return min(backoff_s(self._short_lives), LONGEST_AFTER_KILL_S)
        self.failures = self.failures + 1 if lived_short else 0
        shortest_s = SHORTEST_AFTER_JOB_S if ended.code in _ENDS_OF_JOB else 0.0
        return max(backoff_s(self._short_lives), shortest_s)
