"""The one place that decides when the next request may start.

Three parts, innermost first: ``Governor`` knows how fast (asked, cut after a 429, creeping back), ``Schedule``
turns that into times (pure arithmetic), ``Pacer`` lets requests through one at a time when their time has come.
An ``asyncio_throttle.Throttler`` behind the schedule is the hard cap: it never lets more starts into one second
than were asked for, whatever the schedule says.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from asyncio_throttle import Throttler

from provisioner.options import Rate
from provisioner.ports import GateClosed

WINDOW_S = 1.0
"""Twilio counts WebChats per second."""
MARGIN_S = 0.0008
"""How much longer than a second a full window is kept, for what the way to the server may shorten."""
CATCH_UP_S = 0.05
"""How far a late schedule may run behind before it is moved: more would come out as a burst."""
LEAD_S = 1.0
"""How long before its turn a request may take its connection; longer, and the server may close it."""
SHORTEST_SLEEP_S = 0.0006
"""Loops count in milliseconds and some round: a shorter timer would spin there."""

CUT = 0.7
"""What a 429 leaves of the pace."""
HOLD_S = 10.0
"""How long a cut pace is kept before it creeps back."""
RECOVERY_S = 60.0
"""How long creeping back to the asked pace takes."""
SHORTEST_PAUSE_S = 1.0
"""A shorter pause would land in the same second of the limit."""
LONGEST_PAUSE_S = 300.0
DOUBLINGS = 5
"""How often a pause without ``Retry-After`` doubles: up to half a minute."""
AUTO_GROWTH = 1.05
"""What ``--rate auto`` multiplies its pace with every ``HOLD_S`` without a 429."""
AUTO_CEILING = 1000.0


class Governor:
    """How many starts a second are right now: asked for, cut by 429s, creeping back. Pure: time is handed in."""

    def __init__(self, rate: Rate) -> None:
        self.asked = rate.per_second
        self._is_auto = rate.is_auto
        self._base = rate.per_second
        self._since = -math.inf

    def rate(self, now: float) -> float:
        """Return the starts per second at ``now`` (monotonic seconds)."""
        if self._is_auto:
            return self._probing_rate(now)
        if self._base >= self.asked:
            return self.asked
        recovered = min(max((now - self._since - HOLD_S) / RECOVERY_S, 0.0), 1.0)
        return self._base + (self.asked - self._base) * recovered

    def _probing_rate(self, now: float) -> float:
        if self._since == -math.inf:
            self._since = now
        most_steps = math.log(AUTO_CEILING / self._base, AUTO_GROWTH)
        steps = min((now - self._since) / HOLD_S, most_steps)
        return self._base * math.pow(AUTO_GROWTH, steps)

    def cut(self, now: float, *, achieved: float) -> None:
        """Give way after a 429: keep ``CUT`` of the present rate, or of ``achieved`` where there was no limit."""
        present = self.rate(now)
        if math.isinf(present):
            present = self.asked = max(achieved, 1.0)
        self._base = present * CUT
        self._since = now


class Schedule:
    """When the next start is due, and how early it may leave. Pure arithmetic over monotonic seconds."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._due = -math.inf
        self._starts: deque[float] = deque()
        self._not_before = -math.inf

    @property
    def cap(self) -> int:
        """Most starts in any window of one second."""
        return max(1, math.ceil(self.rate))

    def due(self, now: float) -> float:
        """Return when the next start should leave, were it on time."""
        behind = now - min(CATCH_UP_S, 1 / self.rate) if self._starts else now
        return max(self._due, self._not_before, behind)

    def ready_at(self, now: float) -> float:
        """Return the earliest time at which the next start keeps the pace in every window."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        full_until = self._starts[0] + WINDOW_S + MARGIN_S if len(self._starts) == self.cap else -math.inf
        return max(self.due(now), full_until)

    def start(self, now: float) -> float:
        """Record a start at ``now`` and return when it was due."""
        due = self.due(now)
        self._due = due + 1 / self.rate
        self._starts.append(now)
        return due

    def pause(self, until: float) -> None:
        """Let nothing start before ``until``."""
        self._not_before = max(self._not_before, until)

    def paused_for(self, now: float) -> float:
        """Return the seconds of pause that are left, 0.0 for none."""
        return max(self._not_before - now, 0.0)

    def achieved(self, now: float) -> float:
        """Return how many starts lie in the second before ``now``, at most the cap."""
        return float(sum(1 for start in self._starts if now - start < WINDOW_S))


class Unlimited(Schedule):
    """The schedule of ``--rate 0``: always due, but pauses hold, and the last second's starts are counted."""

    def __init__(self) -> None:
        super().__init__(math.inf)

    @property
    def cap(self) -> int:
        """Enough to measure what was achieved when a 429 ends the freedom."""
        return 1000

    def due(self, now: float) -> float:
        """Return ``now``, or the end of a pause."""
        return max(self._not_before, now)

    def ready_at(self, now: float) -> float:
        """Return the same: no window is kept."""
        while len(self._starts) > self.cap:
            self._starts.popleft()
        return self.due(now)

    def start(self, now: float) -> float:
        """Record a start at ``now``."""
        self._starts.append(now)
        return now


