"""Load tests: arrival schedule, measurements, and conditions for failure. Pure, without HTTP.

``arrivals`` computes when rows are due · ``percentiles`` describes latencies · ``step_metrics`` measures the
requests of one step · ``thresholds`` evaluates the conditions of ``--fail-if`` · ``abort_condition`` evaluates a
condition while the test runs · ``prometheus`` has the figures as metric families.
"""

from .abort_condition import AbortCondition
from .arrivals import Arrivals, Stage, parse_stages, steady
from .percentiles import Distribution, count_above, distribution, rank, sort_times
from .prometheus import load_families
from .step_metrics import LOOKUPS, StepMetrics, achieved_share, collect_metrics
from .thresholds import Threshold, ThresholdResult, describe_result, evaluate_thresholds, parse_threshold

__all__ = [
    "LOOKUPS",
    "AbortCondition",
    "Arrivals",
    "Distribution",
    "Stage",
    "StepMetrics",
    "Threshold",
    "ThresholdResult",
    "achieved_share",
    "collect_metrics",
    "count_above",
    "describe_result",
    "distribution",
    "evaluate_thresholds",
    "load_families",
    "parse_stages",
    "parse_threshold",
    "rank",
    "sort_times",
    "steady",
]
