"""Fault script: which request meets which fault, decided by a pure, seeded function.

A decision depends only on the seed and the number of the request, not on its sender or its content. So a run with
the same seed and the same order of requests meets the same faults, and a row that is sent again is a new request,
for which a fault is drawn again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b


class FaultName(StrEnum):
    """Name of a fault. *Created* or *Not created* says whether the conversation exists afterwards."""

    REFUSE = "refuse"
    """Not created. The connection is reset unread, and the port refuses new ones for ``seconds``."""
    RESET_BEFORE_READ = "reset_before_read"
    """Not created. The connection is reset before the body is read."""
    RESET_AFTER_CREATE = "reset_after_create"
    """Created. The connection is reset instead of an answer."""
    CLOSE_AFTER_CREATE = "close_after_create"
    """Created. The connection is closed normally (FIN) instead of an answer."""
    CUT_IN_HEADERS = "cut_in_headers"
    """Created. The connection closes in the middle of the answer's headers."""
    CUT_IN_BODY = "cut_in_body"
    """Created. The connection closes in the middle of the answer's body."""
    NULL_SID = "null_sid"
    """Created. A 201 whose ``conversation_sid`` is null."""
    NULL_IDENTITY = "null_identity"
    """Created. A 201 whose ``identity`` is null."""
    GARBAGE_BODY = "garbage_body"
    """Created. A 201 whose body is not JSON."""
    OTHER_IDENTITY = "other_identity"
    """Created with a random identity, which the 201 names instead of the requested one."""
    HTML_502 = "html_502"
    """Not created, unless ``creates``. A gateway's HTML page with status 502."""
    NOT_HTTP = "not_http"
    """Not created, unless ``creates``. Bytes that are not HTTP, then the connection closes."""
    ERROR_500 = "error_500"
    """Not created. 500 with code 45700."""
    ERROR_500_CREATED = "error_500_created"
    """Created. 500 with code 45700 nevertheless."""
    ERROR_503 = "error_503"
    """Not created. 503 with code 45701."""
    ERROR_503_CREATED = "error_503_created"
    """Created. 503 with code 45701 nevertheless."""
    SLOW_FIRST_BYTE = "slow_first_byte"
    """Created. The normal answer, ``seconds`` late."""
    LATE_CREATION = "late_creation"
    """Created after ``seconds``, also if the client has left by then; then the normal answer."""
    STALL = "stall"
    """Created, unless ``creates = false``. No answer for ``seconds``, then the connection closes."""
    REDIRECT_307 = "redirect_307"
    """Not created. 307 to the same path: a client that follows it posts again."""
    THROTTLE = "throttle"
    """Not created. 429 with code 45780 and no ``Retry-After``."""
    THROTTLE_SECONDS = "throttle_seconds"
    """Not created. 429 with ``Retry-After`` in ``seconds``."""
    THROTTLE_DATE = "throttle_date"
    """Not created. 429 with ``Retry-After`` as the HTTP date ``seconds`` from now."""
    THROTTLE_ABSURD = "throttle_absurd"
    """Not created. 429 with an unreasonable ``Retry-After``; ``retry_after`` sets its text."""
    HALF_CREATION = "half_creation"
    """Half created: a conversation without a participant. 429 with code 45719."""
    PARTICIPANT_UNAUTHORIZED = "participant_unauthorized"
    """Half created. 403 with code 45711."""
    PARTICIPANT_INVALID = "participant_invalid"
    """Half created. 400 with code 45715."""
    LOOKUP_LAG = "lookup_lag"
    """Look-ups do not show the new conversation for ``seconds``. Combines with any other fault."""
    LOOKUP_FAILS = "lookup_fails"
    """A look-up is answered 500 with code 20500."""
    LOOKUP_THROTTLED = "lookup_throttled"
    """A look-up is answered 429 with code 20429."""
    MESSAGE_RESET = "message_reset"
    """Not posted. The connection is reset instead of an answer to a message."""
    MESSAGE_RESET_AFTER_CREATE = "message_reset_after_create"
    """Posted. The connection is reset instead of an answer."""
    MESSAGE_NULL_SID = "message_null_sid"
    """Posted. A 201 whose ``sid`` is null."""
    MESSAGE_ERROR_500 = "message_error_500"
    """Not posted. 500 with code 20500."""
    MESSAGE_ERROR_500_CREATED = "message_error_500_created"
    """Posted. 500 with code 20500 nevertheless."""
    MESSAGE_STALL = "message_stall"
    """Posted. No answer for ``seconds``, then the connection closes."""
    MESSAGE_THROTTLED = "message_throttled"
    """Not posted. 429 with code 20429."""
    MESSAGE_REFUSED = "message_refused"
    """Not posted. 400 with code 20001."""


LONGEST_S = 86_400
"""Longest ``seconds`` of a fault: one day."""
WHOLE = 100.0
"""All requests, in percent."""

LOOKUP_FAULTS = frozenset({FaultName.LOOKUP_FAILS, FaultName.LOOKUP_THROTTLED})
"""Faults of look-ups; their request numbers count look-ups."""

MESSAGE_FAULTS = frozenset(name for name in FaultName if name.startswith("message_"))
"""Faults of posted messages; their request numbers count messages. All others count WebChats requests."""

DEFAULT_SECONDS = {
    FaultName.REFUSE: 0.5,
    FaultName.SLOW_FIRST_BYTE: 2.0,
    FaultName.LATE_CREATION: 2.0,
    FaultName.STALL: 60.0,
    FaultName.THROTTLE_SECONDS: 1.0,
    FaultName.THROTTLE_DATE: 2.0,
    FaultName.LOOKUP_LAG: 2.0,
    FaultName.MESSAGE_STALL: 60.0,
}
"""Faults with a duration, and their default ``seconds``."""

