"""How fast a run is, and how fast it may be."""

from typing import Protocol

SPAN_S = 10
"""The speed shown is the mean of so many whole seconds."""


class PacerStatus(Protocol):
    """What the pacer tells of itself."""

    @property
    def rate(self) -> float:
        """Starts per second that are allowed right now."""
        ...

    @property
    def paused_for(self) -> float:
        """Seconds of pause that are left."""
        ...

    @property
    def pause_reason(self) -> str:
        """Why nothing may start at all, empty while something may."""
        ...


class RateMeter:
    """Counts requests started in whole seconds; memory and cost do not depend on how many there are."""

    def __init__(self) -> None:
        self._by_second: dict[int, int] = {}
        self._first: float | None = None
        self._last = 0.0
        self.total = 0

    def count(self, now: float) -> None:
        """Count one request started at ``now`` (monotonic seconds)."""
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
        """Return the requests started per second of late, 0.0 before there were two.

        The first one of all starts the clock, so it is not counted itself.
        """
        since = int(now) - SPAN_S
        counted = sum(n for second, n in self._by_second.items() if second >= since)
        if self._first is None or self._first >= since:
            counted -= 1
        return counted / (now - max(self._first or now, since)) if counted > 0 else 0.0

    def mean(self) -> float | None:
        """Return the requests started per second from the first to the last; None before there were two."""
        return (self.total - 1) / (self._last - self._first) if self._first and self._last > self._first else None
