"""Finding out what became of rows whose answer was lost, by looking and never by sending.

``judgement`` decides from what was seen (pure) · ``finders`` look, by identity or by marker · ``reconciler``
waits, looks, looks again, and writes down what it found with the evidence.
"""

from .finders import Finder, IdentityFinder, MarkerFinder
from .judgement import Absent, CannotTell, Found, LookLater, judge
from .reconciler import Reconciled, Reconciler

__all__ = [
    "Absent",
    "CannotTell",
    "Finder",
    "Found",
    "IdentityFinder",
    "LookLater",
    "MarkerFinder",
    "Reconciled",
    "Reconciler",
    "judge",
]
