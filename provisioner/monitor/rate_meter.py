"""Measured rate of a run, and the protocol through which the pacer reports the allowed rate."""

from collections.abc import Sequence
from typing import Protocol

SPAN_S = 10
"""Number of whole seconds over which the displayed rate is averaged."""


class PacerStatus(Protocol):
    """Current rate and pause of a pacer."""

    @property
    def rate(self) -> float:
        """Allowed starts per second at this moment."""
        ...

    @property
    def paused_for(self) -> float:
        """Remaining seconds of the current pause; 0 if there is none."""
        ...

    @property
    def pause_reason(self) -> str:
        """Why no request may start at present, such as the daily window; empty if requests may start."""
        ...


class RateMeter:
    """Counts started requests in one counter per second; memory and cost do not grow with their number."""

    def __init__(self) -> None:
        self._by_second: dict[int, int] = {}
        self._first: float | None = None
        self._last = 0.0
        self.total = 0

    def count(self, now: float) -> None:
        """Count one request that started at ``now`` (monotonic seconds)."""
        if self._first is None:
            self._first = now
        self._last = now
        self.total += 1
        second = int(now)
        if second in self._by_second:
            self._by_second[second] += 1
            return
        self._by_second = {s: n for s, n in self._by_second.items() if s >= second - SPAN_S} | {second: 1}

    def speed(self, now: float) -> float:
        """Return the requests started per second over the last ``SPAN_S`` seconds; 0.0 for fewer than two.

        ``now`` is in monotonic seconds. The very first request only marks the start of the time and is not
        counted.
        """
        since = int(now) - SPAN_S
        counted = sum(n for second, n in self._by_second.items() if second >= since)
        if self._first is None or self._first >= since:
            counted -= 1
        return counted / (now - max(self._first or now, since)) if counted > 0 else 0.0

    def mean(self) -> float | None:
        """Return the requests started per second from the first to the last one; None for fewer than two."""
        return mean_rate([self])

    @property
    def span(self) -> tuple[float, float] | None:
        """The times of the first and of the last request, in monotonic seconds; None before the first one."""
        return None if self._first is None else (self._first, self._last)


def mean_rate(meters: Sequence[RateMeter]) -> float | None:
    """Return the requests started per second from the first to the last one of all; None for fewer than two."""
    spans = [each.span for each in meters if each.span is not None]
    if not spans:
        return None
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    return (sum(each.total for each in meters) - 1) / (last - first) if last > first else None
