"""Queue of requests that wait for their start time."""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from asyncio_throttle import Throttler

from provisioner.models import ConnectFailure, ForeignReply
from provisioner.options import Rate
from provisioner.ports.sending import GateClosed, SendPermit
from provisioner.system.clock import Clock

from .adaptive_rate import AdaptiveRate
from .daily_window import DailyWindow
from .permits import held_or
from .places import Places
from .reachability import HostReachability
from .schedule import WINDOW_S, Schedule, Unlimited

LEAD_S = 1.0
"""Seconds before its start at which a request may open a connection; a server may close one that idles longer."""
SHORTEST_SLEEP_S = 0.0006
"""Shortest timer in seconds. Some event loops round a shorter timer to 0 ms and busy-wait."""
NAP_S = 0.002
"""Event-loop timers fire up to 2 ms late, so the last 2 ms of a wait are a blocking sleep."""
UNHURRIED = 100.0
"""Starts a second above which the blocking sleep would cost throughput, so it is not used."""


class StartQueue:
    """Queue of requests that wait for their start, in the order in which they asked.

    Only the first waiter has a timer; the others wait for a lock. ``schedule``, ``adaptive_rate`` and ``window``
    (None: always open) determine when the next request may start. Nothing starts while ``hold`` is not empty; its
    text is the reason as shown to the user. With ``is_prompt``, the due time of a request is the time at which it
    was reserved, and not the next time of the schedule. While ``host`` cannot be reached, ``enter`` admits one
    request at a time.
    """

    def __init__(
        self,
        rate: Rate,
        schedule: Schedule,
        *,
        window: DailyWindow | None,
        is_prompt: bool,
        clock: Clock,
        host: HostReachability | None = None,
    ) -> None:
        self.host = host
        self._host_changed = asyncio.Event()
        if host is not None:
            host.on_change(self._notify)
        self.schedule, self.adaptive_rate = schedule, AdaptiveRate(rate)
        self.hold = ""
        self.has_waited = False
        """Whether a request has waited for its start; whoever reads it resets it."""
        self.now = clock.monotonic
        """Return the current time of the schedule, in monotonic seconds."""
        self._wall, self._nap = clock.wall, clock.nap
        self._window, self._is_prompt = window, is_prompt
        self._throttler = Throttler(schedule.cap, WINDOW_S)
        self._places = Places(_places(rate.per_second))
        self._front = asyncio.Lock()
        self._alarm: asyncio.Future[None] | None = None
        self._is_closed = False

    @property
    def closed_until(self) -> datetime | None:
        """When the daily window opens, in its time zone; None when it is open or there is no window."""
        return self._window.closed_until(self._moment(0.0)) if self._window else None

    def set_rate(self, rate: Rate) -> None:
        """Change the requested rate, and discard reductions after 429s."""
        self._places.resize(_places(rate.per_second))
        self.adaptive_rate = AdaptiveRate(rate)
        self.wake()

    def close(self) -> None:
        """Let no more requests start: those that wait, and later ones, get ``GateClosed``."""
        self._is_closed = True
        self._notify()
        self.wake()

    @property
    def is_free(self) -> bool:
        """Whether a request may start without waiting, by ``start_freely``: no rate, window, hold or stop."""
        is_unlimited = isinstance(self.schedule, Unlimited) and math.isinf(self.adaptive_rate.asked)
        is_open = self.host is None or self.host.opens_at == -math.inf
        return is_unlimited and is_open and self._window is None and not self.hold and not self._is_closed

    def start_freely(self, asked: float) -> float:
        """Record a start now, and return its due time in Unix seconds. Call this only when ``is_free``.

        ``asked`` is the time of the reservation, in monotonic seconds.
        """
        now = self.now()
        self.schedule.start(now)
        return self._wall() - (now - asked) if self._is_prompt else self._wall()

    async def enter(self, *, again: bool) -> bool:
        """Wait until the request may open its connection: it has one of few places and is due within ``LEAD_S``.

        ``again`` marks a repeated attempt. Return whether the request is a probe of a host that cannot be reached.
        Raise ``GateClosed`` when the queue is closed.
        """
        await self._places.take()
        try:
            while True:
                async with self._front:
                    await self._sleep_until(lambda now: self._ready_at(now, again=again) - LEAD_S)
                if self.host is None or self.host.opens_at <= self.now():
                    return self.host is not None and self.host.enter()
                await self._wait_for(self.host)  # not at the front, which the probe has to pass
        except BaseException:
            self._places.give_back()
            raise

    async def _wait_for(self, host: HostReachability) -> None:
        """Wait until ``host`` may be connected to; raise ``GateClosed`` when the queue is closed."""
        while not self._is_closed and (delay := host.opens_at - self.now()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(delay) else delay):
                    await self._host_changed.wait()
        if self._is_closed:
            raise GateClosed

    async def vacancy(self) -> None:
        """Wait until no request waits to enter."""
        await self._places.vacancy()

    async def permitted(self, permit: SendPermit) -> None:
        """Wait until ``permit`` is held; raise ``GateClosed`` when the queue is closed, and what it raises."""
        await held_or(lambda: self._is_closed, permit)
        if self._is_closed:
            raise GateClosed

    def _notify(self) -> None:
        """Let those who wait for the host look at it again."""
        self._host_changed.set()
        self._host_changed = asyncio.Event()

    def leave(self) -> None:
        """Give the place back that ``enter`` took."""
        self._places.give_back()

    async def start(self, asked: float, *, again: bool) -> float:
        """Wait until the request may start, record the start, and return its due time in Unix seconds.

        ``asked`` is the time of the reservation, in monotonic seconds. Raise ``GateClosed`` when the queue is
        closed.
        """
        async with self._front:
            await self._sleep_until(lambda now: self._ready_at(now, again=again))
            if not isinstance(self.schedule, Unlimited):
                await self._throttler.acquire()
            now = self.now()
            due = self.schedule.start(now, again=again)
            # The request is written in the next iteration of the event loop, and was sent one iteration later. If
            # the time were recorded now and the process were interrupted in between, the recorded time would be
            # too early, and the start one window later could come too soon.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._mark_sent, now)
            return self._wall() - (now - (asked if self._is_prompt else due))

    def _mark_sent(self, started: float) -> None:
        self.schedule.mark_sent(started, self.now())

    def _ready_at(self, now: float, *, again: bool) -> float:
        rate = self.adaptive_rate.rate(now)
        if rate != self.schedule.rate:
            self._follow(rate)
        return self._opened_at(self.schedule.ready_at(now, again=again), now)

    def _opened_at(self, ready_at: float, now: float) -> float:
        """Return ``ready_at``, or the time at which the window opens after it, in monotonic seconds.

        This is computed again after every sleep, because the wall clock may have been set in between.
        """
        if self._window is None or not math.isfinite(ready_at):
            return ready_at
        moment = self._moment(ready_at - now)
        opens = self._window.closed_until(moment)
        return ready_at if opens is None else ready_at + (opens - moment).total_seconds()

    def _moment(self, ahead_s: float) -> datetime:
        return datetime.fromtimestamp(self._wall() + ahead_s, UTC)

    def _follow(self, rate: float) -> None:
        if isinstance(self.schedule, Unlimited):
            paused, self.schedule = self.schedule, Schedule(rate)
            self.schedule.pause(self.now() + paused.paused_for(self.now()))
        self.schedule.rate = rate
        self._throttler.rate_limit = self.schedule.cap

    async def _sleep_until(self, ready_at: Callable[[float], float]) -> None:
        while not self._is_closed and (self.hold or (delay := ready_at(now := self.now()) - now) > 0):
            naps_s = NAP_S if self.schedule.rate <= UNHURRIED else 0.0
            if not self.hold and delay <= naps_s:
                self._nap(delay)
                break
            self.has_waited = True
            loop = asyncio.get_running_loop()
            self._alarm = loop.create_future()
            is_open_ended = self.hold or math.isinf(delay)
            timer = None if is_open_ended else loop.call_later(max(delay - naps_s, SHORTEST_SLEEP_S), self.wake)
            try:
                await self._alarm
            finally:
                if timer is not None:
                    timer.cancel()
                self._alarm = None
        if self._is_closed:
            raise GateClosed

    def wake(self) -> None:
        """Make the first waiter compute its start time again."""
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)


