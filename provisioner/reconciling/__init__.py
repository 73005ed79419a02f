"""Finding out what became of rows whose answer was lost, by looking and never by sending.

``judgement`` decides from what was seen (pure) · ``finders`` look, by identity or by mark · ``choice`` between
them · ``reconciler`` waits, looks, looks again, and writes down what it found with the evidence · ``audit``
compares what was created with what exists.
"""

from .choice import LOOK_UPS_PER_SECOND, choose_finder
from .reconciler import Reconciler

__all__ = ["LOOK_UPS_PER_SECOND", "Reconciler", "choose_finder"]
