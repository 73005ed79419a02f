"""Which request goes wrong, and how: a script of faults and the pure, seeded decision over it.

A decision depends on the seed and on the request's number alone, never on who asks or what for. So a run
with the same seed and the same order of requests meets the same faults, and a row that is sent again is a
new request with a new draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b


class FaultName(StrEnum):
    """What can go wrong. *Created* tells whether the conversation exists afterwards."""

    REFUSE = "refuse"
    """Not created. The connection is reset unread, and for ``seconds`` the port refuses new ones."""
    RESET_BEFORE_READ = "reset_before_read"
    """Not created. The connection is reset before the body is read."""
    RESET_AFTER_CREATE = "reset_after_create"
    """Created. The connection is reset in place of an answer."""
    CLOSE_AFTER_CREATE = "close_after_create"
    """Created. The connection is closed in an orderly way in place of an answer."""
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
    """Created, under a random identity, which the 201 names instead of the one asked for."""
    HTML_502 = "html_502"
    """Not created, unless ``creates``. A gateway's HTML page with status 502."""
    NOT_HTTP = "not_http"
    """Not created, unless ``creates``. Bytes that are not HTTP, then the connection closes."""
    ERROR_500 = "error_500"
    """Not created. 500 with code 45700."""
    ERROR_500_CREATED = "error_500_created"
    """Created. 500 with code 45700 all the same."""
    ERROR_503 = "error_503"
    """Not created. 503 with code 45701."""
    ERROR_503_CREATED = "error_503_created"
    """Created. 503 with code 45701 all the same."""
    SLOW_FIRST_BYTE = "slow_first_byte"
    """Created. A truthful answer, ``seconds`` late."""
    LATE_CREATION = "late_creation"
    """Created, but only after ``seconds``; then a truthful answer, if anybody still listens."""
    STALL = "stall"
    """Created, unless ``creates = false``. Nothing is said for ``seconds``, then the connection closes."""
    REDIRECT_307 = "redirect_307"
    """Not created. 307 to the same path: a client that follows it posts again."""
    THROTTLE = "throttle"
    """Not created. 429 with code 45780 and no ``Retry-After``."""
    THROTTLE_SECONDS = "throttle_seconds"
    """Not created. 429 with ``Retry-After`` in ``seconds``."""
    THROTTLE_DATE = "throttle_date"
    """Not created. 429 with ``Retry-After`` as the HTTP date ``seconds`` from now."""
    THROTTLE_ABSURD = "throttle_absurd"
    """Not created. 429 with a ``Retry-After`` that nobody should obey; ``retry_after`` sets the text."""
    HALF_CREATION = "half_creation"
    """Half created: a conversation without a participant. 429 with code 45719."""
    PARTICIPANT_UNAUTHORIZED = "participant_unauthorized"
    """Half created. 403 with code 45711."""
    PARTICIPANT_INVALID = "participant_invalid"
    """Half created. 400 with code 45715."""
    LOOKUP_LAG = "lookup_lag"
    """Look-ups do not show the new conversation for ``seconds``. Comes on top of any other fault."""
    LOOKUP_FAILS = "lookup_fails"
    """A look-up is answered 500 with code 20500."""
    LOOKUP_THROTTLED = "lookup_throttled"
    """A look-up is answered 429 with code 20429."""
    MESSAGE_RESET = "message_reset"
    """Not posted. The connection is reset in place of an answer to a message."""
    MESSAGE_RESET_AFTER_CREATE = "message_reset_after_create"
    """Posted. The connection is reset in place of an answer."""
    MESSAGE_NULL_SID = "message_null_sid"
    """Posted. A 201 whose ``sid`` is null."""
    MESSAGE_ERROR_500 = "message_error_500"
    """Not posted. 500 with code 20500."""
    MESSAGE_ERROR_500_CREATED = "message_error_500_created"
    """Posted. 500 with code 20500 all the same."""
    MESSAGE_STALL = "message_stall"
    """Posted. Nothing is said for ``seconds``, then the connection closes."""
    MESSAGE_THROTTLED = "message_throttled"
    """Not posted. 429 with code 20429."""
    MESSAGE_REFUSED = "message_refused"
    """Not posted. 400 with code 20001."""


LONGEST_S = 86_400
"""How long a fault may last, or ask to wait: a day."""
WHOLE = 100.0
"""All requests, in percent."""

LOOKUP_FAULTS = frozenset({FaultName.LOOKUP_FAILS, FaultName.LOOKUP_THROTTLED})
"""Faults of look-ups; their numbers count look-ups."""

MESSAGE_FAULTS = frozenset(name for name in FaultName if name.startswith("message_"))
"""Faults of posted messages; their numbers count those. All other numbers count WebChats requests."""

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
"""The faults that take ``seconds``, and how many they take when the script does not say."""

DEFAULT_CREATES = {FaultName.HTML_502: False, FaultName.NOT_HTTP: False, FaultName.STALL: True}
"""The faults that may happen on either side of the creation, and the side they happen on by default."""


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """When one fault happens, and with which parameters.

    ``at`` names requests by number, counted from 1. ``percent`` is the share of the requests from number
    ``first`` to number ``last`` (None: to the end). Raise ``ValueError`` when that makes no sense.
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
        """How long the fault lasts or asks to wait, 0 where it has no duration."""
        return DEFAULT_SECONDS.get(self.name, 0.0) if self.seconds is None else self.seconds

    @property
    def is_after_creation(self) -> bool:
        """Say, for faults that may happen on either side, whether the conversation was created."""
        return DEFAULT_CREATES.get(self.name, False) if self.creates is None else self.creates

    def is_certain_at(self, number: int) -> bool:
        """Say whether the request of this number is named, or all requests around it meet the fault."""
        return number in self.at or (self.percent == WHOLE and self._is_inside(number))

    def chance_at(self, number: int) -> float:
        """Return the percentage of the requests around this number that meet the fault by chance."""
        return self.percent if self.percent < WHOLE and self._is_inside(number) else 0.0

    def _is_inside(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last)


@dataclass(frozen=True)
class FaultScript:
    """All faults of a run. An empty script means: nothing ever goes wrong.

    Within a family (WebChats requests; the lag of new conversations; look-ups; messages) at most one fault meets
    a request. What is certain (``at``, or 100 %) wins over chance, and of several certain rules the first wins.
    Raise ``ValueError`` when the chances of a family exceed 100 % anywhere.
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
        """Decide what happens to the WebChats request of this number."""
        return _pick(self._answers, self.seed, "answer", number) if self._answers else None

    def lag_of_webchat(self, number: int) -> FaultRule | None:
        """Decide whether the conversation that this WebChats request creates is shown late."""
        return _pick(self._lags, self.seed, "lag", number) if self._lags else None

    def for_lookup(self, number: int) -> FaultRule | None:
        """Decide what happens to the look-up of this number."""
        return _pick(self._lookups, self.seed, "lookup", number) if self._lookups else None

    def for_message(self, number: int) -> FaultRule | None:
        """Decide what happens to the message of this number."""
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
    """Return this number's place in [0, 1), the same for the same seed and stream."""
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
