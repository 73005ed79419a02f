"""How fast: what was asked for, cut by 429s, climbing back."""

import math

from provisioner.options import Rate

STEP = 0.03
"""What a single 429 takes of the pace: at the very edge of a limit, a hair less is enough."""
AUTO_STEP = 0.2
"""What it takes of ``--rate auto``: the limit is found, and a fifth of it is the website's, as by default."""
SOON_S = 1.5
"""A 429 within this time after a pause means that the real limit is well below the rate, which is cut by 30 %
and not by one step."""
CUT = 0.7
"""What a 429 that comes so soon leaves of the pace, or one where there was no pace."""
TWICE_S = 15.0
"""A 429 within this time after the last one takes two steps."""
HOLD_S = 10.0
"""How long a cut pace is kept before it climbs."""
CLIMB = 0.02
"""What a pace that climbs gains a second, as a share of itself."""
PATIENCE_S = 40.0
"""How long the pace stays where it is known to hold before it tries more; doubled whenever that brings a 429."""
LONGEST_PATIENCE_S = 640.0
AUTO_CEILING = 1000.0
FARTHEST = 50.0
"""Upper bound of the exponent, so that exp() cannot overflow."""


class AdaptiveRate:
    """How many starts a second are right now. Pure: time is handed in, in monotonic seconds.

    A 429 cuts the pace a little, and one that comes right after the pause of another cuts it deeply. It then
    climbs to just below where the last 429 met it, waits there, and tries more: at first soon, and ever more
    seldom while every try ends with a 429. ``--rate auto`` is a pace that has no such place yet.
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
        """Return the starts per second at ``now``."""
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
        """Give way after a 429 at ``now`` that pauses everyone ``until`` then.

        Where there was no limit, ``achieved`` starts per second become the pace that was asked for.
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
