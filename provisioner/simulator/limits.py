"""Limits as a server counts them; the clock is handed in."""

from collections import deque


class SlidingWindowLimiter:
    """Lets ``per_second`` requests through in any one-second window, and turns the rest away; 0 is no limit.

    A fraction is kept exactly by a window of another length: 0.5 is one request in two seconds. What is
    turned away does not count.
    """

    def __init__(self, per_second: float) -> None:
        self._most = max(1, int(per_second))
        self._window_s = self._most / per_second if per_second else 0.0
        self._admitted: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count a request at this moment, or turn it away."""
        if not self._window_s:
            return True
        while self._admitted and self._admitted[0] <= now - self._window_s:
            self._admitted.popleft()
        if len(self._admitted) >= self._most:
            return False
        self._admitted.append(now)
        return True


class PeakPerSecond:
    """The most events that any window of one second has held."""

    def __init__(self) -> None:
        self.most = 0
        self._recent: deque[float] = deque()

    def add(self, now: float) -> None:
        """Count an event; moments come in order."""
        self._recent.append(now)
        while self._recent[0] <= now - 1.0:
            self._recent.popleft()
        self.most = max(self.most, len(self._recent))
