"""Rate that is reduced after 429 replies and then rises again to the requested rate.

A 429 may be a stray one: a gateway refused it, or the live website needed the whole limit in that second. Or it is
the first of a limit that is lower than the rate. The number of starts between two 429s tells them apart: a lower
limit refuses one request of a few, again and again; stray 429s are one or two of fifty. So a 429 after many starts
reduces the rate for less than a second, and a series of 429s after few starts reduces it deeply and for longer. A
429 to the first start after a pause tells nothing of the rate, because a second without starts came before it.

What cannot be told apart: of one in twenty requests refused at random, a third come within eight starts of the one
before, as they do at a limit that is just below the rate. So it takes three or four 429s to find a lower limit,
each with its pause. At a strict 5/s that the network jitters by ±50 ms, at most 0.91 can be used without 429s (six
evenly spaced requests have to take 1.1 s), and about 0.84 of the first 100 s are left. A token bucket refuses one
of about fifteen when the rate is above what it fills by, which looks like stray 429s of 6 %. Nothing is lost by
that: what the bucket saves in a pause is used after it.
"""

import math

import msgspec

from provisioner.options import Rate

STEP = 0.03
"""Share by which a single 429 reduces the rate, and by which the first safe rate is lower than the rate before it:
3 %, enough when the rate is just above Twilio's limit."""
NEXT_STEP = 0.06
"""Share by which the safe rate is reduced further when 429s continue."""
DEEP_STEP = 0.15
"""The same when several 429s in a row came soon after each other: the limit is far below the rate."""
SOON_CUT = 0.85
"""Factor for the rate after a 429 that came soon after another."""
LEAST_CUT = 0.5
"""Smallest factor for the rate after any 429."""
UNLIMITED_CUT = 0.7
"""Factor for the achieved rate after the first 429 of a run without a rate limit."""
CLIMB = 0.3
"""Growth of a rising rate: 30 % per second."""
AUTO_STEP = 0.2
"""Share by which a 429 reduces ``--rate auto``: 20 % of the limit found are left to the live website."""
AUTO_CLIMB = 0.02
"""Growth of ``--rate auto``: 2 % per second."""

SOON = 7.0
"""A 429 after fewer starts than this came soon after the last one."""
FEW = 13.0
"""With fewer starts than this between two 429s, on average and the last time, the limit is taken to be lower than
the rate."""
HELD = 10.5
"""Starts without a 429 after which a rate that is being tried counts as accepted."""
AT_FIRST = 40.0
"""Average number of starts between two 429s that is assumed at the beginning."""
MOST = 60.0
"""Largest number of starts between two 429s that is counted."""
SMALL_RATE = 5.0
"""Starts per second up to which these numbers apply; at a higher rate they grow with it, since limits are counted
per second."""

PATIENCE_S = (6.0, 40.0)
"""Shortest and longest time in seconds for which a safe rate is kept before a higher one is tried; the lower the
safe rate is, the shorter."""
LONGEST_PATIENCE_S = 640.0
"""The longest that this time grows to when trials end with a 429."""
AUTO_CEILING = 1000.0
"""Highest rate of ``--rate auto``, in starts per second."""
FARTHEST = 50.0
"""Upper limit of the exponent, so that ``math.exp`` cannot overflow."""


class AdaptiveState(msgspec.Struct, frozen=True, kw_only=True):
    """State of an ``AdaptiveRate`` but for the end of the last pause; another one goes on from it."""

    asked: float
    is_auto: bool
    base: float
    safe: float
    patience_s: float
    wait_s: float
    starts_between: float
    soon_in_a_row: int


