"""Results of attempts (HTTP requests for a row), and of look-ups for attempts whose result is unknown."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from .outcomes import Status, Verdict


class Recovery(StrEnum):
    """Whether a connection that failed may succeed later."""

    LIKELY = "likely"
    """The network or the server may come back."""
    IF_REACHED_BEFORE = "if_reached_before"
    """Only if the host was reached before; otherwise its name is wrong."""
    AT_ONCE = "at_once"
    """A new one is expected to: this one was lost while its request waited long for its turn."""
    NONE = "none"
    """Not before a person has changed something."""


class ConnectFailure(msgspec.Struct, frozen=True, gc=False):
    """Why there was no connection for a request, so that it certainly was not sent.

    ``error`` is a sentence for people; ``cure`` is an imperative sentence without a full stop, or empty.
    """

    error: str
    cure: str = ""
    recovery: Recovery = Recovery.LIKELY


class ForeignReply(msgspec.Struct, frozen=True, gc=False):
    """A reply that another server than Twilio sent, such as the login page of a network.

    ``answer`` says what was answered, for people: status and media type. ``is_certain``: every other request would
    be answered in the same way until a person changes something.
    """

    answer: str
    is_certain: bool = False


class RequestResult(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Result of one HTTP request to Twilio; the base of the results of all kinds of requests.

    ``due`` (when it should have started), ``sent`` (when it was written to its connection; None: never) and
    ``ended`` are Unix times in seconds. ``error_code`` is Twilio's error number as text, a word of this program
    such as ``timeout``, or empty. ``error`` is a sentence for people without customer data. ``retry_after_s`` is
    the wait in seconds that the server asks for, None if it asks for none.
    """

    due: float
    ended: float
    sent: float | None = None
    http_status: int | None = None
    error_code: str = ""
    error: str = ""
    twilio_request_id: str = ""
    retry_after_s: float | None = None
    is_throttled: bool = False
    """Whether Twilio's rate or concurrency limit refused the request: all requests to the endpoint must pause."""
    stops_run: bool = False
    """Whether every other request would fail too, because of the credentials, the address or the connection."""
    connect_failure: ConnectFailure | None = None
    """Why there was no connection to send the request on; None if it was sent."""
    foreign: ForeignReply | None = None
    """What was answered, when the reply cannot be Twilio's; otherwise None."""

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from ``sent`` to ``ended``, None when nothing was sent."""
        return None if self.sent is None else (self.ended - self.sent) * 1000


class AttemptResult(RequestResult, frozen=True, gc=False):
    """Result of one attempt to create a row's conversation or to post its first message.

    ``conversation_sid``, ``identity`` and ``message_sid`` are empty when they are not known.
    """

    verdict: Verdict
    conversation_sid: str = ""
    identity: str = ""
    message_sid: str = ""
    may_leave_orphan: bool = False
    """Whether a conversation without a participant may exist. Source: Twilio, errors 45711, 45715 and 45719."""
    is_gone: bool = False
    """Whether Twilio answered that there is no such conversation."""


class SharedConversation(msgspec.Struct, frozen=True, gc=False):
    """How the ledger recorded a row whose conversation, as Twilio named it, belongs to another row already.

    ``status`` is ``UNKNOWN``, or ``CREATED`` where rows may share a conversation. ``error`` names the other row.
    """

    status: Status
    error: str

    @property
    def error_code(self) -> str:
        """Word of this program for it."""
        return SHARED if self.status is Status.CREATED else DUPLICATE_SID

    @property
    def verdict(self) -> Verdict:
        """What the attempt did, as far as it is known: an unknown row may have another conversation."""
        return Verdict.CREATED if self.status is Status.CREATED else Verdict.MAYBE

    def applied_to(self, result: AttemptResult) -> AttemptResult:
        """Return the result of the attempt as it was recorded."""
        return msgspec.structs.replace(result, verdict=self.verdict, error_code=self.error_code, error=self.error)


DUPLICATE = "duplicate"
"""Error code of a created row with more than one conversation, or whose unique name another conversation has."""
DUPLICATE_SID = "duplicate_sid"
"""Error code of an unknown row for which Twilio named the conversation of another row."""
SHARED = "shared"
"""Error code of a created row that shares the conversation of another row on purpose."""


class AttemptRecord(NamedTuple):
    """Times and result of one request, as the ledger records it.

    ``row_id`` is the row's id in the ledger, ``number`` counts the attempts of the row from 1 (records that
    a load test makes while it runs have 1). ``due``, ``sent`` and ``ended`` are Unix times in seconds; ``due`` and
    ``sent`` are None when they are not known or never happened. ``verdict`` is the value of a ``Verdict``.
    """

    row_id: int
    number: int
    verdict: str
    due: float | None
    sent: float | None
    ended: float
    http_status: int | None
    error_code: str


class UnknownRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose attempt may have created a conversation, with the data that reconciling needs.

    ``id`` is its id in the ledger, ``row`` its number in the input. ``identity`` is the requested one, empty when
    Twilio was to choose. The attempt was sent between ``since`` and ``lost_at`` (Unix seconds). ``is_confirmed``:
    Twilio answered 201, but its reply could not be read. ``is_shared``: other unknown rows requested the same
    identity. ``conversation_sid`` is set only for a control row, whose conversation is known to exist.
    ``is_rebuilt``: the attempt was recorded by a ledger that is lost, so its mark is not known, and ``since`` only
    when the attempt was answered. ``duplicate_sid`` is the conversation of another row, if Twilio named that for
    this one; ``duplicate_error`` names the other row, and ``is_same_guest``: both asked for the same identity.
    ``digest`` is that of its request by the current input, empty when the input cannot be sent.
    """

    id: int
    row: int
    key: str
    identity: str = ""
    since: float
    lost_at: float
    is_confirmed: bool = False
    is_shared: bool = False
    conversation_sid: str = ""
    is_rebuilt: bool = False
    duplicate_sid: str = ""
    duplicate_error: str = ""
    is_same_guest: bool = False
    digest: bytes = b""


class ControlVisibility(StrEnum):
    """Whether a look-up found the control: a conversation that is known to exist.

    Only if it did is "not found" evidence that another row's conversation does not exist.
    """

    SHOWN = "shown"
    """The control was found."""
    HIDDEN = "hidden"
    """The control was not found, so the list is not up to date."""
    NONE = "none"
    """There is no row that could serve as control yet."""


class LookupObservation(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one look-up of a row's conversations.

    ``at`` is when the look-up began, in seconds on the reconciler's clock. ``conversation_sids`` are in order of
    creation. ``trouble`` says why the look-up failed, empty if it did not; ``is_final`` is True when a retry of
    the failed look-up would not help.
    """

    at: float
    conversation_sids: tuple[str, ...] = ()
    control: ControlVisibility = ControlVisibility.NONE
    trouble: str = ""
    is_final: bool = False
