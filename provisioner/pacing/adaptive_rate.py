"""Rate that is reduced after 429 replies and then rises again to the requested rate."""

import math

from provisioner.options import Rate

STEP = 0.03
"""Share by which a single 429 reduces the rate: 3 %, enough when the rate is just above Twilio's limit."""
AUTO_STEP = 0.2
"""Share by which a 429 reduces ``--rate auto``: 20 % of the limit found are left to the live website."""
SOON_S = 1.5
"""A 429 within this many seconds after a pause means that Twilio's limit is well below the rate. The rate is then
cut by 30 % and not by one step."""
CUT = 0.7
"""Factor for the rate after such an early 429, and after the first 429 of a run without a rate limit."""
TWICE_S = 15.0
"""A 429 within this many seconds after the last pause reduces the rate by two steps."""
HOLD_S = 10.0
"""Seconds for which a reduced rate is kept before it rises."""
CLIMB = 0.02
"""Growth of a rising rate: 2 % per second."""
PATIENCE_S = 40.0
"""Seconds for which the highest rate without a 429 is kept before a higher one is tried; doubled after each trial
that ends with a 429."""
LONGEST_PATIENCE_S = 640.0
"""Longest such time in seconds."""
AUTO_CEILING = 1000.0
"""Highest rate of ``--rate auto``, in starts per second."""
FARTHEST = 50.0
"""Upper bound of the exponent, so that exp() cannot overflow."""


class AdaptiveRate:
    """Current rate in starts per second. Pure: the time is an argument, in monotonic seconds.

    A 429 reduces the rate by one step, and by 30 % when it comes right after the pause of another 429. Then the
    rate rises to just below the rate of the last 429, and stays there. After a while a higher rate is tried; each
    trial that ends with a 429 doubles the time until the next one. ``--rate auto`` rises without such a level
    until the first 429. ``asked`` is the highest rate.
    """

    def __init__(self, rate: Rate) -> None:
        self.asked = AUTO_CEILING if rate.is_auto else rate.per_second
        self._is_auto = rate.is_auto
        self._step = AUTO_STEP if rate.is_auto else STEP
        self._base = rate.per_second
        self._safe = self.asked
        self._patience_s = PATIENCE_S
        self._since: float | None = None

    def rate(self, now: float) -> float:
        """Return the rate at ``now`` in starts per second, infinite for no limit."""
        if self._since is None:
            if not self._is_auto:
                return self.asked
            self._since = now
        quiet_s = now - self._since
        rate = _climbed(self._base, quiet_s - HOLD_S)
        if rate >= self._safe:
            arrived_s = HOLD_S + math.log(self._safe / self._base) / CLIMB
            rate = _climbed(self._safe, quiet_s - max(arrived_s, self._patience_s))
        return min(rate, self.asked)

    def on_throttled(self, now: float, *, until: float, achieved: float) -> None:
        """Reduce the rate after a 429 at ``now``; all requests are paused until ``until``.

        When the rate had no limit, ``achieved`` (the starts in the last second) becomes the highest rate.
        """
        present, quiet_s = self.rate(now), math.inf if self._since is None else now - self._since
        if math.isinf(present):
            present = self.asked = self._safe = max(achieved, 1.0)
            quiet_s = 0.0
        is_trial = self._safe < present < self._safe * (1 + 4 * self._step)
        if quiet_s < SOON_S * max(1.0, 1 / present):
            self._retreat(present * CUT, min(self._safe, present * (1 - self._step)))
        elif is_trial:
            self._base = self._safe
            self._patience_s = min(self._patience_s * 2, LONGEST_PATIENCE_S)
        else:
            steps = 2 if quiet_s < TWICE_S and not self._is_auto else 1
            self._retreat(*[present * (1 - self._step * steps)] * 2)
        self._since = until

    def _retreat(self, base: float, safe: float) -> None:
        self._base, self._safe, self._patience_s = base, safe, PATIENCE_S


def _climbed(rate: float, seconds: float) -> float:
    return rate * math.exp(min(CLIMB * max(seconds, 0.0), FARTHEST))
