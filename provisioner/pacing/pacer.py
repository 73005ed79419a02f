"""The pace: what was asked for, and what 429s and people make of it while it runs."""

import math
import random
from collections.abc import Callable
from datetime import datetime

from provisioner.options import Rate
from provisioner.system.clock import SYSTEM_CLOCK, Clock

from .daily_window import DailyWindow
from .schedule import ArrivalSchedule, Schedule, Unlimited
from .start_queue import Reservation, StartQueue

SHORTEST_PAUSE_S = 1.0
"""A shorter pause would land in the same second of the limit."""
LONGEST_PAUSE_S = 300.0
DOUBLINGS = 5
"""How often a pause without ``Retry-After`` doubles: up to half a minute."""


class Pacer:
    """Lets requests start at the asked pace, in the order they came, and gives way to 429s for all of them.

    Everything that calls the same endpoint passes the same pacer: first attempts, retries and look-ups.
    ``schedule`` takes the place of an even one. Outside of ``window`` nothing starts. With ``is_prompt`` a request
    is due when it asks for its turn, not when the schedule has a place for it.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        schedule: Schedule | None = None,
        window: DailyWindow | None = None,
        is_prompt: bool = False,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        even = Unlimited() if math.isinf(rate.per_second) else Schedule(rate.per_second)
        self._queue = StartQueue(rate, schedule or even, window=window, is_prompt=is_prompt, clock=clock)
        self._strikes = 0
        self._jitter = jitter

    @property
    def target_rate(self) -> float:
        """Starts per second that were asked for; infinite for no limit."""
        return self._queue.adaptive_rate.asked

    @property
    def rate(self) -> float:
        """Starts per second right now."""
        return self._queue.adaptive_rate.rate(self._queue.now())

    @property
    def paused_for(self) -> float:
        """Seconds of pause that are left, 0.0 for none."""
        return self._queue.schedule.paused_for(self._queue.now())

    @property
    def pause_reason(self) -> str:
        """Why nothing starts at all, for people; empty while something may."""
        opens = None if self._queue.hold else self.closed_until
        return self._queue.hold if opens is None else f"until {opens:%H:%M} (window)"

    @property
    def closed_until(self) -> datetime | None:
        """When the window opens, in its own zone; None where it is open, or there is none."""
        return self._queue.closed_until

    def reserve(self, *, again: bool = False) -> Reservation:
        """Queue for one start, which repeats another if ``again``; see ``Reservation``."""
        return Reservation(self._queue, again=again)

    def on_throttled(self, retry_after_s: float | None = None) -> float:
        """Pause everyone after a 429 and cut the pace; return the seconds of pause.

        Answers to requests that were under way when the pause began lengthen it, and cut no further. Without
        ``Retry-After`` the pause doubles with each 429 in a row, from one second.
        """
        now = self._queue.now()
        is_first = not self._queue.schedule.paused_for(now)
        self._strikes += is_first
        pause = max(retry_after_s or 2.0 ** min(self._strikes - 1, DOUBLINGS), SHORTEST_PAUSE_S)
        pause = min(pause, LONGEST_PAUSE_S) * self._jitter(1.0, 1.25)
        if is_first:
            self._queue.adaptive_rate.on_throttled(
                now, until=now + pause, achieved=self._queue.schedule.achieved(now)
            )
        self._queue.schedule.pause(now + pause)
        return pause

    def on_success(self) -> None:
        """Note an answer that was no 429: the next one starts with a short pause again."""
        self._strikes = 0

    def pause(self, reason: str) -> None:
        """Start nothing until ``resume``; ``reason`` is for people."""
        self._queue.hold = reason

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._queue.hold = ""
        self._queue.wake()

    def set_rate(self, rate: Rate) -> None:
        """Change the pace from now on, whatever 429s have made of it.

        A schedule of arrivals is stretched to it.
        """
        if isinstance(self._queue.schedule, ArrivalSchedule):
            self._queue.schedule.retime(rate.per_second, self._queue.now())
        self._queue.set_rate(rate)

    def close(self) -> None:
        """Let nothing start any more: everyone who waits, or comes later, gets ``GateClosed``."""
        self._queue.close()
