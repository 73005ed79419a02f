"""What an attempt came to, and what looking showed of one in doubt."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from .outcomes import Verdict


class RequestResult(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is known of one HTTP request to Twilio, whatever it asked for.

    ``due`` (when it should have started), ``sent`` (when its first byte was handed to the connection; None:
    never) and ``ended`` are Unix times in seconds. ``error_code`` is Twilio's number, or one of our words.
    ``error`` is for people and holds no customer data.
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
    """A 429: everyone who calls the same endpoint gives way."""
    stops_run: bool = False
    """The fault is the run's (credentials, address), not that of the row or the conversation."""

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds from sent to ended, or None when nothing was sent."""
        return None if self.sent is None else (self.ended - self.sent) * 1000


class AttemptResult(RequestResult, frozen=True, gc=False):
    """What one attempt at a row's conversation, or at its first message, came to."""

    verdict: Verdict
    conversation_sid: str = ""
    identity: str = ""
    message_sid: str = ""
    may_leave_orphan: bool = False
    """A conversation without a customer may exist (errors of the participant step)."""


class AttemptRecord(NamedTuple):
    """One request, as far as its time and its end go; times are Unix seconds, None where it never came so far."""

    row_id: int
    number: int
    verdict: str
    due: float | None
    sent: float | None
    ended: float
    http_status: int | None
    error_code: str


class UnknownRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose attempt may have created a conversation, as reconciling needs it.

    ``identity`` is the one that was asked for, empty where Twilio was to pick one. The attempt left between
    ``since`` and ``lost_at`` (Unix seconds). ``is_confirmed`` says that Twilio answered 201, only unreadably,
    ``is_shared`` that other unknown rows asked for the same identity. ``conversation_sid`` is known of a row that
    serves as control.
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


class ControlVisibility(StrEnum):
    """Whether the same look-up showed a row that is known to exist.

    Only then is "not found" evidence that another row does not exist.
    """

    SHOWN = "shown"
    HIDDEN = "hidden"
    NONE = "none"
    """No such row is there yet."""


class LookupObservation(msgspec.Struct, frozen=True, kw_only=True):
    """One look at what exists for a row.

    ``at`` (seconds on the reconciler's clock) is when the look began. ``conversation_sids`` are in the order of
    their creation. ``trouble`` says why Twilio could not be asked, ``is_final`` that it need not be asked again.
    """

    at: float
    conversation_sids: tuple[str, ...] = ()
    control: ControlVisibility = ControlVisibility.NONE
    trouble: str = ""
    is_final: bool = False
