"""When the requests of a run may start."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisioner.load import Arrivals
from provisioner.options import Rate
from provisioner.pacing import ArrivalSchedule, DailyWindow, Pacer
from provisioner.planning.forecast import Timing

MESSAGES_PER_SECOND = 10.0
"""Twilio allows 30 a second for each conversation; they go twice as fast as WebChats, so that hardly any waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSchedule:
    """The rate of a run, and the hours of the day in which it sends.

    ``arrivals`` say when the rows of a load test are due; None starts rows evenly, at ``rate``.
    """

    rate: Rate
    window: DailyWindow | None = None
    arrivals: Arrivals | None = None

    @property
    def is_timed(self) -> bool:
        """Say whether the run ends when its time is up, whatever rows are left."""
        return self.arrivals is not None

    @property
    def peak_rate(self) -> Rate:
        """The rate that was asked for, at its highest."""
        return self.rate if self.arrivals is None else Rate(per_second=self.arrivals.peak)

    @property
    def message_rate(self) -> Rate:
        """How fast messages may be posted while WebChats are created."""
        peak = self.peak_rate
        return replace(peak, per_second=max(2 * peak.per_second, MESSAGES_PER_SECOND))

    @property
    def timing(self) -> Timing:
        """How fast rows are sent, how long it takes where rows and rate do not tell, and when that is over."""
        arrivals = self.arrivals
        duration_s = arrivals.duration_s if arrivals and arrivals.offered is not None else None
        return Timing(rate=self.peak_rate, duration_s=duration_s, finish=self._finish)

    def limit(self, rows: int) -> int | None:
        """Return how many rows one run may send of which ``rows`` were asked for (0: all); None for no limit."""
        limits = [rows or None, self.arrivals.offered if self.arrivals else None]
        return min((limit for limit in limits if limit is not None), default=None)

    def pacer(self, *, lone: int) -> Pacer:
        """Return what lets WebChats start; the first ``lone`` ones are sent one by one."""
        if self.arrivals is None:
            return Pacer(self.rate, window=self.window)
        schedule = ArrivalSchedule(
            self.arrivals.times(), rate=self.arrivals.peak, headroom=self.arrivals.headroom, lone=lone
        )
        return Pacer(self.peak_rate, schedule=schedule, window=self.window)

    def message_pacer(self) -> Pacer:
        """Return what lets first messages start."""
        return Pacer(self.message_rate, is_prompt=True, window=self.window)

    def _finish(self, start: datetime, seconds: float) -> datetime | None:
        return self.window.finish(start, seconds) if self.window else start + timedelta(seconds=seconds)