DEFAULT_CREATES = {FaultName.HTML_502: False, FaultName.NOT_HTTP: False, FaultName.STALL: True}
"""Faults that may occur before or after the creation, and whether it has happened by default."""


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """A fault, the requests that meet it, and its parameters.

    ``at`` holds numbers of requests, counted from 1. ``percent`` is the share of the requests from number
    ``first`` to number ``last`` (None: no end) that meet it. Raise ``ValueError`` for a value out of range and for
    a parameter that the fault does not have.
    """

    name: FaultName
    percent: float = 0.0
    at: frozenset[int] = frozenset()
    first: int = 1
    last: int | None = None
    seconds: float | None = None
    retry_after: str | None = None
    creates: bool | None = None

    def __post_init__(self) -> None:
        for is_wrong, reason in (
            (not 0 <= self.percent <= WHOLE, "percent must be between 0 and 100"),
            (any(number < 1 for number in self.at), "at counts requests from 1"),
            (self.first < 1, "from counts requests from 1"),
            (self.last is not None and self.last < self.first, "to lies before from"),
            (self.seconds is not None and self.name not in DEFAULT_SECONDS, "it takes no seconds"),
            (
                self.seconds is not None and not 0 <= self.seconds <= LONGEST_S,
                f"seconds must be 0 or more, and at most {LONGEST_S:,}",
            ),
            (
                self.retry_after is not None and self.name is not FaultName.THROTTLE_ABSURD,
                "it takes no retry_after",
            ),
            (self.creates is not None and self.name not in DEFAULT_CREATES, "whether it creates is fixed"),
        ):
            if is_wrong:
                raise ValueError(f"fault {self.name}: {reason}")

    @property
    def duration_s(self) -> float:
        """Seconds that the fault lasts or asks to wait; 0 for a fault without a duration."""
        return DEFAULT_SECONDS.get(self.name, 0.0) if self.seconds is None else self.seconds

    @property
    def is_after_creation(self) -> bool:
        """Whether the conversation was created, for a fault that may occur before or after the creation."""
        return DEFAULT_CREATES.get(self.name, False) if self.creates is None else self.creates

    def is_certain_at(self, number: int) -> bool:
        """Return whether the request with this number meets the fault for certain: by ``at`` or by 100 %."""
        return number in self.at or (self.percent == WHOLE and self._is_inside(number))

    def chance_at(self, number: int) -> float:
        """Return the percentage, below 100, with which the request of this number meets the fault."""
        return self.percent if self.percent < WHOLE and self._is_inside(number) else 0.0

    def _is_inside(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)


@dataclass(frozen=True)
class FaultScript:
    """All fault rules of a simulator, and the seed of the draws. Without rules no request meets a fault.

    There are four kinds of faults: of WebChats requests, of the lag of new conversations, of look-ups, and of
    messages. A request meets at most one fault of each kind. A certain fault (``at``, or 100 %) wins over a drawn
    one, and of several certain ones the first rule wins. Raise ``ValueError`` when the percentages of one kind
    exceed 100 % for some request.
    """

    rules: tuple[FaultRule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for family in (self._answers, self._lags, self._lookups, self._messages):
            for start in {rule.first for rule in family}:
                share = sum(rule.chance_at(start) for rule in family)
                if share > WHOLE + 1e-9:
                    raise ValueError(f"the faults add up to {share:g} % of the requests from number {start} on")

    def for_webchat(self, number: int) -> FaultRule | None:
        """Return the fault of the WebChats request with this number, or None."""
        return _pick(self._answers, self.seed, "answer", number) if self._answers else None

    def lag_of_webchat(self, number: int) -> FaultRule | None:
        """Return the look-up lag of the conversation that this WebChats request creates, or None."""
        return _pick(self._lags, self.seed, "lag", number) if self._lags else None

    def for_lookup(self, number: int) -> FaultRule | None:
        """Return the fault of the look-up with this number, or None."""
        return _pick(self._lookups, self.seed, "lookup", number) if self._lookups else None

    def for_message(self, number: int) -> FaultRule | None:
        """Return the fault of the message with this number, or None."""
        return _pick(self._messages, self.seed, "message", number) if self._messages else None

    @cached_property
    def _answers(self) -> tuple[FaultRule, ...]:
        others = LOOKUP_FAULTS | MESSAGE_FAULTS | {FaultName.LOOKUP_LAG}
        return tuple(rule for rule in self.rules if rule.name not in others)

    @cached_property
    def _lags(self) -> tuple[FaultRule, ...]:
        return tuple(rule for rule in self.rules if rule.name is FaultName.LOOKUP_LAG)

    @cached_property
    def _lookups(self) -> tuple[FaultRule, ...]:
        return tuple(rule for rule in self.rules if rule.name in LOOKUP_FAULTS)

    @cached_property
    def _messages(self) -> tuple[FaultRule, ...]:
        return tuple(rule for rule in self.rules if rule.name in MESSAGE_FAULTS)


def random_unit(seed: int, stream: str, number: int) -> float:
    """Return a pseudo-random number in [0, 1); equal arguments give equal results."""
    digest = blake2b(f"{seed}:{stream}:{number}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / (1 << 53)


def _pick(rules: Sequence[FaultRule], seed: int, stream: str, number: int) -> FaultRule | None:
    for rule in rules:
        if rule.is_certain_at(number):
            return rule
    place = random_unit(seed, stream, number) * WHOLE
    for rule in rules:
        chance = rule.chance_at(number)
        if place < chance:
            return rule
        place -= chance
    return None
