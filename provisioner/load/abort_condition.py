"""Notices while a test goes on that a condition comes true, in time that does not grow with the test. Pure."""

import math
from collections.abc import Mapping

from .step_metrics import StepMetrics
from .thresholds import Threshold


class AbortCondition:
    """Follows one condition; each latency is looked at once, and none is sorted.

    A percentile is beyond a bound when enough of all latencies are, so they need only be counted. The figure
    itself is for ``evaluate_thresholds`` to tell.
    """

    def __init__(self, threshold: Threshold) -> None:
        self.threshold = threshold
        self._seen = self._beyond = 0
        self._sum = 0.0

    def is_met(self, metrics: Mapping[str, StepMetrics]) -> bool:
        """Say whether the condition is true of what was measured so far."""
        match self.threshold.figure:
            case "rate(error)":
                return self.threshold.is_met(metrics["create"].error_share_so_far)
            case "rate(429)":
                return self.threshold.is_met(metrics["create"].throttled_share)
            case _:
                self._look(metrics[self.threshold.step])
                return self._seen > 0 and self._is_beyond()

    def _look(self, step: StepMetrics) -> None:
        new = step.latencies(self.threshold.since)[self._seen :]
        self._seen += len(new)
        self._beyond += sum(map(self.threshold.is_met, new))
        self._sum += math.fsum(new)

    def _is_beyond(self) -> bool:
        place = self.threshold.rank(self._seen)
        if not place:
            return self.threshold.is_met(self._sum / self._seen)
        if self.threshold.sign.startswith(">"):
            return place > self._seen - self._beyond
        return place <= self._beyond
