"""Data types that all packages share: records, requests, rows, results, counts and summaries.

``outcomes`` statuses and verdicts · ``inputs`` records and requests · ``attempts`` results of requests and
look-ups · ``jobs`` rows, plans and counts · ``messages`` first messages · ``history`` messages of old chats ·
``settings`` settings of conversations · ``follow_ups`` the counts of all three · ``closing`` results of closing ·
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
from .follow_ups import FollowUpCounts
from .history import HistoryEntry, HistoryLookup, HistoryMessage, HistoryReport, UnknownHistory
from .inputs import (
    FIELDS,
    LATER_FIELDS,
    Mapped,
    MappedColumns,
    Members,
    NestedValues,
    PlainRecords,
    Problem,
    Record,
    WebChatRequest,
)
from .jobs import (
    AccountResult,
    Claim,
    Claimable,
    Counts,
    Fingerprint,
    Manifest,
    PlanEntry,
    PlanReport,
    ReplacedInput,
    Result,
    Row,
    VanishedAccountResult,
    VanishedResult,
    is_hardly_any,
)
from .messages import Message, MessageCounts, MessageLookup, UnknownMessage, first_message_of
from .outcomes import MessageStatus, SettingsStatus, Status, Step, Verdict
from .settings import ConversationSettings, SettingsCounts

__all__ = [
    "FIELDS",
    "LATER_FIELDS",
    "AccountResult",
    "AttemptRecord",
    "AttemptResult",
    "Claim",
    "Claimable",
    "ConnectFailure",
    "ControlVisibility",
    "ConversationSettings",
    "Counts",
    "Fingerprint",
    "FollowUpCounts",
    "ForeignReply",
    "HistoryEntry",
    "HistoryLookup",
    "HistoryMessage",
    "HistoryReport",
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
    "PlainRecords",
    "PlanEntry",
    "PlanReport",
    "Problem",
    "Record",
    "Recovery",
    "ReplacedInput",
    "RequestResult",
    "Result",
    "Row",
    "SettingsCounts",
    "SettingsStatus",
    "SharedConversation",
    "Status",
    "Step",
    "UnknownHistory",
    "UnknownMessage",
    "UnknownRow",
    "VanishedAccountResult",
    "VanishedResult",
    "Verdict",
    "WebChatRequest",
    "first_message_of",
    "is_hardly_any",
]
