"""The nouns that every room shares: what a row asks for, what became of it, and how we know.

``outcomes`` words · ``inputs`` from record to request · ``attempts`` answers and looks · ``jobs`` rows and plans ·
``messages`` what is said first.
"""

from .attempts import Answer, AttemptRecord, Control, Look, Unknown
from .inputs import FIELDS, Mapped, Members, Problem, Record, WebChatRequest
from .jobs import Claim, Counts, Fingerprint, Manifest, PlanEntry, PlanReport, Result, Row
from .messages import DoubtfulMessage, Message, MessageCounts, MessageLook
from .outcomes import MessageStatus, Status, Step, Verdict

__all__ = [
    "FIELDS",
    "Answer",
    "AttemptRecord",
    "Claim",
    "Control",
    "Counts",
    "DoubtfulMessage",
    "Fingerprint",
    "Look",
    "Manifest",
    "Mapped",
    "Members",
    "Message",
    "MessageCounts",
    "MessageLook",
    "MessageStatus",
    "PlanEntry",
    "PlanReport",
    "Problem",
    "Record",
    "Result",
    "Row",
    "Status",
    "Step",
    "Unknown",
    "Verdict",
    "WebChatRequest",
]
