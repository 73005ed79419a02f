"""Rate, hours and arrival times with which the requests of a run start."""

import math
from datetime import datetime, timedelta

import msgspec
from msgspec import structs

from provisioner.ledger import SharedRate
from provisioner.load import Arrivals
from provisioner.options import Rate
from provisioner.pacing import ArrivalSchedule, DailyWindow, HostReachability, Pacer, SharedPacer
from provisioner.planning.forecast import Timing
from provisioner.planning.history import HISTORY_PER_SECOND

MESSAGES_PER_SECOND = 10.0
"""Lowest rate of first messages per second. Messages go at twice the rate of WebChats, so that they hardly wait.
Twilio: messages are limited to 30 per second in each conversation."""


class SendSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """Rate of a run, and the hours of the day in which it sends (None: all).

    ``arrivals`` give the due times of the rows of a load test; None starts rows evenly, at ``rate``.
    ``has_history`` says that messages of old chats are posted, too.
    """

    rate: Rate
    window: DailyWindow | None = None
    arrivals: Arrivals | None = None
    has_history: bool = False

    def is_timed(self, rows: int) -> bool:
        """Whether the run is complete when its schedule is over, even when rows are left.

        ``rows`` is ``--limit``, 0 for none. A limit that ends the run before its schedule does leaves rows over.
        """
        if self.arrivals is None:
            return False
        offered = self.arrivals.offered
        return not rows or (offered is not None and offered <= rows)

    @property
    def peak_rate(self) -> Rate:
        """Highest requested rate."""
        return self.rate if self.arrivals is None else Rate(per_second=self.arrivals.peak)

    @property
    def message_rate(self) -> Rate:
        """Rate of messages: twice the rate of WebChats, at least ``MESSAGES_PER_SECOND``, more for histories."""
        peak = self.peak_rate
        least = HISTORY_PER_SECOND if self.has_history else MESSAGES_PER_SECOND
        return structs.replace(peak, per_second=max(2 * peak.per_second, least))

    @property
    def timing(self) -> Timing:
        """Rate, duration and end of sending, for the forecast."""
        arrivals = self.arrivals
        duration_s = arrivals.duration_s if arrivals and arrivals.offered is not None else None
        return Timing(rate=self.peak_rate, duration_s=duration_s, finish=self._finish)

    @property
    def is_shareable(self) -> bool:
        """Whether rows start evenly at a rate, which all workers and jobs of an account can keep together."""
        return self.arrivals is None and math.isfinite(self.rate.per_second)

    def limit(self, rows: int) -> int | None:
        """Return the most rows that one run may send, None for no limit; ``rows`` is ``--limit``, 0 for none."""
        limits = [rows or None, self.arrivals.offered if self.arrivals else None]
        return min((limit for limit in limits if limit is not None), default=None)

    def pacer(self, *, lone: int, host: HostReachability | None, shared_rate: SharedRate | None = None) -> Pacer:
        """Return a new pacer for WebChats; the first ``lone`` rows (the canary) are sent one after the other.

        With ``shared_rate``, rows that start evenly pass one pace with all that share it. There is none to share
        without a limit.
        """
        if shared_rate is not None and self.is_shareable:
            return SharedPacer(self.rate, shared_rate, window=self.window, host=host)
        if self.arrivals is None:
            return Pacer(self.rate, window=self.window, host=host)
        schedule = ArrivalSchedule(
            self.arrivals.times(), rate=self.arrivals.peak, headroom=self.arrivals.headroom, lone=lone
        )
        return Pacer(self.peak_rate, schedule=schedule, window=self.window, host=host)

    def message_pacer(self, host: HostReachability | None) -> Pacer:
        """Return a new pacer for first messages."""
        return Pacer(self.message_rate, is_prompt=True, window=self.window, host=host)

    def _finish(self, start: datetime, seconds: float) -> datetime | None:
        return self.window.finish(start, seconds) if self.window else start + timedelta(seconds=seconds)
