"""Exponential backoff with jitter."""

import random
from collections.abc import Callable

SHORTEST_BACKOFF_S = 0.5


LONGEST_BACKOFF_S = 30.0


def backoff_s(attempt: int, *, jitter: Callable[[float, float], float] = random.uniform) -> float:
    """Return the seconds to wait after the ``attempt``-th failure: doubling, bounded, half of it random."""
    longest = min(SHORTEST_BACKOFF_S * 2.0 ** (attempt - 1), LONGEST_BACKOFF_S)
    return jitter(longest / 2, longest)
