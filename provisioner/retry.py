"""What follows from an answer: the row's status, or another attempt. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from provisioner.models import Answer, Status, Verdict

SHORTEST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class Settle:
    """The attempt was the row's last in this run."""

    status: Status


@dataclass(frozen=True, slots=True)
class Again:
    """The row was certainly not created and may be sent again after ``delay_s``."""

    delay_s: float


def decide(
    answer: Answer,
    *,
    attempt: int,
    max_attempts: int,
    resends_unknown: bool = False,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Settle | Again:
    """Decide what follows from the ``attempt``-th answer (counted from 1) of one row.

    Only what was certainly not processed is ever sent again, unless ``resends_unknown``. A throttled row waits at
    the pacer, which pauses everyone, so it needs no delay of its own. A fault of the run leaves the row unsent:
    it was refused for a reason that is not the row's.
    """
    match answer.verdict:
        case Verdict.CREATED:
            return Settle(Status.CREATED)
        case Verdict.REFUSED:
            return Settle(Status.UNSENT if answer.stops_run else Status.REJECTED)
        case Verdict.MAYBE:
            if resends_unknown and attempt < max_attempts:
                return Again(backoff_s(attempt, jitter=jitter))
            return Settle(Status.UNKNOWN)
        case Verdict.NOT_PROCESSED:
            if attempt >= max_attempts or answer.stops_run:
                return Settle(Status.UNSENT)
            return Again(0.0 if answer.is_throttled else backoff_s(attempt, jitter=jitter))
        case _:
            assert_never(answer.verdict)


def backoff_s(attempt: int, *, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after the ``attempt``-th failure: doubling, bounded, half of it random."""
    longest = min(SHORTEST_BACKOFF_S * 2.0 ** (attempt - 1), LONGEST_BACKOFF_S)
    return jitter(longest / 2, longest)
