"""How much a figure of a job varies within the job itself, so that chance is not taken for a difference; pure."""

import math
from collections.abc import Mapping, Sequence

from provisioner.load import StepMetrics, distribution

PARTS = 10
"""Parts of equal length, in time order, into which the requests of a job are divided."""
LEAST = 4
"""Fewest parts that tell of a spread, because the highest and the lowest do not count."""
FIGURES = ("p50", "p95", "p99", "max")
"""Figures of latency that are compared, by their names in ``Distribution``."""
CERTAINTY = 2.0
"""Standard errors by which shares have to differ: less is chance in one of twenty comparisons."""


def latency_spreads(metrics: StepMetrics, since: str) -> Mapping[str, float]:
    """Return half of the range that each latency figure has over the parts of a job, in seconds.

    The result is a dict by the field names of ``Distribution``; the highest and the lowest part do not count. It
    is empty for fewer than ``LEAST`` successes.
    """
    found = [distribution(sorted(part)) for part in parts_of(metrics.latencies(since))]
    return {name: _half_middle([getattr(each, name) for each in found]) for name in FIGURES} if found else {}


def rate_spread(metrics: StepMetrics) -> float | None:
    """Return half of the range that the rate of successes has over the parts of a job, in rows per second.

    The highest and the lowest part do not count. None for fewer than two successes a part.
    """

    def rate(moments: Sequence[float]) -> float:
        span = moments[-1] - moments[0]
        return (len(moments) - 1) / span if span > 0 else math.inf

    if len(metrics.ended) < 2 * PARTS:
        return None
    found = [rate(part) for part in parts_of(metrics.ended)]
    return None if math.inf in found else _half_middle(found)


def share_error(count: int, share: float) -> float:
    """Return the standard error of a share (0 to 1) that was found among ``count`` rows.

    One row more with and one without are assumed, so that a share of 0 or 1 among few rows is not certain.
    """
    likely = (share * count + 1) / (count + 2)
    return math.sqrt(likely * (1 - likely) / (count + 2))


def parts_of(values: Sequence[float]) -> Sequence[Sequence[float]]:
    """Return the values, in time order, in ``PARTS`` parts of nearly equal length, none of them empty.

    There are as many parts as values where there are fewer, and none for fewer than ``LEAST``.
    """
    count, parts = len(values), min(len(values), PARTS)
    if count < LEAST:
        return []
    return [values[count * part // parts : count * (part + 1) // parts] for part in range(parts)]


def _half_middle(found: Sequence[float]) -> float:
    """Return half of the range of the values without the highest and the lowest, as one slow part is no spread."""
    middle = sorted(found)[1:-1]
    return (middle[-1] - middle[0]) / 2
