"""Rates of requests from the times at which they started. Pure."""

_PAUSE_GAPS, _PAUSE_S = 3, 2.0
"""A run slows down when it has sent nothing for so many of its usual gaps, and so many seconds."""


def rate_between(starts: int, first: float | None, last: float | None) -> float | None:
    """Return the starts per second between the first one and the last one; None where that cannot be told."""
    if first is None or last is None or last <= first:
        return None
    return (starts - 1) / (last - first)


def rate_until(starts: int, first: float, last: float, now: float) -> float | None:
    """Return the starts per second of a run at work, which slows down with time when it pauses.

    ``starts`` is the number of starts from ``first`` to ``last``, at least two. All times are in seconds. None
    when all of them were at one moment.
    """
    gaps = starts - 1
    is_paused = now - last > max(_PAUSE_S, _PAUSE_GAPS * (last - first) / gaps)
    span = (now if is_paused else last) - first
    return gaps / span if span > 0 else None