class AdaptiveRate:
    """Number of starts per second that are allowed now. Pure: the time is an argument, in monotonic seconds.

    A 429 reduces the rate by one step, and by more when it came soon after another; the rate rises again within
    seconds. When 429s keep coming after few starts, there is a safe rate: the rate rises to it and no further.
    After a while a higher rate is tried; each trial that ends with a 429 lengthens the time until the next one.
    ``--rate auto`` rises slowly, and has no safe rate before the first 429. ``asked`` is the highest rate.
    """

    def __init__(self, rate: Rate) -> None:
        self.asked = AUTO_CEILING if rate.is_auto else rate.per_second
        self._is_auto = rate.is_auto
        self._climb = AUTO_CLIMB if rate.is_auto else CLIMB
        self._base = rate.per_second
        """Rate at the end of the last pause."""
        self._safe = self.asked
        self._patience_s = self._wait_s = 0.0
        """How long the safe rate is kept after a failed trial, and how long it is kept this time."""
        self._since: float | None = None
        """End of the last pause; None before the first 429."""
        self._starts_between = AT_FIRST
        self._soon_in_a_row = 0

    @property
    def state(self) -> AdaptiveState:
        """Everything but ``since``."""
        return AdaptiveState(
            asked=self.asked,
            is_auto=self._is_auto,
            base=self._base,
            safe=self._safe,
            patience_s=self._patience_s,
            wait_s=self._wait_s,
            starts_between=self._starts_between,
            soon_in_a_row=self._soon_in_a_row,
        )

    @property
    def since(self) -> float | None:
        """End of the last pause, in monotonic seconds; None before the first 429."""
        return self._since

    def resume(self, state: AdaptiveState, since: float | None) -> None:
        """Go on from the state of another one, whose last pause ended at ``since``, in monotonic seconds."""
        self.asked, self._base, self._safe, self._since = state.asked, state.base, state.safe, since
        self._is_auto, self._climb = state.is_auto, AUTO_CLIMB if state.is_auto else CLIMB
        self._patience_s, self._wait_s = state.patience_s, state.wait_s
        self._starts_between, self._soon_in_a_row = state.starts_between, state.soon_in_a_row

    def rate(self, now: float) -> float:
        """Return the starts per second at ``now``."""
        if self._since is None:
            if not self._is_auto:
                return self.asked
            self._since = now
        return self._rate(now - self._since)[0]

    def _rate(self, quiet_s: float) -> tuple[float, float]:
        """Return the rate so long after the last pause, and for how many seconds it was above the safe rate."""
        rate = self._climbed(self._base, quiet_s)
        if rate < self._safe or self._safe >= self.asked:
            return min(rate, self.asked), 0.0
        arrived_s = math.log(self._safe / self._base) / self._climb
        tried_s = max(quiet_s - max(arrived_s, self._wait_s), 0.0)
        return min(self._climbed(self._safe, tried_s), self.asked), tried_s

    def on_throttled(self, now: float, *, until: float, achieved: float, age_s: float = 0.0) -> None:
        """Reduce the rate after a 429 at ``now``; all requests are paused until ``until``.

        The refused request was sent ``age_s`` seconds before. ``achieved`` is the number of starts in the last
        second; when the rate had no limit, it becomes the highest rate.
        """
        present, tried_s, quiet_s = self.rate(now), 0.0, math.inf
        if self._since is not None:
            quiet_s = now - age_s - self._since
            present, tried_s = self._rate(quiet_s)
        self._since = until
        if math.isinf(present):
            self.asked = self._safe = max(achieved, 1.0)
            self._base = self.asked * UNLIMITED_CUT
        elif quiet_s * present >= 1:  # else it was sent before the last pause ended, or first after it
            starts_per_s = min(present, SMALL_RATE)
            self._adapt(present, quiet_s * starts_per_s, tried_s * starts_per_s, achieved)

    def _adapt(self, present: float, starts: float, tried: float, achieved: float) -> None:
        """Reduce the rate ``present`` after ``starts`` without a 429, ``tried`` of them above the safe rate."""
        self._soon_in_a_row = self._soon_in_a_row + 1 if starts < SOON else 0
        if 0 < tried <= HELD:
            self._base = self._safe
            growth = 1.0 if self._is_auto else (self._safe / self.asked) ** 2
            self._wait_s = self._patience_s = min(self._patience_s * (1 + growth), LONGEST_PATIENCE_S)
            return
        self._starts_between = (self._starts_between + min(starts, MOST)) / 2
        if tried:
            self._safe = self.asked
        self._base, self._wait_s = self._cut(present, achieved), 0.0
        if self._is_auto or (max(starts, self._starts_between) < FEW and not tried):
            self._lower_safe_rate(present)

    def _cut(self, present: float, achieved: float) -> float:
        """Return the rate at the end of the pause, from which it rises."""
        if self._soon_in_a_row > 1:  # what was accepted in the last second is what the limit allows
            return min(present * SOON_CUT, max(achieved - 1, present * LEAST_CUT))
        return present * (SOON_CUT if self._soon_in_a_row else 1 - STEP)

    def _lower_safe_rate(self, present: float) -> None:
        """Set the safe rate below ``present``, and the time for which it is kept."""
        is_further = self._safe < self.asked
        step = STEP if not is_further else DEEP_STEP if self._soon_in_a_row > 1 else NEXT_STEP
        self._safe = min(self._safe, present) * (1 - (AUTO_STEP if self._is_auto else step))
        self._base = min(self._base if self._soon_in_a_row else self._safe, self._safe)
        shortest_s, longest_s = PATIENCE_S
        gain = (self.asked - self._safe) / self.asked
        self._patience_s = longest_s if self._is_auto else min(max(shortest_s / 2 / gain, shortest_s), longest_s)
        self._wait_s = self._patience_s

    def _climbed(self, rate: float, seconds: float) -> float:
        return rate * math.exp(min(self._climb * max(seconds, 0.0), FARTHEST))
