"""Percentiles of what was measured: exact, of all values, by the nearest rank."""

import math
from collections.abc import Sequence

import msgspec

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
"""The percentiles that a summary gives."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Latencies of one step, in seconds; None where there was nothing to measure."""

    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = None
    max: float | None = None


def rank(count: int, share: float) -> int:
    """Return which of ``count`` sorted values, from 1, is the percentile of this share (nearest rank)."""
    return max(1, math.ceil(share * count - 1e-9))


def distribution(values: Sequence[float]) -> Distribution:
    """Describe sorted values."""
    if not values:
        return Distribution()
    found = {name: values[rank(len(values), share) - 1] for name, share in SHARES.items()}
    return Distribution(count=len(values), mean=math.fsum(values) / len(values), max=values[-1], **found)
