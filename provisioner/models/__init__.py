"""Data types that all packages share: records, requests, rows, results, counts and summaries.

``outcomes`` statuses and verdicts · ``inputs`` records and requests · ``attempts`` results of requests and
look-ups · ``jobs`` rows, plans and counts · ``messages`` first messages · ``closing`` results of closing ·
``discrepancy`` findings of an audit · ``forecast`` the plan before a run · ``progress`` the state during a run ·
``reasons`` why rows failed · ``summary`` the end of a command · ``sids`` Twilio's identifiers · ``environment``
the process's environment · ``text`` numbers with their noun.
"""

from .attempts import (
    AttemptRecord,
    AttemptResult,
    ConnectFailure,
    ControlVisibility,
    ForeignReply,
    LookupObservation,
    Recovery,
    RequestResult,
    SharedConversation,
    UnknownRow,
)
from .inputs import FIELDS, Mapped, MappedColumns, Members, NestedValues, Problem, Record, WebChatRequest
from .jobs import (
    Claim,
    Counts,
    Fingerprint,
    Manifest,
    PlanEntry,
    PlanReport,
    ReplacedInput,
    Result,
    Row,
    VanishedResult,
    is_hardly_any,
)
from .messages import Message, MessageCounts, MessageLookup, UnknownMessage
from .outcomes import MessageStatus, Status, Step, Verdict

__all__ = [
    "FIELDS",
    "AttemptRecord",
    "AttemptResult",
    "Claim",
    "ConnectFailure",
    "ControlVisibility",
    "Counts",
    "Fingerprint",
    "ForeignReply",
    "LookupObservation",
    "Manifest",
    "Mapped",
    "MappedColumns",
    "Members",
    "Message",
    "MessageCounts",
    "MessageLookup",
    "MessageStatus",
    "NestedValues",
    "PlanEntry",
    "PlanReport",
    "Problem",
    "Record",
    "Recovery",
    "ReplacedInput",
    "RequestResult",
    "Result",
    "Row",
    "SharedConversation",
    "Status",
    "Step",
    "UnknownMessage",
    "UnknownRow",
    "VanishedResult",
    "Verdict",
    "WebChatRequest",
    "is_hardly_any",
]
