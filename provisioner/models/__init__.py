"""The nouns that every room shares: what a row asks for, what became of it, and how we know.

``outcomes`` words · ``inputs`` from record to request · ``attempts`` answers and looks · ``jobs`` rows and plans.
"""

from .attempts import Answer, AttemptRecord, Control, Look, Unknown
from .inputs import FIELDS, Mapped, Problem, Record, WebChatRequest
from .jobs import Claim, Counts, Fingerprint, Manifest, PlanEntry, PlanReport, Result, Row
from .outcomes import Status, Verdict

__all__ = [
    "FIELDS",
    "Answer",
    "AttemptRecord",
    "Claim",
    "Control",
    "Counts",
    "Fingerprint",
    "Look",
    "Manifest",
    "Mapped",
    "PlanEntry",
    "PlanReport",
    "Problem",
    "Record",
    "Result",
    "Row",
    "Status",
    "Unknown",
    "Verdict",
    "WebChatRequest",
]
