"""Progress of a run as one snapshot."""

import math
from collections.abc import Mapping, Sequence

import msgspec

SENDING, LOOKING_UP, DRAINING, DONE = "sending", "looking up unknown rows", "draining", "done"
"""States of a run for display. Look-ups begin when all rows were sent; a run that drains is stopping."""


def draining_state(left_s: float) -> str:
    """Return the state of a run that drains for at most ``left_s`` seconds, such as ``draining, 27 s left``.

    ``math.inf`` is no limit.
    """
    return f"{DRAINING}, {math.ceil(max(left_s, 0))} s left" if math.isfinite(left_s) else DRAINING


class WorkerProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one worker of a shared run.

    ``number`` is its number in the job; ``host`` and ``pid`` are its machine and process. ``done`` is the number
    of rows that got an outcome from it. ``rate_now`` is in starts per second, ``lease_left_s`` in seconds.
    """

    number: int
    host: str
    pid: int
    done: int = 0
    in_flight: int = 0
    rate_now: float = 0.0
    lease_left_s: float = 0.0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot of a run's progress; it does not change afterwards.

    ``total`` is the number of input rows of this run, ``done`` the number of them that have an outcome, from this
    run or an earlier one; ``left_out`` more rows are left for another run. ``rate_now`` and ``rate_asked`` are
    starts per second; ``rate_asked`` is ``math.inf`` without a limit. ``elapsed_s`` and ``eta_s`` are seconds;
    ``eta_s`` is None while it cannot be estimated. ``state`` is text for people, such as ``sending``,
    ``draining, 27 s left`` or ``paused 3 s (429)``.
    """

    total: int
    left_out: int = 0
    done: int = 0
    created: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    invalid: int = 0
    in_flight: int = 0
    throttled: int = 0
    """Number of 429 answers in this run."""
    messages: int | None = None
    """Number of first messages posted in this run; None if there are none to post."""
    open: int | None = None
    """Number of conversations that are believed open; None without ``--max-open``."""
    rate_now: float = 0.0
    rate_asked: float = math.inf
    elapsed_s: float = 0.0
    eta_s: float | None = None
    state: str = SENDING
    noun: str = "rows"
    """Plural noun of what is counted, for display."""
    outcomes: Mapping[str, int] | None = None
    """Counts by outcome word when something other than rows is counted, such as conversations; else None."""
    workers: Sequence[WorkerProgress] = ()
    """Workers that are to be shown with a line of their own."""
    is_of_one_worker: bool = False
    """Whether only one of several workers is counted: ``total`` and ``eta_s`` then say nothing about the run."""

    @property
    def share(self) -> float:
        """Share of the rows that are done, from 0 to 1; 1 for an empty input."""
        return self.done / self.total if self.total else 1.0