class Pacer:
    """Lets requests start at the asked pace, in the order they came, and gives way to 429s for all of them.

    Everything that calls the same endpoint passes the same pacer: first attempts, retries and look-ups. Only one
    waiter has a timer; the others queue behind it and cost nothing.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._governor = Governor(rate)
        self._schedule = Unlimited() if math.isinf(rate.per_second) else Schedule(rate.per_second)
        self._throttler = Throttler(self._schedule.cap, WINDOW_S)
        self._places = asyncio.Semaphore(_places(rate.per_second))
        self._front = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._is_closed = False
        self._strikes = 0
        self._clock, self._wall, self._jitter = clock, wall, jitter

    @property
    def asked(self) -> float:
        """Starts per second that were asked for; infinite for no limit."""
        return self._governor.asked

    @property
    def rate(self) -> float:
        """Starts per second right now."""
        return self._governor.rate(self._clock())

    @property
    def paused_for(self) -> float:
        """Seconds of pause that are left, 0.0 for none."""
        return self._schedule.paused_for(self._clock())

    def turn(self) -> "Turn":
        """Queue for one start; see ``Turn``."""
        return Turn(self)

    def give_way(self, retry_after_s: float | None = None) -> float:
        """Pause everyone after a 429 and cut the pace; return the seconds of pause.

        Answers to requests that were under way when the pause began lengthen it, and cut no further. Without
        ``Retry-After`` the pause doubles with each 429 in a row, from one second.
        """
        now = self._clock()
        if not self._schedule.paused_for(now):
            self._governor.cut(now, achieved=self._schedule.achieved(now))
            self._strikes += 1
        pause = max(retry_after_s or 2.0 ** min(self._strikes - 1, DOUBLINGS), SHORTEST_PAUSE_S)
        pause = min(pause, LONGEST_PAUSE_S) * self._jitter(1.0, 1.25)
        self._schedule.pause(now + pause)
        return pause

    def accept(self) -> None:
        """Note an answer that was no 429: the next one starts with a short pause again."""
        self._strikes = 0

    def close(self) -> None:
        """Let nothing start any more: everyone who waits, or comes later, gets ``GateClosed``."""
        self._is_closed = True
        self._ring()

    async def _approach(self) -> None:
        await self._places.acquire()
        try:
            async with self._front:
                await self._sleep_until(lambda now: self._schedule.ready_at(now) - LEAD_S)
        except BaseException:
            self._places.release()
            raise

    async def _pass(self) -> float:
        async with self._front:
            await self._sleep_until(self._ready_at)
            await self._throttler.acquire()
            now = self._clock()
            return self._wall() - (now - self._schedule.start(now))

    def _ready_at(self, now: float) -> float:
        rate = self._governor.rate(now)
        if rate != self._schedule.rate:
            self._follow(rate)
        return self._schedule.ready_at(now)

    def _follow(self, rate: float) -> None:
        if isinstance(self._schedule, Unlimited):
            paused, self._schedule = self._schedule, Schedule(rate)
            self._schedule.pause(self._clock() + paused.paused_for(self._clock()))
        self._schedule.rate = rate
        self._throttler.rate_limit = self._schedule.cap

    async def _sleep_until(self, ready_at: Callable[[float], float]) -> None:
        while not self._is_closed and (delay := ready_at(now := self._clock()) - now) > 0:
            loop = asyncio.get_running_loop()
            self._alarm = loop.create_future()
            timer = loop.call_later(max(delay, SHORTEST_SLEEP_S), self._ring)
            try:
                await self._alarm
            finally:
                timer.cancel()
                self._alarm = None
        if self._is_closed:
            raise GateClosed

    def _ring(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)


class Turn:
    """One request's place in the queue: enter it before connecting, wait at it before sending.

    Few requests at a time are let in, so that none holds an idle connection for long. Leaving without having
    waited (the connection failed) frees the place.
    """

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._holds_place = False

    async def __aenter__(self) -> Self:
        await self._pacer._approach()  # noqa: SLF001 - a turn is a part of its pacer
        self._holds_place = True
        return self

    async def wait(self) -> float:
        """Return the due time (Unix seconds) when the request may leave; raise ``GateClosed`` when it may not."""
        due = await self._pacer._pass()  # noqa: SLF001
        self._leave()
        return due

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        if self._holds_place:
            self._holds_place = False
            self._pacer._places.release()  # noqa: SLF001


def _places(rate: float) -> int:
    """How many requests may hold a connection while they wait: half a second's worth, at least one."""
    return 10_000 if math.isinf(rate) else max(1, math.ceil(rate / 2))
