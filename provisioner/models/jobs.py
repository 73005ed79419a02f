"""A job and its rows, as the ledger knows them."""

import msgspec

from .inputs import Problem, WebChatRequest


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
    """One row the ledger hands out to be sent. ``id`` names it in the ledger, ``row`` in the input.

    With a ``conversation_sid`` it is created already, and its first message is to be posted; ``identity`` is its
    guest's then. ``is_in_doubt`` says that an earlier attempt may have created it: nothing but an answer of its
    own, or a look-up, settles that.
    """

    id: int
    row: int
    key: str
    digest: bytes
    conversation_sid: str = ""
    identity: str = ""
    is_in_doubt: bool = False


class Row(msgspec.Struct, frozen=True, gc=False):
    """A claimed row, rebuilt from its source and ready to be sent; the last three are as in ``Claim``."""

    id: int
    row: int
    key: str
    request: WebChatRequest
    conversation_sid: str = ""
    identity: str = ""
    is_in_doubt: bool = False


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

    @property
    def final(self) -> "Counts":
        """The counts of a run that is over: pending rows are unsent, rows in flight are unknown."""
        return msgspec.structs.replace(
            self, unsent=self.unsent + self.pending, unknown=self.unknown + self.in_flight, pending=0, in_flight=0
        )


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
