"""Figures of one step of a job: as many for a million requests as for ten, so that jobs can be compared."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.load import Distribution, StepMetrics, count_above, distribution, rank, sort_times

from .spread import latency_spreads, rate_spread

SHARES = tuple(n / 200 for n in range(201))
"""Shares of the rows, from 0 to 1, whose latencies the chart of the distribution shows."""
_CLIPPED_AT = 0.99
"""Share of the rows whose latencies a chart shows; the few others would flatten the curves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Latencies of the successes of a step, in seconds, from due or from sent.

    ``by_share`` has the latency that each share of ``SHARES`` did not exceed, and is empty without successes.
    ``clip`` is the latency at which charts end, None without successes, and ``beyond`` the number of longer ones.
    ``spreads`` says how much each figure varies within the job (see ``latency_spreads``), if that was asked for.
    """

    found: Distribution = field(default_factory=Distribution)
    by_share: Sequence[float] = ()
    clip: float | None = None
    beyond: int = 0
    spreads: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """Figures of one step (``create`` or ``message``); ``StepMetrics`` documents those of the same names.

    ``rate_spread`` says how much the rate varies within the job (see ``spread.rate_spread``), if it was asked for.
    """

    rows: int = 0
    succeeded: int = 0
    requests: int = 0
    throttled: int = 0
    late: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    request_rate: float | None = None
    throttled_share: float | None = None
    error_share: float | None = None
    rate_spread: float | None = None
    from_due: Latencies = field(default_factory=Latencies)
    from_sent: Latencies = field(default_factory=Latencies)

    def latencies(self, since: str) -> Latencies:
        """Return the latencies from ``due`` or ``sent`` (``since``)."""
        return self.from_due if since == "due" else self.from_sent


def summarize(metrics: StepMetrics, *, has_spreads: bool = False) -> StepFigures:
    """Return the figures of the measurements of a step; the spreads within the job take as long as all others."""
    return StepFigures(
        rows=metrics.rows,
        succeeded=metrics.succeeded,
        requests=metrics.requests,
        throttled=metrics.throttled,
        late=metrics.late,
        failures=metrics.failures,
        request_rate=metrics.request_rate,
        throttled_share=metrics.throttled_share,
        error_share=metrics.error_share,
        rate_spread=rate_spread(metrics) if has_spreads else None,
        from_due=_latencies(metrics, "due", has_spreads=has_spreads),
        from_sent=_latencies(metrics, "sent", has_spreads=has_spreads),
    )


def _latencies(metrics: StepMetrics, since: str, *, has_spreads: bool) -> Latencies:
    values: array[float] = sort_times(metrics.latencies(since))
    if not values:
        return Latencies()
    last = len(values) - 1
    clip = values[rank(len(values), _CLIPPED_AT) - 1]
    return Latencies(
        found=distribution(values),
        by_share=tuple(values[round(share * last)] for share in SHARES),
        clip=clip,
        beyond=count_above(values, clip),
        spreads=latency_spreads(metrics, since) if has_spreads else {},
    )
