"""Pacer: rate limiter for all requests to one endpoint; 429 replies slow it down, and users can pause it."""

import math
import random
from collections.abc import Callable
from datetime import datetime

from provisioner.options import Rate
from provisioner.system.clock import SYSTEM_CLOCK, Clock
from provisioner.system.shown_time import clock_text

from .daily_window import DailyWindow
from .reachability import HostReachability
from .schedule import ArrivalSchedule, Schedule, Unlimited
from .start_queue import Reservation, StartQueue

SHORTEST_PAUSE_S = 1.0
"""Shortest pause after a 429 in seconds. Twilio: WebChats are limited per second, so a shorter pause may end in
that second."""
LONGEST_PAUSE_S = 300.0
"""Longest pause after a 429 in seconds, before jitter, also when ``Retry-After`` asks for more."""
DOUBLINGS = 5
"""How often a pause without ``Retry-After`` is doubled: from 1 s to at most 32 s."""


class Pacer:
    """Rate limiter that lets requests start at ``rate``, in the order in which they asked.

    After a 429 it pauses all requests and reduces the rate. All requests to one endpoint share one pacer: first
    attempts, retries and look-ups. ``schedule`` replaces the default of evenly spaced starts. Nothing starts
    outside ``window``. With ``is_prompt``, the due time of a request is the time at which it was reserved, and
    not the next time of the schedule. While ``host`` cannot be reached, one request at a time tries to connect;
    without ``host``, a failed connection counts as an attempt.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        schedule: Schedule | None = None,
        window: DailyWindow | None = None,
        is_prompt: bool = False,
        host: HostReachability | None = None,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        even = Unlimited() if math.isinf(rate.per_second) else Schedule(rate.per_second)
        self._queue = StartQueue(
            rate, schedule or even, window=window, is_prompt=is_prompt, clock=clock, host=host
        )
        self._strikes = 0
        self._jitter = jitter

    @property
    def target_rate(self) -> float:
        """Requested rate in starts per second; infinite for no limit."""
        return self._queue.adaptive_rate.asked

    @property
    def target(self) -> Rate:
        """Requested rate, as ``set_rate`` takes it; for ``auto``, the highest one that is tried."""
        state = self._queue.adaptive_rate.state
        return Rate(per_second=state.asked, is_auto=state.is_auto)

    @property
    def is_held(self) -> bool:
        """Whether ``pause`` was called, and ``resume`` was not."""
        return bool(self._queue.hold)

    @property
    def rate(self) -> float:
        """Current rate in starts per second; infinite for no limit."""
        return self._queue.adaptive_rate.rate(self._queue.now())

    @property
    def paused_for(self) -> float:
        """Remaining seconds of the pause after a 429, 0.0 without a pause."""
        return self._queue.schedule.paused_for(self._queue.now())

    @property
    def pause_reason(self) -> str:
        """Why no request may start, as text for the user; empty when requests may start."""
        opens = None if self._queue.hold else self.closed_until
        return self._queue.hold if opens is None else f"until {clock_text(opens, 'minutes')} (window)"

    @property
    def closed_until(self) -> datetime | None:
        """When the daily window opens, in its time zone; None when it is open or there is no window."""
        return self._queue.closed_until

    def reserve(self, *, again: bool = False) -> Reservation:
        """Return a context manager for one start; see ``Reservation``. ``again`` marks a repeated attempt."""
        return Reservation(self._queue, again=again)

    async def vacancy(self) -> None:
        """Wait until no request waits to enter the queue: one that is made now is the next."""
        await self._queue.vacancy()

    def on_throttled(self, retry_after_s: float | None = None, *, age_s: float = 0.0) -> float:
        """Pause all requests after a 429 and reduce the rate; return the length of the pause in seconds.

        ``retry_after_s`` is the value of ``Retry-After`` in seconds. Without it, the pause is 1 s and doubles with
        each consecutive 429. A 429 that arrives during a pause may extend the pause; it does not reduce the rate.
        The refused request was sent ``age_s`` seconds before.
        """
        now = self._queue.now()
        is_first = not self._queue.schedule.paused_for(now)
        self._strikes += is_first
        pause = max(retry_after_s or 2.0 ** min(self._strikes - 1, DOUBLINGS), SHORTEST_PAUSE_S)
        pause = min(pause, LONGEST_PAUSE_S) * self._jitter(1.0, 1.25)
        if is_first:
            self._queue.adaptive_rate.on_throttled(
                now, until=now + pause, achieved=self._queue.schedule.achieved(now), age_s=age_s
            )
        self._queue.schedule.pause(now + pause)
        return pause

    def on_success(self) -> None:
        """Note a reply that was not a 429, so that the next 429 starts with the shortest pause again."""
        self._strikes = 0

    def pause(self, reason: str) -> None:
        """Start no request until ``resume``; ``reason`` is shown to the user."""
        self._queue.hold = reason

    def resume(self) -> None:
        """Let requests start again after ``pause``."""
        self._queue.hold = ""
        self._queue.wake()

    def set_rate(self, rate: Rate) -> None:
        """Change the requested rate, and discard reductions after 429s.

        An arrival schedule is stretched so that its highest rate becomes this one.
        """
        if isinstance(self._queue.schedule, ArrivalSchedule):
            self._queue.schedule.retime(rate.per_second, self._queue.now())
        self._queue.set_rate(rate)

    def close(self) -> None:
        """Let no more requests start: those that wait, and later ones, get ``GateClosed``."""
        self._queue.close()
