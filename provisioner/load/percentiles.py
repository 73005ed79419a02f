"""Exact percentiles of all measured values, by the nearest-rank method."""

import math
from array import array
from bisect import bisect_right
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


_SORTED_AT_ONCE = 200_000
"""Values that are sorted together. A list takes 32 bytes for each of them, an array 8."""


def sort_times(values: "array[float]") -> "array[float]":
    """Return the values in ascending order; much less memory is used than by a list of them.

    The values are divided at quantiles of a sample, and each part is sorted for itself.
    """
    if len(values) <= _SORTED_AT_ONCE:
        return array("d", sorted(values))
    parts = math.ceil(len(values) / _SORTED_AT_ONCE)
    sample = sorted(values[:: len(values) // 1_000])
    pivots = sorted({sample[len(sample) * part // parts] for part in range(1, parts)})
    found = array("d")
    for low, high in zip([-math.inf, *pivots], [*pivots, math.inf], strict=True):
        found.extend(sorted(value for value in values if low <= value < high))
    return found


def count_above(values: Sequence[float], bound: float) -> int:
    """Return how many of the values, which must be in ascending order, are greater than ``bound``."""
    return len(values) - bisect_right(values, bound)


def distribution(values: Sequence[float]) -> Distribution:
    """Return count, mean, percentiles and maximum of ``values``, which must be in ascending order."""
    if not values:
        return Distribution()
    found = {name: values[rank(len(values), share) - 1] for name, share in SHARES.items()}
    return Distribution(count=len(values), mean=math.fsum(values) / len(values), max=values[-1], **found)
