"""Histogram of how long requests take, in bounded memory."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from provisioner.models import AttemptResult, Step
from provisioner.models.metric_families import MetricSample

BOUNDS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, math.inf)
"""Upper bounds of the histogram in seconds."""


class RequestDurations:
    """Numbers of answered requests by step and duration, from when a request was sent to the end of its answer."""

    def __init__(self) -> None:
        self._counts: dict[Step, list[int]] = {}
        self._sums: dict[Step, float] = {}

    def record(self, step: Step, result: AttemptResult) -> None:
        """Count a request; one that was not sent or had no answer is ignored."""
        if result.sent is None or result.http_status is None:
            return
        counts = self._counts.get(step) or self._counts.setdefault(step, [0] * len(BOUNDS_S))
        duration_s = result.ended - result.sent
        counts[bisect_left(BOUNDS_S, duration_s)] += 1
        self._sums[step] = self._sums.get(step, 0.0) + duration_s

    def samples(self) -> Sequence[MetricSample]:
        """Return the samples of a histogram with the label ``step``; none before the first answer."""
        return [sample for step in self._counts for sample in self._of_step(step)]

    def _of_step(self, step: Step) -> Iterator[MetricSample]:
        labels, total = {"step": step.value}, 0
        for bound, count in zip(BOUNDS_S, self._counts[step], strict=True):
            total += count
            yield MetricSample(total, {**labels, "le": "+Inf" if bound == math.inf else f"{bound:g}"}, "_bucket")
        yield MetricSample(self._sums[step], labels, "_sum")
        yield MetricSample(total, labels, "_count")
