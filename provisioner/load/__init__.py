"""Load tests: when rows arrive, what is measured, and what counts as failed. Pure, and knows nothing of HTTP.

``arrivals`` when rows are due · ``percentiles`` percentiles · ``step_metrics`` of a step · ``thresholds`` what
fails a test · ``abort_condition`` notices it early · ``prometheus`` the figures for Prometheus.
"""

from .abort_condition import AbortCondition
from .arrivals import Arrivals, Stage, parse_stages, steady
from .percentiles import Distribution, distribution, rank
from .prometheus import prometheus_text
from .step_metrics import StepMetrics, achieved_share, collect_metrics
from .thresholds import Threshold, ThresholdResult, evaluate_thresholds, parse_threshold

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
