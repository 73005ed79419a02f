"""Evaluation of a threshold while a load test runs; the cost depends only on the new measurements. Pure."""

import math
from collections.abc import Mapping

from .step_metrics import StepMetrics
from .thresholds import Threshold, ThresholdResult, evaluate_thresholds


class AbortCondition:
    """Incremental evaluation of one threshold: each latency is read once, and nothing is sorted.

    A percentile is beyond its bound when enough latencies are beyond it, so it is sufficient to count those. The
    value of the percentile is computed by ``evaluate_thresholds`` at the end.
    """

    def __init__(self, threshold: Threshold) -> None:
        self.threshold = threshold
        self.result: ThresholdResult | None = None
        """The threshold with its figure at the moment when the condition ended the test; None until then."""
        self._seen = self._beyond = 0
        self._sum = 0.0

    def is_met(self, metrics: Mapping[str, StepMetrics]) -> bool:
        """Return whether the threshold is met by the measurements so far; ``metrics`` are those of each step.

        Must be called with the same ``metrics`` each time, since only the latencies added since are read.
        """
        match self.threshold.figure:
            case "rate(error)":
                return self.threshold.is_met(metrics["create"].error_share_so_far)
            case "rate(429)":
                return self.threshold.is_met(metrics["create"].throttled_share)
            case _:
                self._look(metrics[self.threshold.step])
                return self._seen > 0 and self._is_beyond()

    def trip(self, metrics: Mapping[str, StepMetrics]) -> ThresholdResult:
        """Record that the condition ends the test, and return the threshold with its figure at this moment."""
        (self.result,) = evaluate_thresholds([self.threshold], metrics, is_over=False)
        return self.result

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
