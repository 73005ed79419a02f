"""When: a rate turned into times, so that no window of a second holds more starts than were asked for."""

import math
from collections import deque

WINDOW_S = 1.0
"""Twilio counts WebChats per second."""
MARGIN_S = 0.002
"""How much longer than a second a full window is kept, for what the way to the server may shorten."""
CATCH_UP_S = 0.05
"""How far a late schedule may run behind before it is moved: more would come out as a burst."""


class Schedule:
    """When the next start is due, and how early it may leave. Pure arithmetic over monotonic seconds."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._due = -math.inf
        self._starts: deque[float] = deque()
        self._not_before = -math.inf

    @property
    def cap(self) -> int:
        """Most starts in any window of one second."""
        return max(1, math.ceil(self.rate))

    def due(self, now: float) -> float:
        """Return when the next start should leave, were it on time."""
        behind = now - CATCH_UP_S if self._starts else now
        return max(self._due, self._not_before, behind)

    def ready_at(self, now: float) -> float:
        """Return the earliest time at which the next start keeps the pace in every window."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        full_until = self._starts[0] + WINDOW_S + MARGIN_S if len(self._starts) == self.cap else -math.inf
        return max(self.due(now), full_until)

    def start(self, now: float) -> float:
        """Record a start at ``now`` and return when it was due."""
        due = self.due(now)
        self._due = due + 1 / self.rate
        self._starts.append(now)
        return due

    def leave(self, started: float, now: float) -> None:
        """Record that the start at ``started`` left no sooner than ``now``, which is what the server sees."""
        for place in range(len(self._starts) - 1, -1, -1):
            if self._starts[place] <= started:
                self._starts[place] = now
                return

    def pause(self, until: float) -> None:
        """Let nothing start before ``until``."""
        self._not_before = max(self._not_before, until)

    def paused_for(self, now: float) -> float:
        """Return the seconds of pause that are left, 0.0 for none."""
        return max(self._not_before - now, 0.0)

    def achieved(self, now: float) -> float:
        """Return how many starts lie in the second before ``now``, at most the cap."""
        return float(sum(1 for start in self._starts if now - start < WINDOW_S))


class Unlimited(Schedule):
    """The schedule of ``--rate 0``: always due, but pauses hold, and the last second's starts are counted."""

    def __init__(self) -> None:
        super().__init__(math.inf)

    @property
    def cap(self) -> int:
        """Enough to measure what was achieved when a 429 ends the freedom."""
        return 1000

    def due(self, now: float) -> float:
        """Return ``now``, or the end of a pause."""
        return max(self._not_before, now)

    def ready_at(self, now: float) -> float:
        """Return the same: no window is kept."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        return self.due(now)

    def start(self, now: float) -> float:
        """Record a start at ``now``."""
        self._starts.append(now)
        return now
