"""When: a rate, or a list of times, so that no window of a second holds more starts than were asked for."""

import math
from collections import deque
from collections.abc import Iterable

WINDOW_S = 1.0
"""Twilio counts WebChats per second."""
GUARD = 0.0001
"""By what share a full window is kept longer than its starts take."""
MARGIN_S = 0.002
"""Seconds added to a one-second window: network jitter may bring requests closer together at the server."""
EASE = 0.0015
"""Share by which the schedule is slower than requested, so that a late start can catch up within the rate."""
COLD_S = 0.002
"""How much longer the first request is on its way than others: nothing has done its work before."""
CATCH_UP_S = 0.05
"""How far a late schedule may run behind before it is moved: more would come out as a burst."""


class Schedule:
    """When the next start is due, and how early it may leave. Pure arithmetic over monotonic seconds.

    Due times lie on a grid that lateness does not move, so the mean is the asked pace less ``EASE``. The window
    only guards: a late start holds up the one that is ``cap`` later, until ``EASE`` has made its lateness good.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._due = -math.inf
        self._starts: deque[float] = deque()
        self._not_before = -math.inf

    @property
    def cap(self) -> int:
        """Most starts in any window of one second."""
        return max(1, math.ceil(self.rate))

    @property
    def window_s(self) -> float:
        """How long so many starts take at this pace, at least the second they are counted in."""
        return max(WINDOW_S, self.cap / self.rate) * (1 + GUARD)

    def due(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002 - all starts are alike here
        """Return when the next start should leave, were it on time; ``again`` says that it repeats another."""
        behind = now - CATCH_UP_S if self._starts else now
        return max(self._due, self._not_before, behind)

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the earliest time at which the next start keeps the pace in every window."""
        return max(self.due(now, again=again), self._full_until())

    def start(self, now: float, *, again: bool = False) -> float:
        """Record a start at ``now`` and return when it was due."""
        due = self.due(now, again=again)
        self._due = due + (1 + EASE) / self.rate + (0.0 if self._starts else COLD_S)
        self._starts.append(now)
        return due

    def mark_sent(self, started: float, now: float) -> None:
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

    def _full_until(self) -> float:
        """Return when the oldest start leaves the window that the next one would overfill; past if none would."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        return self._starts[0] + self.window_s if len(self._starts) == self.cap else -math.inf


MEASURED = 1000
"""Starts without a limit that are remembered, to know what was achieved when a 429 ends the freedom."""


class Unlimited(Schedule):
    """The schedule of ``--rate 0``: always due, but pauses hold, and the latest starts are remembered."""

    def __init__(self) -> None:
        super().__init__(math.inf)
        self._starts = deque(maxlen=MEASURED)

    @property
    def cap(self) -> int:
        """As many as are remembered; no window is kept."""
        return MEASURED

    def due(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002 - all starts are alike here
        """Return ``now``, or the end of a pause."""
        return max(self._not_before, now)

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the same: no window is kept."""
        return self.due(now, again=again)

    def start(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002
        """Record a start at ``now``."""
        self._starts.append(now)
        return now

    def achieved(self, now: float) -> float:
        """Return the starts in the second before ``now``; where not all of it is remembered, their speed."""
        counted = super().achieved(now)
        return counted if counted < MEASURED else MEASURED / max(now - self._starts[0], WINDOW_S / MEASURED)


class ArrivalSchedule(Schedule):
    """Starts at given times, in seconds from the first moment it is asked. Pure, as the others.

    A start that is late stays due when it was due, and leaves as soon as it may: ``rate`` is the highest the times
    come to, and ``headroom`` more may start in one second, evenly, so that what is late is made good without a
    burst. A repeated start takes no time of the table, and is due at once. After ``lone`` starts, which are waited
    for before anything else may leave, the table goes on when it is asked again.
    """

    def __init__(self, times: Iterable[float], *, rate: float, headroom: float, lone: int = 0) -> None:
        super().__init__(rate)
        self._times = iter(times)
        self._headroom = headroom / rate
        self._lone = lone
        self._peak = rate
        self._stretch = 1.0
        self._place = -math.inf
        self._next = next(self._times, None)
        self._mark = 0.0
        self._marked_at: float | None = None

    @property
    def cap(self) -> int:
        """Most starts in any window of one second; a cut rate cuts it as well."""
        return max(1, math.ceil(self.rate * (1 + self._headroom)))

    @property
    def window_s(self) -> float:
        """A second, and what is late is made good within it."""
        return WINDOW_S + MARGIN_S

    def due(self, now: float, *, again: bool = False) -> float:
        """Return when the next start should leave; pauses make it late, and not due later."""
        if again or self._next is None:
            return now
        if self._marked_at is None:
            self._marked_at = now
        return self._marked_at + (self._next - self._mark) * self._stretch

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the earliest time at which the next start keeps the pace in every window."""
        ready_at = max(self.due(now, again=again), self._full_until(), self._not_before)
        if self._starts and (again or now - self.due(now) > CATCH_UP_S):
            return max(ready_at, self._place)
        return ready_at

    def start(self, now: float, *, again: bool = False) -> float:
        """Record a start at ``now`` and return when it was due."""
        due = self.due(now, again=again)
        self._starts.append(now)
        # Counted from places and not from starts: timers are never early, and what they are late would add up.
        self._place = max(self._place, now - CATCH_UP_S) + 1 / self.cap
        if again:
            return due
        self._next = next(self._times, None)
        self._lone -= 1
        if self._lone == 0 and self._next is not None:
            self._mark, self._marked_at = self._next, None
        return due

    def retime(self, rate: float, now: float) -> None:
        """From now on let starts come as if the highest rate of the table were this one."""
        if self._marked_at is not None:
            self._mark += (now - self._marked_at) / self._stretch
            self._marked_at = now
        self._stretch = self._peak / rate
