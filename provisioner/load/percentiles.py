"""Exact percentiles of all measured values, by the nearest-rank method."""

import math
from collections.abc import Sequence

import msgspec

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
"""Percentiles of a ``Distribution`` by name, as shares from 0 to 1."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Distribution of the latencies of one step, in seconds; all but ``count`` are None without measurements."""

    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


def rank(count: int, share: float) -> int:
    """Return the rank, from 1, of the percentile ``share`` (0 to 1) among ``count`` values in ascending order."""
    return max(1, math.ceil(share * count - 1e-9))


def distribution(values: Sequence[float]) -> Distribution:
    """Return count, mean, percentiles and maximum of ``values``, which must be in ascending order."""
    if not values:
        return Distribution()
    found = {name: values[rank(len(values), share) - 1] for name, share in SHARES.items()}
    return Distribution(count=len(values), mean=math.fsum(values) / len(values), max=values[-1], **found)
