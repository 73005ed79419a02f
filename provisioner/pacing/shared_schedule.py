"""Schedule of a worker that has only some shares of an account's rate."""

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable

from provisioner.ports.sending import LATEST_DEPARTURE_S

from .schedule import CATCH_UP_S, GUARD, WINDOW_S, Schedule

SHARED_EASE = 0.0025
"""Share by which starts are slower than the rate: more than for one process, since several delay each other."""
HANDOVER_S = 0.01
"""Seconds by which a share is ready later at another worker: its requests may have a shorter way to the server."""
MOST_SHARES = 1_000
"""Most shares of a rate; at a higher rate each is used more often than once a second."""
IDLE_WINDOWS = 2.0
"""Windows after which a share that was not used is given up."""


def shares_of(rate: float) -> int:
    """Return the number of shares of a rate per second."""
    return min(max(1, math.ceil(rate)), MOST_SHARES)


class SharedSchedule(Schedule):
    """Evenly spaced starts of a worker with some of the ``total`` shares of ``rate``. Times are monotonic seconds.

    A share is used once in ``window_s`` seconds, so all workers together start at most ``total`` requests in every
    window. The due times are evenly spaced, for the part of the rate that the shares are; a late start does not
    move them. Without shares, or when their term is over, nothing is due: ``ready_at`` returns infinity and calls
    ``on_starved``. ``boottime`` returns the time in which terms are given.
    """

    def __init__(self, rate: float, *, boottime: Callable[[], float]) -> None:
        super().__init__(rate)
        self.total = shares_of(rate)
        self.on_starved: Callable[[], None] = lambda: None
        self._boottime = boottime
        self._deadline = -math.inf
        self._uses: list[float] = []
        """When each share was used last, ascending."""
        self._leaving = set[float]()
        """The uses among them whose requests are not sent yet."""
        self._busy_since = -math.inf
        """Shares do not count as idle before this time."""
        self._has_started = False

    @property
    def held(self) -> int:
        """Number of shares."""
        return len(self._uses)

    @property
    def window_s(self) -> float:
        """Seconds from a use of a share to its next one: those of ``total`` starts at the rate."""
        shortest_s = WINDOW_S * min(1.0, MOST_SHARES / self.rate)
        return max(shortest_s, self.total / self.rate) * (1 + GUARD)

    def due(self, now: float, *, again: bool = False) -> float:  # noqa: ARG002 - all starts are alike here
        """Return the due time of the next start; ``again`` marks a repeated attempt."""
        behind = now - CATCH_UP_S if self._has_started else now
        return max(self._due, self._not_before, behind)

    def ready_at(self, now: float, *, again: bool = False) -> float:
        """Return the earliest time for the next start; infinity while there is no share for it."""
        if not self._uses or self._boottime() >= self._deadline:
            self.on_starved()
            return math.inf
        return max(self.due(now, again=again), self._uses[0] + self.window_s)

    def start(self, now: float, *, again: bool = False) -> float:
        """Record a start at ``now`` and return its due time, both monotonic seconds; ``again`` marks a retry."""
        due = self.due(now, again=again)
        self._has_started = True
        if self._uses:  # else they were lost while the request passed the gate
            self._due = due + (1 + SHARED_EASE) * self.total / (self.rate * self.held)
            self._leaving.discard(self._uses.pop(0))
            insort(self._uses, now)
            self._leaving.add(now)
        return due

    def mark_sent(self, started: float, now: float) -> None:
        """Move the last use at ``started`` to ``now``, when its request was really sent."""
        if started in self._leaving:  # else the share was lost in between
            self._leaving.remove(started)
            del self._uses[bisect_left(self._uses, started)]
            insort(self._uses, now)

    def achieved(self, now: float) -> float:
        """Return the number of starts in the second before ``now``, of all workers by those of the shares here."""
        used = sum(1 for use in self._uses if now - use < WINDOW_S)
        return used * self.total / self.held if used else 0.0

    def pause(self, until: float) -> None:
        """Let no request start before ``until``, in monotonic seconds; shares do not count as idle before."""
        super().pause(until)
        self._busy_since = max(self._busy_since, until)

    def idle(self, now: float) -> int:
        """Return the number of shares that were not used for ``IDLE_WINDOWS`` windows."""
        limit = now - IDLE_WINDOWS * self.window_s
        return sum(1 for use in self._uses if max(use, self._busy_since) < limit)

    def give_up(self, count: int, now: float, *, is_idle: bool = False) -> tuple[float, ...]:
        """Give up shares and return the seconds since the last use of each.

        They are those that were used last, which have the longest time to find another worker; with ``is_idle``,
        those that were used least recently. A share whose request is not sent yet is kept, since it is not known
        when it will have been used.
        """
        sent = [use for use in self._uses if use not in self._leaving]
        place = count if is_idle else max(len(sent) - count, 0)
        given = sent[:place] if is_idle else sent[place:]
        for use in given:
            self._uses.remove(use)
        return tuple(max(now - use, 0.0) for use in given)

    def lose(self) -> None:
        """Lose all shares, because another worker may have them."""
        self._uses.clear()
        self._leaving.clear()

    def renew(self, deadline: float) -> None:
        """Let the shares be used until ``deadline``, in seconds of ``boottime``; by then, requests have left."""
        self._deadline = deadline - LATEST_DEPARTURE_S

    def receive(self, last_uses: Iterable[float], now: float) -> None:
        """Add shares that were used last at these times, in monotonic seconds."""
        for use in last_uses:
            insort(self._uses, min(use, now) + HANDOVER_S)
            self._busy_since = max(self._busy_since, now)
