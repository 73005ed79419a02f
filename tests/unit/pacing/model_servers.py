"""Servers that turn requests away, as arithmetic, and a sender that keeps the pace of an ``AdaptiveRate``."""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.options import Rate
from provisioner.pacing.adaptive_rate import AdaptiveRate
from provisioner.pacing.schedule import Schedule


class Server(Protocol):
    """Judges requests in the order in which they arrive."""

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        ...


class SlidingWindow:
    """Lets ``limit(now)`` requests through in any second, a fraction in any two, and turns the rest away."""

    def __init__(self, limit: Callable[[float], float]) -> None:
        self._limit = limit
        self._admitted: deque[float] = deque(maxlen=100)

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        limit = self._limit(now)
        window_s = 1.0 if float(limit).is_integer() else 2.0
        is_admitted = sum(now - each < window_s for each in self._admitted) < limit * window_s
        if is_admitted:
            self._admitted.append(now)
        return is_admitted


class FixedWindow:
    """Lets ``limit`` requests through in each second of its clock."""

    def __init__(self, limit: int) -> None:
        self._limit, self._second, self._count = limit, -1, 0

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        if (second := math.floor(now + 0.37)) != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= self._limit


class TokenBucket:
    """Fills with ``per_second`` tokens, up to ``size``, and takes one for each request."""

    def __init__(self, per_second: float, size: float) -> None:
        self._per_second, self._size = per_second, size
        self._tokens, self._at = size, 0.0

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        self._tokens = min(self._size, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Stray:
    """Turns requests away at random, a share of them or those of certain numbers, and hands on the rest."""

    def __init__(
        self, share: float = 0.0, *, seed: int = 0, numbers: tuple[int, ...] = (), behind: Server
    ) -> None:
        self._share, self._random = share, random.Random(seed)
        self._numbers, self._behind, self._count = numbers, behind, 0

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        self._count += 1
        is_stray = self._random.random() < self._share or self._count in self._numbers
        return not is_stray and self._behind.admits(now)


class Shared:
    """A server that others call as well, ``others`` times a second on average; ``crowded_out`` of those failed."""

    def __init__(self, behind: Server, *, others: float, seed: int = 0) -> None:
        self._behind, self._others, self._random = behind, others, random.Random(seed)
        self._next = self._random.expovariate(others)
        self.crowded_out = self.others = 0

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now, after those of others that came before it."""
        while self._next <= now:
            self.others += 1
            self.crowded_out += not self._behind.admits(self._next)
            self._next += self._random.expovariate(self._others)
        return self._behind.admits(now)


ANYTHING = TokenBucket(math.inf, math.inf)
"""A server without a limit."""


@dataclass
class Sent:
    """What came of sending: when requests started, and when they were turned away, in seconds."""

    starts: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    pauses: list[tuple[float, float]] = field(default_factory=list)

    @property
    def admitted(self) -> int:
        """How many were let through."""
        return len(self.starts) - len(self.refused)

    @property
    def seconds(self) -> float:
        """From the first start to the last."""
        return self.starts[-1] - self.starts[0]

    def most_in_a_second(self) -> int:
        """Return the most starts that any window of one second holds."""
        starts = self.starts
        return max(sum(each - start < 1 for each in starts[at : at + 20]) for at, start in enumerate(starts))


def send(
    server: Server,
    rate: float,
    *,
    rows: int = 0,
    seconds: float = math.inf,
    way_s: float = 0.0,
    answer_s: float = 0.02,
    seed: int = 1,
) -> Sent:
    """Send at a pace until so many rows are through, or for so long, as the pacer does it, in arithmetic.

    A request is up to ``way_s`` on its way, at random, and answered ``answer_s`` after it has arrived. A pause is
    what the pacer makes of 429s without ``Retry-After``.
    """
    rng, now, strikes, sent = random.Random(seed), 1.0, 0, Sent()
    adaptive_rate = AdaptiveRate(Rate(per_second=rate))
    schedule = Schedule(rate)
    answers: list[tuple[float, float, bool]] = []
    while now < seconds and (not rows or sent.admitted < rows):
        schedule.rate = adaptive_rate.rate(now)
        ready_at = max(schedule.ready_at(now), now)
        if answers and answers[0][0] <= ready_at:
            now, started, is_admitted = heapq.heappop(answers)
            if is_admitted:
                strikes = 0
                continue
            is_first = not schedule.paused_for(now)
            strikes += is_first
            pause_s = max(2.0 ** (strikes - 1), 1.0) * rng.uniform(1.0, 1.25)
            if is_first:
                achieved = schedule.achieved(now)
                adaptive_rate.on_throttled(now, until=now + pause_s, achieved=achieved, age_s=now - started)
                sent.pauses.append((now, pause_s))
            schedule.pause(now + pause_s)
            continue
        if ready_at > now:  # the pace may have climbed by then
            now = min(ready_at, now + 0.05)
            continue
        schedule.start(now)
        sent.starts.append(now)
        arrived = now + rng.random() * way_s
        if not (is_admitted := server.admits(arrived)):
            sent.refused.append(arrived)
        heapq.heappush(answers, (arrived + answer_s, now, is_admitted))
    return sent
