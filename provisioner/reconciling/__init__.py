"""Finding out what became of rows whose answer was lost, by looking and never by sending.

``inference`` decides from what was seen (pure) · ``finders`` look, by identity or by mark · ``finder_choice``
between them · ``reconciler`` waits, looks, looks again, and writes down what it found with the evidence ·
``audit`` compares what was created with what exists · ``messages`` the same for first messages · ``polling`` its
rhythm.
"""

from .audit import Audit, AuditedRow, AuditFinding
from .finder_choice import LOOK_UPS_PER_SECOND, FinderChoice, choose_finder
from .messages import MessageReconciler
from .reconciler import BATCH, Reconciler

__all__ = [
    "BATCH",
    "LOOK_UPS_PER_SECOND",
    "Audit",
    "AuditFinding",
    "AuditedRow",
    "FinderChoice",
    "MessageReconciler",
    "Reconciler",
    "choose_finder",
]
