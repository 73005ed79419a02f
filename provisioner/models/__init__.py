"""The nouns that every room shares: what a row asks for, what became of it, and how we know.

``outcomes`` words · ``inputs`` from record to request · ``attempts`` answers and looks · ``jobs`` rows and plans ·
``messages`` what is said first · ``closing``, ``forecast``, ``progress``, ``reasons``, ``summary``,
``environment``.
"""

from .attempts import (
    AttemptRecord,
    AttemptResult,
    ControlVisibility,
    LookupObservation,
    RequestResult,
    UnknownRow,
)
from .inputs import FIELDS, Mapped, Members, Problem, Record, WebChatRequest
from .jobs import Claim, Counts, Fingerprint, Manifest, PlanEntry, PlanReport, Result, Row
from .messages import Message, MessageCounts, MessageLookup, UnknownMessage
from .outcomes import MessageStatus, Status, Step, Verdict

__all__ = [
    "FIELDS",
    "AttemptRecord",
    "AttemptResult",
    "Claim",
    "ControlVisibility",
    "Counts",
    "Fingerprint",
    "LookupObservation",
    "Manifest",
    "Mapped",
    "Members",
    "Message",
    "MessageCounts",
    "MessageLookup",
    "MessageStatus",
    "PlanEntry",
    "PlanReport",
    "Problem",
    "Record",
    "RequestResult",
    "Result",
    "Row",
    "Status",
    "Step",
    "UnknownMessage",
    "UnknownRow",
    "Verdict",
    "WebChatRequest",
]
