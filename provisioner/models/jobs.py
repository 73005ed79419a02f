"""Jobs and their rows as the ledger stores them."""

import msgspec

from .accounts import BY_ROW
from .inputs import Problem, WebChatRequest

INVALID_ROW = "invalid_row"
"""Code of a row that cannot be sent as it is."""
UNKNOWN_ACCOUNT = "unknown_account"
"""Code of a row that names none of the accounts of its job."""


class PlanEntry(msgspec.Struct, frozen=True, gc=False):
    """One row as planning writes it to the ledger.

    ``row`` counts the records of all input files from 1; ``source`` is the number of its file, from 0; ``line`` is
    the physical line on which it starts. ``digest`` is a 16-byte hash of the mapped request. ``key`` is empty when
    the key is made from the digest. A row with ``problems`` is invalid. ``account`` is the SID of the row's
    account in a job for many accounts, empty where the row names none of them, and in other jobs.
    """

    row: int
    line: int
    source: int
    key: str
    digest: bytes
    problems: tuple[Problem, ...] = ()
    account: str = ""

    @property
    def error_code(self) -> str:
        """The code of an invalid row in the results: that of its account, or that of any other problem."""
        return UNKNOWN_ACCOUNT if any(each.field == "account_sid" for each in self.problems) else INVALID_ROW


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One row that the ledger hands out to be sent; ``id`` is its id in the ledger, ``row`` its input number.

    If ``conversation_sid`` is set, the conversation exists, with the guest ``identity``, and only what follows is
    to be done: ``owed`` holds the steps that are not done yet, as words of ``Step`` with spaces between.
    ``is_in_doubt``: an earlier attempt may have created the row. Only a 201 for the row or a look-up changes that.
    The history has ``history_total`` messages, of which ``history_posted`` are in the conversation.
    """

    id: int
    row: int
    key: str
    digest: bytes
    conversation_sid: str = ""
    identity: str = ""
    is_in_doubt: bool = False
    owed: str = ""
    history_total: int = 0
    history_posted: int = 0


class Claimable(msgspec.Struct, frozen=True):
    """Numbers of rows that a ledger will still hand out: ``to_send`` to create, and ``to_post`` created ones."""

    to_send: int
    to_post: int

    @property
    def total(self) -> int:
        """Number of rows that will be handed out."""
        return self.to_send + self.to_post


class Row(msgspec.Struct, frozen=True, gc=False):
    """A claimed row with its request, rebuilt from its source; the other fields are those of ``Claim``.

    ``encoded`` is the request as it is sent, empty where it has yet to be encoded.
    """

    id: int
    row: int
    key: str
    request: WebChatRequest
    conversation_sid: str = ""
    identity: str = ""
    is_in_doubt: bool = False
    owed: str = ""
    history_total: int = 0
    history_posted: int = 0
    encoded: bytes = b""


class Result(msgspec.Struct, frozen=True, gc=False):
    """One line of the results file; the order of the fields is the order of the columns.

    ``settled_at`` is the time of the outcome, RFC 3339 in UTC. ``latency_ms`` is in milliseconds from sent to
    answered. None is written as an empty cell (CSV) or null (JSON).
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


class VanishedResult(msgspec.Struct, frozen=True, gc=False):
    """Line of the results of rows that are no longer in the input; the fields are those of ``Result``."""

    row: None
    line: None
    source: None
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


class AccountResult(Result, frozen=True, gc=False):
    """Line of the results of a job for many accounts; ``account_sid`` is None when the row names none of them."""

    account_sid: str | None


class VanishedAccountResult(VanishedResult, frozen=True, gc=False):
    """Line of the results of rows that are no longer in the input of a job for many accounts."""

    account_sid: str | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Number of rows by status; ``input`` is their total. Pending and in-flight rows exist only during a run."""

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
        """Whether the counts of all statuses add up to ``input``."""
        settled = self.created + self.rejected + self.unknown + self.unsent + self.invalid
        return self.input == settled + self.pending + self.in_flight

    @property
    def with_outcome(self) -> int:
        """Number of rows that were sent and may have been created; an unsent row was certainly not."""
        return self.created + self.rejected + self.unknown + self.in_flight

    @property
    def final(self) -> "Counts":
        """The counts after the end of a run: pending rows count as unsent, rows in flight as unknown."""
        return msgspec.structs.replace(
            self, unsent=self.unsent + self.pending, unknown=self.unknown + self.in_flight, pending=0, in_flight=0
        )


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of planning: the counts, and the differences from the rows that the ledger held before.

    ``added`` rows are new. ``vanished`` rows were planned before and are no longer in the input. ``changed`` rows
    have other content than what was sent for them. Vanished and changed rows are reported and otherwise ignored.
    """

    counts: Counts
    added: int = 0
    vanished: int = 0
    changed: int = 0
    is_reused: bool = False
    """Whether the input was not read again, because it has not changed since it was last planned."""


_LEAST_SHARE = 10
"""One in so many of the rows with an outcome has to be in an input that belongs to the same job."""


def is_hardly_any(found_rows: int, earlier_rows: int) -> bool:
    """Return whether fewer than a tenth of the earlier rows with an outcome were found: probably another job."""
    return _LEAST_SHARE * found_rows < earlier_rows


class ReplacedInput(msgspec.Struct, frozen=True, kw_only=True):
    """An input with hardly any row of the job's earlier input, or with its keys written or bytes read differently.

    Of the ``earlier_rows`` rows with an outcome in the earlier input, ``found_rows`` are in the new one.
    ``earlier_keys`` and ``new_keys`` are a few keys of each, ``earlier_inputs`` the names of the earlier files.
    ``respelt_keys`` are a few pairs (earlier key, new key) that differ as after a spreadsheet program.
    ``moved_keys`` are a few pairs of the same record in two accounts, of ``moved_rows``: it was created in the
    first account, or perhaps was, and is planned in the second one, or in none, instead. With
    ``is_read_differently`` the files have the same bytes as before, and give other rows all the same.
    """

    earlier_rows: int
    found_rows: int
    earlier_keys: tuple[str, ...]
    new_keys: tuple[str, ...]
    earlier_inputs: tuple[str, ...]
    respelt_keys: tuple[tuple[str, str], ...] = ()
    moved_keys: tuple[tuple[str, str], ...] = ()
    moved_rows: int = 0
    is_read_differently: bool = False


class Fingerprint(msgspec.Struct, frozen=True):
    """Identification of an input file when it was planned.

    ``name`` is the name as the user gave it, ``-`` for stdin; ``size`` is in bytes; ``sha256`` is hexadecimal.
    """

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Description of the job that a ledger belongs to; two manifests with equal ``settings`` are the same job.

    ``job_id`` is random and salts the identities of the rows, so that no name or account number can be guessed
    from an identity, and no two jobs use the same identity. ``created_at`` is RFC 3339, ``created_by`` the
    program's version. ``lacks_later_fields``: that version knew none of ``LATER_FIELDS``.
    """

    job_id: str
    settings: dict[str, str]
    created_at: str
    created_by: str
    lacks_later_fields: bool = False

    @property
    def has_accounts(self) -> bool:
        """Whether each row is sent in the account that it names (``--accounts``)."""
        return self.settings.get("account") == BY_ROW
