"""Who: lets waiting requests through one at a time, when their time has come."""

import asyncio
import math
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from asyncio_throttle import Throttler

from provisioner.options import Rate
from provisioner.ports.sending import GateClosed

from .adaptive_rate import AdaptiveRate
from .daily_window import DailyWindow
from .places import Places
from .schedule import WINDOW_S, ArrivalSchedule, Schedule, Unlimited

LEAD_S = 1.0
"""How long before its turn a request may take its connection; longer, and the server may close it."""
SHORTEST_SLEEP_S = 0.0006
"""Loops count in milliseconds and some round: a shorter timer would spin there."""
NAP_S = 0.002
"""Event-loop timers fire up to 2 ms late, so the last 2 ms of a wait are a blocking sleep."""
UNHURRIED = 100.0
"""Starts a second above which the blocking sleep would cost throughput, so it is not used."""
SHORTEST_PAUSE_S = 1.0
"""A shorter pause would land in the same second of the limit."""
LONGEST_PAUSE_S = 300.0
DOUBLINGS = 5
"""How often a pause without ``Retry-After`` doubles: up to half a minute."""


class Pacer:
    """Lets requests start at the asked pace, in the order they came, and gives way to 429s for all of them.

    Everything that calls the same endpoint passes the same pacer: first attempts, retries and look-ups. Only one
    waiter has a timer; the others queue behind it and cost nothing. ``schedule`` takes the place of an even one.
    Outside of ``window`` nothing starts. With ``is_prompt`` a request is due when it asks for its turn, not when
    the schedule has a place for it.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        schedule: Schedule | None = None,
        window: DailyWindow | None = None,
        is_prompt: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
        nap: Callable[[float], None] = time.sleep,
    ) -> None:
        self._adaptive_rate = AdaptiveRate(rate)
        self._window, self._is_prompt = window, is_prompt
        self._schedule = schedule or (Unlimited() if math.isinf(rate.per_second) else Schedule(rate.per_second))
        self._throttler = Throttler(self._schedule.cap, WINDOW_S)
        self._places = Places(_places(rate.per_second))
        self._front = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._is_closed = False
        self._hold = ""
        self._strikes = 0
        self._clock, self._wall, self._jitter, self._nap = clock, wall, jitter, nap

    @property
    def target_rate(self) -> float:
        """Starts per second that were asked for; infinite for no limit."""
        return self._adaptive_rate.asked

    @property
    def rate(self) -> float:
        """Starts per second right now."""
        return self._adaptive_rate.rate(self._clock())

    @property
    def paused_for(self) -> float:
        """Seconds of pause that are left, 0.0 for none."""
        return self._schedule.paused_for(self._clock())

    @property
    def pause_reason(self) -> str:
        """Why nothing starts at all, for people; empty while something may."""
        opens = None if self._hold else self.closed_until
        return self._hold if opens is None else f"until {opens:%H:%M} (window)"

    @property
    def closed_until(self) -> datetime | None:
        """When the window opens, in its own zone; None where it is open, or there is none."""
        return self._window.closed_until(self._moment(0.0)) if self._window else None

    def reserve(self, *, again: bool = False) -> "Reservation":
        """Queue for one start, which repeats another if ``again``; see ``Reservation``."""
        return Reservation(self, again=again)

    def on_throttled(self, retry_after_s: float | None = None) -> float:
        """Pause everyone after a 429 and cut the pace; return the seconds of pause.

        Answers to requests that were under way when the pause began lengthen it, and cut no further. Without
        ``Retry-After`` the pause doubles with each 429 in a row, from one second.
        """
        now = self._clock()
        is_first = not self._schedule.paused_for(now)
        self._strikes += is_first
        pause = max(retry_after_s or 2.0 ** min(self._strikes - 1, DOUBLINGS), SHORTEST_PAUSE_S)
        pause = min(pause, LONGEST_PAUSE_S) * self._jitter(1.0, 1.25)
        if is_first:
            self._adaptive_rate.on_throttled(now, until=now + pause, achieved=self._schedule.achieved(now))
        self._schedule.pause(now + pause)
        return pause

    def on_success(self) -> None:
        """Note an answer that was no 429: the next one starts with a short pause again."""
        self._strikes = 0

    def pause(self, reason: str) -> None:
        """Start nothing until ``resume``; ``reason`` is for people."""
        self._hold = reason

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._hold = ""
        self._ring()

    def set_rate(self, rate: Rate) -> None:
        """Change the pace from now on, whatever 429s have made of it.

        A schedule of arrivals is stretched to it.
        """
        self._places.resize(_places(rate.per_second))
        self._adaptive_rate = AdaptiveRate(rate)
        if isinstance(self._schedule, ArrivalSchedule):
            self._schedule.retime(rate.per_second, self._clock())
        self._ring()

    def close(self) -> None:
        """Let nothing start any more: everyone who waits, or comes later, gets ``GateClosed``."""
        self._is_closed = True
        self._ring()

    @property
    def _is_free(self) -> bool:
        """Whether a request need not wait for anything, so that the way that costs nothing is open to it."""
        is_unlimited = isinstance(self._schedule, Unlimited) and math.isinf(self._adaptive_rate.asked)
        return is_unlimited and self._window is None and not self._hold and not self._is_closed

    def _pass_freely(self, asked: float) -> float:
        now = self._clock()
        self._schedule.start(now)
        return self._wall() - (now - asked) if self._is_prompt else self._wall()

    async def _approach(self, *, again: bool) -> None:
        await self._places.take()
        try:
            async with self._front:
                await self._sleep_until(lambda now: self._ready_at(now, again=again) - LEAD_S)
        except BaseException:
            self._places.give_back()
            raise

    async def _pass(self, asked: float, *, again: bool) -> float:
        async with self._front:
            await self._sleep_until(lambda now: self._ready_at(now, again=again))
            if not isinstance(self._schedule, Unlimited):
                await self._throttler.acquire()
            now = self._clock()
            due = self._schedule.start(now, again=again)
            # It is written when the loop comes round, so that one round later it has left: noted before, a process
            # that is interrupted in between would let the start that is a window later follow too closely.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._leave, now)
            return self._wall() - (now - (asked if self._is_prompt else due))

    def _leave(self, started: float) -> None:
        self._schedule.mark_sent(started, self._clock())

    def _ready_at(self, now: float, *, again: bool) -> float:
        rate = self._adaptive_rate.rate(now)
        if rate != self._schedule.rate:
            self._follow(rate)
        return self._opened_at(self._schedule.ready_at(now, again=again), now)

    def _opened_at(self, ready_at: float, now: float) -> float:
        """Return ``ready_at``, or when the window opens after that, on the same clock.

        Asked anew whenever a sleep is over, since the wall clock may have been set meanwhile.
        """
        if self._window is None or not math.isfinite(ready_at):
            return ready_at
        moment = self._moment(ready_at - now)
        opens = self._window.closed_until(moment)
        return ready_at if opens is None else ready_at + (opens - moment).total_seconds()

    def _moment(self, ahead_s: float) -> datetime:
        return datetime.fromtimestamp(self._wall() + ahead_s, UTC)

    def _follow(self, rate: float) -> None:
        if isinstance(self._schedule, Unlimited):
            paused, self._schedule = self._schedule, Schedule(rate)
            self._schedule.pause(self._clock() + paused.paused_for(self._clock()))
        self._schedule.rate = rate
        self._throttler.rate_limit = self._schedule.cap

    async def _sleep_until(self, ready_at: Callable[[float], float]) -> None:
        while not self._is_closed and (self._hold or (delay := ready_at(now := self._clock()) - now) > 0):
            naps_s = NAP_S if self._schedule.rate <= UNHURRIED else 0.0
            if not self._hold and delay <= naps_s:
                self._nap(delay)
                break
            loop = asyncio.get_running_loop()
            self._alarm = loop.create_future()
            timer = None if self._hold else loop.call_later(max(delay - naps_s, SHORTEST_SLEEP_S), self._ring)
            try:
                await self._alarm
            finally:
                if timer is not None:
                    timer.cancel()
                self._alarm = None
        if self._is_closed:
            raise GateClosed

    def _ring(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)


class Reservation:
    """One request's place in the queue: enter it before connecting, wait at it before sending.

    Few requests at a time are let in, so that none holds an idle connection for long. Leaving without having
    waited (the connection failed) frees the place.
    """

    __slots__ = ("_again", "_asked", "_holds_place", "_pacer")

    def __init__(self, pacer: Pacer, *, again: bool) -> None:
        self._pacer, self._again = pacer, again
        self._holds_place = False
        self._asked = pacer._clock()  # noqa: SLF001 - a turn is a part of its pacer

    async def __aenter__(self) -> Self:
        if not self._pacer._is_free:  # noqa: SLF001 - a turn is a part of its pacer
            await self._pacer._approach(again=self._again)  # noqa: SLF001
            self._holds_place = True
        return self

    async def wait(self) -> float:
        """Return the due time (Unix seconds) when the request may leave; raise ``GateClosed`` when it may not."""
        if self._pacer._is_free:  # noqa: SLF001
            return self._pacer._pass_freely(self._asked)  # noqa: SLF001
        due = await self._pacer._pass(self._asked, again=self._again)  # noqa: SLF001
        self._leave()
        return due

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._holds_place:
            self._holds_place = False
            self._pacer._places.give_back()  # noqa: SLF001


def _places(rate: float) -> int:
    """How many requests may hold a connection while they wait: half a second's worth, at least one."""
    return 10_000 if math.isinf(rate) else max(1, math.ceil(rate / 2))
