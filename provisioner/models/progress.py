"""How far a run has come, as one snapshot."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look at a run; whoever shows it asks for a new one each time.

    ``total`` counts the input rows that this run is about, ``done`` those of them that have their last word, from
    this run or an earlier one; ``left_out`` rows more wait for another run. ``rate_now`` and ``rate_asked`` are
    starts per second; ``rate_asked`` is ``math.inf`` where there is no limit. ``eta_s`` is None while nothing can
    be said. ``state`` is for people: what the run is doing, such as ``sending``, ``draining`` or ``paused 3 s
    (429)``.
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
    """Answers 429 in this run."""
    messages: int | None = None
    """First messages posted in this run; None where there are none to post."""
    rate_now: float = 0.0
    rate_asked: float = math.inf
    elapsed_s: float = 0.0
    eta_s: float | None = None
    state: str = "sending"
    noun: str = "rows"
    """What is counted."""
    outcomes: Mapping[str, int] | None = None
    """How much of it came to what, where it is not rows that become something."""

    @property
    def share(self) -> float:
        """Return the share of the rows that are done, from 0 to 1; an empty input is done."""
        return self.done / self.total if self.total else 1.0
