"""Rate and pause of several pacers that work at the same time, for display."""

from collections.abc import Sequence

from .rate_meter import PacerStatus


class JointPace:
    """``PacerStatus`` of several pacers; ``pacers`` may grow later."""

    def __init__(self, pacers: Sequence[PacerStatus]) -> None:
        self._pacers = pacers

    @property
    def rate(self) -> float:
        """Allowed starts per second of all of them."""
        return sum(each.rate for each in self._pacers)

    @property
    def paused_for(self) -> float:
        """Remaining seconds until the first of them goes on; 0 while one is not paused."""
        return min((each.paused_for for each in self._pacers), default=0.0)

    @property
    def pause_reason(self) -> str:
        """Why none of them may start a request; empty while one may."""
        reasons = [each.pause_reason for each in self._pacers]
        return reasons[0] if reasons and all(reasons) else ""
