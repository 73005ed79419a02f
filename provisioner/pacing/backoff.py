"""Exponential backoff with jitter."""

import random
from collections.abc import Callable

SHORTEST_BACKOFF_S = 0.5
"""Upper bound of the first delay in seconds."""
LONGEST_BACKOFF_S = 30.0
"""Upper bound of every delay in seconds."""


def backoff_s(attempt: int, *, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after the ``attempt``-th failure (counted from 1).

    The upper bound doubles from 0.5 s to at most 30 s; the delay is random between half of it and all of it.
    """
    longest = min(SHORTEST_BACKOFF_S * 2.0 ** (attempt - 1), LONGEST_BACKOFF_S)
    return jitter(longest / 2, longest)
