"""Forecast of a run: what it will send and how long that takes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from provisioner.models import Counts

TWILIO_LIMIT = 5.0
"""Maximum WebChats per second and account, including those of the live website.

Source: Twilio, https://www.twilio.com/docs/flex/developer/messaging/limits and error 45780,
https://www.twilio.com/docs/api/errors/45780.
"""


class MappedField(msgspec.Struct, frozen=True, kw_only=True):
    """Where a field of the requests comes from, in words, and an example of its text, empty if there is none."""

    field: str
    origin: str = msgspec.field(name="from")
    example: str


class AccountForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one account of a job for many, whose name is empty where the user gave it none.

    ``to_send`` of its rows will be created. ``rate_asked`` is in starts per second, ``duration_s`` the seconds
    that they take; both are None without a rate limit.
    """

    account_sid: str
    name: str
    counts: Counts
    to_send: int
    rate_asked: float | None
    duration_s: float | None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a planned run, and where the fields of its requests come from, if that is to be shown.

    ``to_send`` rows will be created, ``to_post`` created rows need only their first message, and ``to_look_up``
    rows are unknown and will be reconciled first. ``rate_asked`` is in starts per second. ``duration_s`` (seconds)
    and ``finishes_at`` are None without a rate limit; ``finishes_at`` is None also when it is more than ten years
    ahead. ``accounts`` has the figures of each account of a job for many.
    """

    counts: Counts
    to_send: int
    to_post: int = 0
    to_look_up: int = 0
    rate_asked: float | None
    duration_s: float | None
    finishes_at: datetime | None
    notes: tuple[str, ...] = ()
    mapping: Sequence[MappedField] = ()
    accounts: Sequence[AccountForecast] = ()

    @property
    def has_work(self) -> bool:
        """Whether the run will send any request to Twilio."""
        return bool(self.to_send or self.to_post or self.to_look_up)
