"""Load tests: when rows arrive, what is measured, and what counts as failed. Pure, and knows nothing of HTTP.

``arrivals`` when rows are due · ``figures`` percentiles · ``measures`` of a step · ``thresholds`` what fails a
test · ``tripwire`` notices it early · ``metrics`` the figures for Prometheus.
"""

from .arrivals import Arrivals, Stage, parse_stages, steady
from .figures import Distribution, distribution, rank
from .measures import Measures, achieved_share, measure
from .metrics import prometheus_text
from .thresholds import Ruling, Threshold, judge, parse_threshold
from .tripwire import Tripwire

__all__ = [
    "Arrivals",
    "Distribution",
    "Measures",
    "Ruling",
    "Stage",
    "Threshold",
    "Tripwire",
    "achieved_share",
    "distribution",
    "judge",
    "measure",
    "parse_stages",
    "parse_threshold",
    "prometheus_text",
    "rank",
    "steady",
]
