"""The nouns that every room shares: what a row asks for, what became of it, and how we know."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

FIELDS = (
    "address_sid",
    "chat_friendly_name",
    "customer_friendly_name",
    "pre_engagement_data",
    "identity",
    "ui_version",
    "first_message",
)
"""The fields a row may give, in the order they are shown."""


class Status(StrEnum):
    """Where a row stands; its last word is one of the five outcomes."""

    PENDING = "pending"
    """Planned and valid; no attempt was begun."""
    IN_FLIGHT = "in_flight"
    """An attempt was begun and has not been settled. After a crash this reads as *unknown*."""
    CREATED = "created"
    """Twilio answered 201 with a conversation SID, or reconciling found the conversation."""
    REJECTED = "rejected"
    """Twilio refused the row for good."""
    UNKNOWN = "unknown"
    """The conversation may or may not exist; never sent again before it was looked up."""
    UNSENT = "unsent"
    """Certainly not created: nothing left, or only 429s came back."""
    INVALID = "invalid"
    """The row itself cannot be sent."""


class Verdict(StrEnum):
    """The four answers to one attempt, decided by evidence."""

    CREATED = "created"
    REFUSED = "refused"
    NOT_PROCESSED = "not_processed"
    """Never sent, or turned away by a limit before it was processed: safe to send again."""
    MAYBE = "maybe"
    """It left this machine and nothing trustworthy came back."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One input record as read.

    ``values`` are texts: a list along the source's columns (delimited files), or a mapping by name (JSON).
    A record that cannot be read as a row has ``problem`` set, and its values are not to be used.
    ``raw`` is what the source needs, besides the values, to write the record back: its own bytes (JSON), or the
    kinds of the cells that could not be read (a workbook).
    """

    line: int
    values: list[str] | dict[str, str]
    problem: str = ""
    raw: bytes = b""


class WebChatRequest(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one row asks Twilio for; an empty text means the field is not sent.

    Source of the names: the parameters of ``POST /v2/WebChats``, plus ``first_message``, which is posted
    to the conversation afterwards. Encoded, it leaves out what is empty, so that a field added one day does
    not change the digests of the rows that do not use it.
    """

    address_sid: str = ""
    chat_friendly_name: str = ""
    customer_friendly_name: str = ""
    pre_engagement_data: str = ""
    identity: str = ""
    ui_version: str = ""
    first_message: str = ""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One reason why a row cannot be sent. Never holds a value of the row.

    ``column`` is the input column the field came from, empty where there is none.
    """

    field: str
    column: str
    reason: str

    def __str__(self) -> str:
        """Render as ``field (column 'Name'): reason``, leaving out what says nothing."""
        if not self.field:
            return self.reason
        column = f" (column {self.column!r})" if self.column and self.column != self.field else ""
        return f"{self.field}{column}: {self.reason}"


Members = Mapping[str, str | msgspec.Raw]
"""Values of the pre-engagement object by name: texts, and JSON where a type was asked for."""


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """One record's texts, sorted to what they are for; nothing is validated yet.

    ``members`` are the single pre-engagement values that are not empty, in name order; they go on top of the
    JSON text in ``pre_engagement_data``. ``columns`` tells the input column of each field (and of ``key``,
    which is there only when the job has key columns), for messages; all rows of one shape share it.
    ``refusal`` says why a record could not be mapped at all; every text is empty then. ``faults`` are values
    that are not of the type asked for, as field and reason; their texts stand in ``members`` as they are.
    """

    address_sid: str = ""
    chat_friendly_name: str = ""
    customer_friendly_name: str = ""
    pre_engagement_data: str = ""
    identity: str = ""
    ui_version: str = ""
    first_message: str = ""
    key: str = ""
    members: Members = {}
    columns: dict[str, str] = {}
    refusal: str = ""
    faults: tuple[tuple[str, str], ...] = ()


class PlanEntry(msgspec.Struct, frozen=True, gc=False):
    """One row as the plan pass hands it to the ledger.

    ``key`` is empty where the row's digest is its key. ``digest`` is 16 bytes over the mapped request.
    ``source`` counts the input files from 0, ``row`` the records over all of them from 1.
    """

    row: int
    line: int
    source: int
    key: str
    digest: bytes
    problems: tuple[Problem, ...] = ()


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One row the ledger hands out to be sent. ``id`` names it in the ledger, ``row`` in the input."""

    id: int
    row: int
    key: str
    digest: bytes


class Row(msgspec.Struct, frozen=True, gc=False):
    """A claimed row, rebuilt from its source and ready to be sent."""

    id: int
    row: int
    key: str
    request: WebChatRequest


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What one attempt came to.

    ``due`` (when it should have started), ``sent`` (when its first byte was handed to the connection; None:
    never) and ``ended`` are Unix times in seconds. ``error_code`` is Twilio's number, or one of our words.
    ``error`` is for people and holds no customer data.
    """

    verdict: Verdict
    due: float
    ended: float
    sent: float | None = None
    conversation_sid: str = ""
    identity: str = ""
    http_status: int | None = None
    error_code: str = ""
    error: str = ""
    twilio_request_id: str = ""
    retry_after_s: float | None = None
    is_throttled: bool = False
    """A 429: the whole run gives way."""
    stops_run: bool = False
    """The fault is the run's (credentials, address), not the row's."""
    may_leave_orphan: bool = False
    """A conversation without a customer may exist (errors of the participant step)."""

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from sent to ended, or None when nothing was sent."""
        return None if self.sent is None else (self.ended - self.sent) * 1000


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose attempt may have created a conversation, as reconciling needs it.

    ``identity`` is the one that was asked for, ``marker`` the row's in the pre-engagement data; either may be
    empty. ``lost_at`` (Unix seconds) is when the attempt ended, or when a crash was noticed.
    """

    id: int
    row: int
    key: str
    identity: str = ""
    marker: str = ""
    lost_at: float


class Result(msgspec.Struct, frozen=True, gc=False):
    """One line of the results file; the field order is the column order.

    ``settled_at`` is RFC 3339 in UTC, ``latency_ms`` from sent to answered. None is an empty cell, or null.
    """

    row: int
    line: int
    source: str
    key: str | None
    status: str
    conversation_sid: str | None
    identity: str | None
    error_code: str | None
    error: str | None
    http_status: int | None
    attempts: int
    twilio_request_id: str | None
    settled_at: str | None
    latency_ms: float | None
    message_sid: str | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows stand where. While a run goes, pending and in flight are the rest."""

    input: int = 0
    created: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    invalid: int = 0
    pending: int = 0
    in_flight: int = 0

    @property
    def is_balanced(self) -> bool:
        """Say whether every input row is accounted for."""
        settled = self.created + self.rejected + self.unknown + self.unsent + self.invalid
        return self.input == settled + self.pending + self.in_flight


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan pass found, compared with what the ledger held before.

    ``vanished`` rows were planned before and are no longer in the input; ``changed`` rows have other content
    than what was sent for them. Both are reported and left alone.
    """

    counts: Counts
    added: int = 0
    vanished: int = 0
    changed: int = 0
    is_reused: bool = False
    """The input had not changed since the last pass, so it was not read again."""


class Fingerprint(msgspec.Struct, frozen=True):
    """What an input file was when it was planned. ``name`` is as the user gave it, ``-`` for stdin."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger belongs to. Two manifests name the same job when their ``settings`` are equal.

    ``job_id`` is random per ledger and salts the identities, so that neither a name nor an account can be
    guessed back from one, and two jobs never share one.
    """

    job_id: str
    settings: dict[str, str]
    created_at: str
    created_by: str
