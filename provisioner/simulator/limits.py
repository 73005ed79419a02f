"""Rate limit and rate counter of a server; the time is an argument."""

from collections import deque


class SlidingWindowLimiter:
    """Limit of ``per_second`` requests in any window of one second; 0 is no limit.

    A fraction uses a longer window: 0.5 is one request in two seconds. Refused requests do not count.
    """

    def __init__(self, per_second: float) -> None:
        self._most = max(1, int(per_second))
        self._window_s = self._most / per_second if per_second else 0.0
        self._admitted: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Return whether a request at ``now``, in seconds, is within the limit, and count it if so."""
        if not self._window_s:
            return True
        while self._admitted and self._admitted[0] <= now - self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._most:
            return False
        self._admitted.append(now)
        return True


class PeakPerSecond:
    """Highest number of events in any window of one second, as ``most``."""

    def __init__(self) -> None:
        self.most = 0
        self._recent: deque[float] = deque()

    def add(self, now: float) -> None:
        """Count an event at ``now``, in seconds; call it in the order of time."""
        self._recent.append(now)
        while self._recent[0] <= now - 1.0:
            self._recent.popleft()
        self.most = max(self.most, len(self._recent))
