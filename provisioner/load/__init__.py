"""Load tests: when rows arrive, what is measured, and what counts as failed. Pure, and knows nothing of HTTP.

``arrivals`` when rows are due · ``figures`` percentiles · ``measures`` of a step · ``thresholds``
what fails a test.
"""

from provisioner.options import parse_duration

from .arrivals import Arrivals, Stage, parse_stages, steady
from .figures import Distribution, distribution, rank
from .measures import Measures, measure
from .thresholds import Ruling, Threshold, judge, parse_threshold

__all__ = [
    "Arrivals",
    "Distribution",
    "Measures",
    "Ruling",
    "Stage",
    "Threshold",
    "distribution",
    "judge",
    "measure",
    "parse_duration",
    "parse_stages",
    "parse_threshold",
    "rank",
    "steady",
]
