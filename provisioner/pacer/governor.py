"""How fast: what was asked for, cut by 429s, creeping back."""

import math

from provisioner.options import Rate

CUT = 0.7
"""What a 429 leaves of the pace."""
HOLD_S = 10.0
"""How long a cut pace is kept before it creeps back."""
RECOVERY_S = 60.0
"""How long creeping back to the asked pace takes."""
AUTO_GROWTH = 1.05
"""What ``--rate auto`` multiplies its pace with every ``HOLD_S`` without a 429."""
AUTO_CEILING = 1000.0


class Governor:
    """How many starts a second are right now: asked for, cut by 429s, creeping back. Pure: time is handed in."""

    def __init__(self, rate: Rate) -> None:
        self.asked = rate.per_second
        self._is_auto = rate.is_auto
        self._base = rate.per_second
        self._since = -math.inf

    def rate(self, now: float) -> float:
        """Return the starts per second at ``now`` (monotonic seconds)."""
        if self._is_auto:
            return self._probing_rate(now)
        if self._base >= self.asked:
            return self.asked
        recovered = min(max((now - self._since - HOLD_S) / RECOVERY_S, 0.0), 1.0)
        return self._base + (self.asked - self._base) * recovered

    def _probing_rate(self, now: float) -> float:
        if self._since == -math.inf:
            self._since = now
        most_steps = math.log(AUTO_CEILING / self._base, AUTO_GROWTH)
        steps = min((now - self._since) / HOLD_S, most_steps)
        return self._base * math.pow(AUTO_GROWTH, steps)

    def cut(self, now: float, *, achieved: float) -> None:
        """Give way after a 429: keep ``CUT`` of the present rate, or of ``achieved`` where there was no limit."""
        present = self.rate(now)
        if math.isinf(present):
            present = self.asked = max(achieved, 1.0)
        self._base = present * CUT
        self._since = now
