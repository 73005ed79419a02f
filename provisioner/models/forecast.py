"""What a run will do, before it does it."""

from datetime import datetime

import msgspec

from provisioner.models import Counts

TWILIO_LIMIT = 5.0
"""WebChats a second that Twilio lets through, per account, the live website's own included."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """The plan in figures. ``duration_s`` and ``finishes_at`` are None where no pace is kept.

    ``finishes_at`` is None also where that lies more than ten years ahead.
    """

    counts: Counts
    to_send: int
    to_post: int = 0
    to_look_up: int = 0
    rate_asked: float | None
    duration_s: float | None
    finishes_at: datetime | None
    notes: tuple[str, ...] = ()

    @property
    def has_work(self) -> bool:
        """Say whether anything will be asked of Twilio."""
        return bool(self.to_send or self.to_post or self.to_look_up)