class Reservation:
    """Place of one request in the queue: enter the context before connecting, and call ``wait`` before sending.

    Entering waits until the start is near, so that no connection is idle for long, and raises ``GateClosed`` when
    the queue is closed. Leaving the context without ``wait`` (for example when the connection failed) frees the
    place.
    """

    __slots__ = ("_again", "_asked", "_holds_place", "_is_probe", "_queue")

    def __init__(self, queue: StartQueue, *, again: bool) -> None:
        self._queue, self._again = queue, again
        self._holds_place = self._is_probe = False
        self._asked = queue.now()

    async def __aenter__(self) -> Self:
        if (host := self._queue.host) is not None and host.permit is not None and not host.permit.is_held():
            await self._queue.permitted(host.permit)
        if not self._queue.is_free:
            self._is_probe = await self._queue.enter(again=self._again)
            self._holds_place = True
        return self

    async def wait(self) -> float:
        """Wait until the request may be sent, and return its due time in Unix seconds.

        Raise ``GateClosed`` when the queue is closed before that.
        """
        if self._queue.is_free:
            return self._queue.start_freely(self._asked)
        due = await self._queue.start(self._asked, again=self._again)
        self._leave()
        return due

    def on_reached(self) -> None:
        """Record a reply."""
        if (host := self._queue.host) is not None:
            host.on_reached()
            self._is_probe = False

    def on_foreign(self, reply: ForeignReply) -> None:
        """Record a reply that cannot be Twilio's."""
        if (host := self._queue.host) is not None:
            is_probe, self._is_probe = self._is_probe, False
            host.on_foreign(reply, is_probe=is_probe)

    def on_unreachable(self, failure: ConnectFailure) -> float | None:
        """Record a failed connection; see ``ports.Turn``."""
        if (host := self._queue.host) is None:
            return None
        if not host.is_waited_for:
            host.on_counted_failure(failure)
            return None
        is_probe, self._is_probe = self._is_probe, False
        return host.on_failure(failure, is_probe=is_probe)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_probe and (host := self._queue.host) is not None:
            host.leave(is_sent=not self._holds_place and error is None)
        self._leave()

    def _leave(self) -> None:
        if self._holds_place:
            self._holds_place = False
            self._queue.leave()


def _places(rate: float) -> int:
    """Return how many requests may hold a connection while they wait: those of half a second, at least one."""
    return 10_000 if math.isinf(rate) else max(1, math.ceil(rate / 2))
