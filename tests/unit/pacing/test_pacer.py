"""The pacer among waiting tasks, in virtual time."""

import asyncio
import itertools
import math
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, time
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import Mock, patch

import pytest

from provisioner.options import Rate
from provisioner.pacing import ArrivalSchedule, DailyWindow, Pacer
from provisioner.pacing.adaptive_rate import STEP, UNLIMITED_CUT
from provisioner.ports.sending import GateClosed
from provisioner.system.clock import Clock
from tests.clock import VirtualLoop, now, run_virtually


def nap(seconds: float) -> None:
    """Let virtual time pass while nobody runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._virtual.now += seconds


def pacer_of(per_second: float, schedule: ArrivalSchedule | None = None, *, is_prompt: bool = False) -> Pacer:
    """Return a pacer on the loop's virtual clock, with no jitter."""
    return Pacer(
        Rate(per_second=per_second),
        schedule=schedule,
        is_prompt=is_prompt,
        clock=Clock(monotonic=now, wall=lambda: now() + 1e9, nap=nap),
        jitter=lambda low, _: low,
    )


async def start(pacer: Pacer, starts: list[float]) -> None:
    """Pass the gate once and note when."""
    async with pacer.reserve() as gate:
        await gate.wait()
        starts.append(now())


def in_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Turn an async test into one that runs in virtual time."""

    def run() -> None:
        with patch("asyncio_throttle.throttler.time", SimpleNamespace(monotonic=now)):
            run_virtually(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_virtual_time
async def test_waiters_start_evenly_and_in_order() -> None:
    """Twenty tasks that come at once leave one interval apart."""
    pacer, starts = pacer_of(4), list[float]()

    await asyncio.gather(*(start(pacer, starts) for _ in range(20)))

    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert gaps == pytest.approx([0.25] * 19, abs=0.004)


@in_virtual_time
async def test_what_leaves_late_holds_up_who_is_a_window_later() -> None:
    """Requests are written a round later; however long that takes, no second holds more than was asked for."""
    pacer, left = pacer_of(5), list[float]()
    loop = asyncio.get_running_loop()

    def write() -> None:
        nap(0.03 if len(left) % 3 == 0 else 0.0)
        left.append(now())

    async def send() -> None:
        async with pacer.reserve() as gate:
            await gate.wait()
            loop.call_soon(write)

    await asyncio.gather(*(send() for _ in range(30)))
    await asyncio.sleep(1)

    assert len(left) == 30
    assert min(later - earlier for earlier, later in zip(left, left[5:], strict=False)) >= 1


@in_virtual_time
async def test_only_the_end_of_a_wait_holds_up_the_loop() -> None:
    """At a slow pace its last two milliseconds are slept through, to be precise; at a fast one nothing is."""
    naps = dict[float, list[float]]()

    for rate in (50.0, 500.0):
        pacer = pacer_of(rate)
        with patch.object(pacer._queue, "_nap", Mock(side_effect=nap)) as napping:
            await start_many(pacer, [], 20)
        naps[rate] = [call.args[0] for call in napping.mock_calls]

    assert 0 < max(naps[50.0]) <= 0.002
    assert len(naps[50.0]) == 19
    assert not naps[500.0]


@in_virtual_time
async def test_a_429_pauses_everyone_and_cuts_the_pace() -> None:
    """Nobody starts during the pause, and afterwards the starts are further apart."""
    pacer, starts = pacer_of(4), list[float]()
    begun = now()

    pause, cut = pacer.on_throttled(retry_after_s=7), pacer.rate
    await asyncio.gather(*(start(pacer, starts) for _ in range(3)))

    assert pause == 7
    assert starts[0] - begun >= 7
    assert starts[1] - starts[0] == pytest.approx(1 / (4 * (1 - STEP)), abs=0.004)
    assert cut == pytest.approx(4 * (1 - STEP))
    assert pacer.target_rate == 4


@in_virtual_time
async def test_429s_of_one_wave_cut_once() -> None:
    """Answers to requests that were already under way lengthen the pause, but do not cut again."""
    pacer = pacer_of(10)

    pacer.on_throttled()
    pacer.on_throttled(retry_after_s=3)

    assert pacer.rate == pytest.approx(10 * (1 - STEP))
    assert pacer.paused_for == pytest.approx(3)


@in_virtual_time
async def test_pauses_double_until_something_is_accepted() -> None:
    """Without Retry-After each 429 in a row waits twice as long, up to a bound; an answer starts over."""
    pacer, starts, pauses = pacer_of(5), list[float](), list[float]()

    for _ in range(8):
        pauses.append(pacer.on_throttled())
        await start(pacer, starts)
    pacer.on_success()
    pauses.append(pacer.on_throttled())

    assert pauses == [1, 2, 4, 8, 16, 32, 32, 32, 1]


@in_virtual_time
async def test_an_absurd_retry_after_is_bounded() -> None:
    """A server cannot park the run for a year."""
    assert pacer_of(5).on_throttled(retry_after_s=1e9) == 300


@in_virtual_time
async def test_closing_turns_everybody_away() -> None:
    """Those who wait and those who come later hear that the gate is closed, without waiting for their turn."""
    pacer, starts = pacer_of(0.01), list[float]()
    await start(pacer, starts)
    begun = now()
    waiting = [asyncio.create_task(start(pacer, starts)) for _ in range(5)]
    await asyncio.sleep(0.1)

    pacer.close()
    ends = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(end) for end in ends] == [GateClosed] * 5
    assert now() - begun < 1
    with pytest.raises(GateClosed):
        await start(pacer, starts)


@in_virtual_time
async def test_a_failed_connection_frees_its_place() -> None:
    """A turn that is left without having waited lets the next one in."""
    pacer, starts = pacer_of(1), list[float]()

    for _ in range(3):
        with pytest.raises(ConnectionError):
            async with pacer.reserve():
                raise ConnectionError
    await start(pacer, starts)

    assert len(starts) == 1


@in_virtual_time
async def test_a_slow_pace_takes_connections_late() -> None:
    """At a slow pace a request is let near the front only shortly before its turn, so no connection idles."""
    pacer, starts = pacer_of(0.05), list[float]()
    await start(pacer, starts)

    async with pacer.reserve() as gate:
        entered = now()
        await gate.wait()

    assert now() - starts[0] == pytest.approx(20, rel=0.002)
    assert now() - entered <= 1.01


@in_virtual_time
async def test_a_cancelled_waiter_holds_nobody_up() -> None:
    """Cancelling the task at the front lets the next one start at its time."""
    pacer, starts = pacer_of(1), list[float]()
    await start(pacer, starts)
    first = asyncio.create_task(start(pacer, starts))
    second = asyncio.create_task(start(pacer, starts))
    await asyncio.sleep(0.2)

    first.cancel()
    await second

    assert starts[1] - starts[0] == pytest.approx(1, abs=0.01)


@in_virtual_time
async def test_no_limit_lets_everything_through_at_once() -> None:
    """--rate 0 waits for nothing until the first 429, and then has a pace to keep."""
    pacer, starts = pacer_of(math.inf), list[float]()

    await asyncio.gather(*(start(pacer, starts) for _ in range(50)))
    assert starts[-1] == starts[0]
    pacer.on_throttled()
    await asyncio.gather(*(start(pacer, starts) for _ in range(2)))

    assert starts[50] - starts[49] >= 1
    assert pacer.rate == pytest.approx(50 * UNLIMITED_CUT, rel=0.02)


@in_virtual_time
async def test_what_ends_the_freedom_of_no_limit_is_heard_by_everyone() -> None:
    """Who was let near the front without a limit waits like all others once there is a pause, a hold or an end."""
    paused, held, closed = pacer_of(math.inf), pacer_of(math.inf), pacer_of(math.inf)
    starts = list[float]()
    begun = now()

    async with paused.reserve() as gate:
        paused.on_throttled()
        await gate.wait()
    assert now() - begun >= 1
    async with held.reserve() as gate:
        held.pause("by hand")
        asyncio.get_running_loop().call_later(5, held.resume)
        await gate.wait()
    await start(held, starts)
    async with closed.reserve() as gate:
        closed.close()
        with pytest.raises(GateClosed):
            await gate.wait()
    closed.resume()
    with pytest.raises(GateClosed):
        await start(closed, starts)

    assert starts == [pytest.approx(begun + 6, abs=0.01)]


@in_virtual_time
async def test_due_is_a_unix_time() -> None:
    """The gate returns when the start was due, on the wall clock."""
    pacer = pacer_of(1)

    async with pacer.reserve() as gate:
        due = await gate.wait()

    assert due == pytest.approx(now() + 1e9, abs=0.001)


NINE = datetime(2026, 1, 15, 9, tzinfo=UTC).timestamp()
OFFICE_HOURS = DailyWindow(time(9), time(17), UTC)


def pacer_at(start: float) -> Pacer:
    """Return a pacer that starts one a second in office hours, on a virtual clock that begins at ``start``."""
    begun = now()
    rate = Rate(per_second=1)
    return Pacer(
        rate,
        window=OFFICE_HOURS,
        clock=Clock(monotonic=now, wall=lambda: start + now() - begun, nap=nap),
        jitter=lambda low, _: low,
    )


@in_virtual_time
async def test_outside_of_its_window_nothing_starts() -> None:
    """Who comes at night waits until it opens; then the pace is kept from the first one on, without a burst."""
    pacer, starts = pacer_at(NINE - 3600), list[float]()
    begun = now()
    opens = pacer.closed_until

    await asyncio.gather(*(start(pacer, starts) for _ in range(3)))

    assert opens == datetime(2026, 1, 15, 9, tzinfo=UTC)
    assert [each - begun for each in starts] == pytest.approx([3600, 3601, 3602], abs=0.06)
    assert pacer.closed_until is None


@in_virtual_time
async def test_a_window_that_closes_pauses_until_it_opens_again() -> None:
    """What has its turn before it closes starts, and the next one waits for the morning without a connection."""
    pacer, starts = pacer_at(NINE + 8 * 3600 - 1.5), list[float]()
    begun = now()
    await start(pacer, starts)
    await start(pacer, starts)

    async with pacer.reserve() as gate:
        entered = now()
        await gate.wait()

    morning = 16 * 3600 + 1.5
    assert [each - begun for each in starts] == pytest.approx([0, 1], abs=0.01)
    assert entered - begun == pytest.approx(morning - 1, abs=0.01)
    assert now() - begun == pytest.approx(morning, abs=0.01)


@in_virtual_time
async def test_closing_ends_the_wait_for_a_window() -> None:
    """A run that is stopped at night does not wait for the morning."""
    pacer, starts = pacer_at(NINE - 3600), list[float]()
    begun = now()
    waiting = asyncio.create_task(start(pacer, starts))
    await asyncio.sleep(1)

    pacer.close()

    with pytest.raises(GateClosed):
        await waiting
    assert now() - begun < 2


@in_virtual_time
async def test_a_clock_that_was_set_is_asked_again() -> None:
    """The window is one of the wall clock: where that went back during the wait, the wait goes on."""
    pacer, starts, set_back = pacer_of(1), list[float](), [0.0]
    begun = now()
    pacer = Pacer(
        Rate(per_second=1),
        window=OFFICE_HOURS,
        clock=Clock(monotonic=now, wall=lambda: NINE - 60 + now() - begun - set_back[0], nap=nap),
        jitter=lambda low, _: low,
    )
    waiting = asyncio.create_task(start(pacer, starts))
    await asyncio.sleep(30)
    set_back[0] = 600.0

    await waiting

    assert starts[0] - begun == pytest.approx(660, abs=0.06)


@in_virtual_time
async def test_nothing_starts_while_it_is_held() -> None:
    """From ``pause`` to ``resume`` nobody starts, also those who had nearly waited long enough."""
    pacer, starts = pacer_of(4), list[float]()
    waiting = asyncio.create_task(start_many(pacer, starts, 8))
    await asyncio.sleep(0.6)
    begun = now() - 0.6

    pacer.pause("by hand")
    await asyncio.sleep(10)
    before = len(starts)
    pacer.resume()
    await waiting

    assert before == 3
    assert min(starts[3:]) >= begun + 10.6
    assert [b - a for a, b in itertools.pairwise(starts[3:])][1:] == pytest.approx([0.25] * 3, abs=0.06)


@in_virtual_time
async def test_another_pace_counts_from_when_it_is_asked_for() -> None:
    """Who waits already waits no longer than the new pace says."""
    pacer, starts = pacer_of(0.1), list[float]()
    waiting = asyncio.create_task(start_many(pacer, starts, 11))
    await asyncio.sleep(11)

    pacer.set_rate(Rate(per_second=10))
    await waiting

    assert pacer.target_rate == pacer.rate == 10
    assert [b - a for a, b in itertools.pairwise(starts)][2:] == pytest.approx([0.1] * 8, abs=0.06)


@in_virtual_time
async def test_another_pace_stretches_a_timetable() -> None:
    """A load test that is slowed down by hand is due later, not late."""
    table = ArrivalSchedule([n / 4 for n in range(9)], rate=4, headroom=1)
    pacer, dues = pacer_of(4, table), list[float]()

    async def due() -> None:
        async with pacer.reserve() as gate:
            dues.append(await gate.wait())

    waiting = asyncio.gather(*(due() for _ in range(9)))
    await asyncio.sleep(1.1)
    pacer.set_rate(Rate(per_second=2))
    await waiting

    gaps = [b - a for a, b in itertools.pairwise(dues)]
    assert gaps == pytest.approx([0.25] * 4 + [0.4] + [0.5] * 3, abs=0.01)


async def start_many(pacer: Pacer, starts: list[float], count: int) -> None:
    """Let so many tasks pass the gate that come at once."""
    await asyncio.gather(*(start(pacer, starts) for _ in range(count)))


@in_virtual_time
async def test_what_is_due_when_it_asks_waits_in_its_latency() -> None:
    """A first message is due when its chat is there: that others go first is no later due time."""
    pacer, dues = pacer_of(2, is_prompt=True), list[float]()

    async def due() -> None:
        async with pacer.reserve() as gate:
            dues.append(await gate.wait() - 1e9)

    begun = now()
    await asyncio.gather(*(due() for _ in range(4)))

    assert now() - begun >= 1.4
    assert dues == pytest.approx([begun] * 4, abs=0.001)


@in_virtual_time
async def test_another_pace_costs_the_same_whatever_it_is_and_lets_no_more_near_the_front() -> None:
    """Raised as high as it goes and lowered again, over and over, it leaves as many places as at the start."""
    pacer, starts = pacer_of(4), list[float]()

    with Counting() as counted:
        for _ in range(3):
            pacer.set_rate(Rate(per_second=100_000))
            pacer.set_rate(Rate(per_second=4))
    waiting = [asyncio.create_task(start(pacer, starts)) for _ in range(20)]
    await asyncio.sleep(0)
    near = len(waiting) - len(pacer._queue._places._waiting) - len(starts)
    await asyncio.gather(*waiting)

    assert counted.calls < 1000
    assert near == 2
    assert len(starts) == 20


class Counting:
    """Counts the calls that are made while it is open: what is arithmetic takes few, whatever the numbers are."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> Self:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)

    def _note(self, *_event: object) -> None:
        self.calls += 1
