"""Schedules: start times of requests for a rate or a list of times, with a limit in every one-second window."""

import math
from collections import deque
from collections.abc import Iterable

WINDOW_S = 1.0
"""Length in seconds of the window in which starts are limited. Twilio: WebChats are limited per second."""
GUARD = 0.0001
"""Share by which a full window is longer than its starts need at the rate."""
MARGIN_S = 0.002
"""Seconds added to a one-second window: network jitter may bring requests closer together at the server."""
EASE = 0.0015
"""Share by which the schedule is slower than requested, so that a late start can catch up within the rate."""
COLD_S = 0.002
"""Extra seconds after the first start: the first request takes longer to be sent, as nothing is cached yet."""
CATCH_UP_S = 0.05
"""Most seconds of lateness that the schedule makes up for; making up for more would cause a burst."""


class Schedule:
    """Evenly spaced starts at ``rate`` per second. Pure arithmetic with monotonic seconds.

    The due times are evenly spaced and do not move when a start is late, so the mean rate is ``rate`` less
    ``EASE``. In addition, every window of ``window_s`` seconds has at most ``cap`` starts: a late start delays the
    start that is ``cap`` places after it, until ``EASE`` has made up for the lateness.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._due = -math.inf
        self._starts: deque[float] = deque()
        self._not_before = -math.inf

    @property
    def cap(self) -> int:
        """Most starts in any window of ``window_s`` seconds."""
        return max(1, math.ceil(self.rate))

    @property
    def window_s(self) -> float:
        """Length of the window in seconds: the time that ``cap`` starts take at the rate, at least one second."""
        return max(WINDOW_S, self.cap / self.rate) * (1 + GUARD)

    def due(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002 - all starts are alike here
        """Return the due time of the next start; ``again`` marks a repeated attempt."""
        behind = now - CATCH_UP_S if self._starts else now
        return max(self._due, self._not_before, behind)

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the earliest time for the next start at which no window has more than ``cap`` starts."""
        return max(self.due(now, again=again), self._full_until())

    def start(self, now: float, *, again: bool = False) -> float:
        """Record a start at ``now`` and return its due time, both monotonic seconds; ``again`` marks a retry."""
        due = self.due(now, again=again)
        self._due = due + (1 + EASE) / self.rate + (0.0 if self._starts else COLD_S)
        self._starts.append(now)
        return due

    def mark_sent(self, started: float, now: float) -> None:
        """Move the recorded start at ``started`` to ``now``, when its request was really sent."""
        for place in range(len(self._starts) - 1, -1, -1):
            if self._starts[place] <= started:
                self._starts[place] = now
                return

    def pause(self, until: float) -> None:
        """Let no request start before ``until``, in monotonic seconds."""
        self._not_before = max(self._not_before, until)

    def paused_for(self, now: float) -> float:
        """Return the remaining seconds of the pause, 0.0 without a pause."""
        return max(self._not_before - now, 0.0)

    def achieved(self, now: float) -> float:
        """Return the number of starts in the second before ``now``, at most ``cap``."""
        return float(sum(1 for start in self._starts if now - start < WINDOW_S))

    def _full_until(self) -> float:
        """Return the time at which the window has room for the next start; minus infinity when it has room now."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        return self._starts[0] + self.window_s if len(self._starts) == self.cap else -math.inf


MEASURED = 1000
"""Number of starts that ``Unlimited`` remembers, to compute the achieved rate when the first 429 comes."""


class Unlimited(Schedule):
    """Schedule of ``--rate 0``: a start is always due, except during a pause."""

    def __init__(self) -> None:
        super().__init__(math.inf)
        self._starts = deque(maxlen=MEASURED)

    @property
    def cap(self) -> int:
        """The number of starts that are remembered; this schedule does not limit windows."""
        return MEASURED

    def due(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002 - all starts are alike here
        """Return ``now``, or the end of the pause."""
        return max(self._not_before, now)

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the due time, because this schedule does not limit windows."""
        return self.due(now, again=again)

    def start(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002
        """Record a start at ``now`` and return ``now``."""
        self._starts.append(now)
        return now

    def achieved(self, now: float) -> float:
        """Return the starts in the second before ``now``; from 1,000 on, their rate over the time they took."""
        counted = super().achieved(now)
        return counted if counted < MEASURED else MEASURED / max(now - self._starts[0], WINDOW_S / MEASURED)


class ArrivalSchedule(Schedule):
    """Starts at given times, in seconds after the first call of ``due``. Pure, with monotonic seconds.

    A late start keeps its due time and starts as soon as possible. ``rate`` is the highest rate of ``times`` per
    second; ``headroom`` more per second are allowed, evenly spaced, so that late starts catch up without a burst.
    A repeated attempt uses none of the times and is due at once. The first ``lone`` starts are the canary: the
    clock stops after them, and continues at the next call of ``due``.
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
        """Most starts in any window of ``window_s`` seconds; proportional to the current rate."""
        return max(1, math.ceil(self.rate * (1 + self._headroom)))

    @property
    def window_s(self) -> float:
        """Length of the window in seconds: one second and a margin for network jitter."""
        return WINDOW_S + MARGIN_S

    def due(self, now: float, *, again: bool = False) -> float:
        """Return the due time of the next start; a pause makes the start late and does not change its due time."""
        if again or self._next is None:
            return now
        if self._marked_at is None:
            self._marked_at = now
        return self._marked_at + (self._next - self._mark) * self._stretch

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the earliest time for the next start at which no window has more than ``cap`` starts."""
        ready_at = max(self.due(now, again=again), self._full_until(), self._not_before)
        if self._starts and (again or now - self.due(now) > CATCH_UP_S):
            return max(ready_at, self._place)
        return ready_at

    def start(self, now: float, *, again: bool = False) -> float:
        """Record a start at ``now`` and return its due time, both monotonic seconds; ``again`` marks a retry."""
        due = self.due(now, again=again)
        self._starts.append(now)
        # Computed from the last place and not from ``now``: timers are always late, and the lateness would add up.
        self._place = max(self._place, now - CATCH_UP_S) + 1 / self.cap
        if again:
            return due
        self._next = next(self._times, None)
        self._lone -= 1
        if self._lone == 0 and self._next is not None:
            self._mark, self._marked_at = self._next, None
        return due

    def retime(self, rate: float, now: float) -> None:
        """Stretch the remaining times so that their highest rate becomes ``rate`` per second."""
        if self._marked_at is not None:
            self._mark += (now - self._marked_at) / self._stretch
            self._marked_at = now
        self._stretch = self._peak / rate
