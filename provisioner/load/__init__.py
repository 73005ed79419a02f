"""Load tests: when rows arrive, what is measured, and what counts as failed. Pure, and knows nothing of HTTP.

``arrivals`` when rows are due · ``figures`` percentiles · ``measures`` of a step · ``thresholds`` what fails a
test · ``tripwire`` notices it early · ``metrics`` the figures for Prometheus.
"""

from .arrivals import Arrivals, Stage, parse_stages, steady
from .figures import Distribution, distribution, rank
from .measures import StepMetrics, achieved_share, collect_metrics
from .metrics import prometheus_text
from .thresholds import Threshold, ThresholdResult, evaluate_thresholds, parse_threshold
from .tripwire import AbortCondition

__all__ = [
    "AbortCondition",
    "Arrivals",
    "Distribution",
    "Stage",
    "StepMetrics",
    "Threshold",
    "ThresholdResult",
    "achieved_share",
    "collect_metrics",
    "distribution",
    "evaluate_thresholds",
    "parse_stages",
    "parse_threshold",
    "prometheus_text",
    "rank",
    "steady",
]
