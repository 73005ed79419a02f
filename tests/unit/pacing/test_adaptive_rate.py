"""How fast after 429s: pure, so every rule is a table, or hours against a server that keeps a limit."""

import math
import random
from collections import deque
from collections.abc import Callable

import pytest

from provisioner.options import Rate
from provisioner.pacing.adaptive_rate import (
    AUTO_CEILING,
    AUTO_STEP,
    CLIMB,
    CUT,
    HOLD_S,
    LONGEST_PATIENCE_S,
    PATIENCE_S,
    STEP,
    AdaptiveRate,
)
from provisioner.pacing.schedule import Schedule

EDGE = 1 - STEP


def governor_of(per_second: float, *, is_auto: bool = False) -> AdaptiveRate:
    """Return a governor of a pace."""
    return AdaptiveRate(Rate(per_second=per_second, is_auto=is_auto))


def cut(adaptive_rate: AdaptiveRate, at: float, *, pause: float = 1.0, achieved: float = 0.0) -> float:
    """Let a 429 come at a time and return the rate it leaves."""
    adaptive_rate.on_throttled(at, until=at + pause, achieved=achieved)
    return adaptive_rate.rate(at)


def test_a_single_429_takes_one_step() -> None:
    """At the edge of a limit, a hair less is enough; it is kept, and then more is tried up to what was asked."""
    adaptive_rate = governor_of(5)

    assert cut(adaptive_rate, 100.0) == pytest.approx(5 * EDGE)
    assert adaptive_rate.rate(101.0 + PATIENCE_S) == pytest.approx(5 * EDGE)
    assert 5 * EDGE < adaptive_rate.rate(101.5 + PATIENCE_S) < 5
    assert adaptive_rate.rate(1e6) == 5


@pytest.mark.parametrize(
    ("rate", "after_s", "left"),
    [
        (5, 0.5, CUT),
        (5, 1.4, CUT),
        (5, 3.0, 1 - 2 * STEP),
        (5, 14.0, 1 - 2 * STEP),
        (5, 16.0, EDGE),
        (0.5, 2.0, CUT),
        (0.5, 4.0, 1 - 2 * STEP),
    ],
)
def test_the_sooner_another_429_comes_the_deeper_it_cuts(rate: float, after_s: float, left: float) -> None:
    """One that follows the pause at once met a limit that is far below, one that comes later an edge."""
    adaptive_rate = governor_of(rate)
    present = cut(adaptive_rate, 100.0)

    assert cut(adaptive_rate, 101.0 + after_s) == pytest.approx(present * left)


def test_a_deep_cut_is_held_and_then_climbs_to_where_the_429_met_it() -> None:
    """It climbs to just below that, and no further before patience has passed."""
    adaptive_rate = governor_of(10)
    cut(adaptive_rate, 100.0)

    low = cut(adaptive_rate, 101.5)

    assert adaptive_rate.rate(102.5 + HOLD_S) == pytest.approx(low)
    assert adaptive_rate.rate(102.5 + HOLD_S + 5) == pytest.approx(low * math.exp(5 * CLIMB))
    assert adaptive_rate.rate(102.5 + PATIENCE_S) == pytest.approx(10 * EDGE * EDGE)
    assert adaptive_rate.rate(1e6) == 10


def test_tries_that_fail_become_seldom() -> None:
    """A 429 above the pace that holds goes back to that pace, and the next try waits twice as long."""
    adaptive_rate, now = governor_of(5), 100.0
    holds = cut(adaptive_rate, now)
    waits = []

    for _ in range(6):
        patience = next(s for s in range(2_000) if adaptive_rate.rate(now + 1 + s) > holds)
        waits.append(patience - 1)
        now += patience + 2
        assert cut(adaptive_rate, now) == pytest.approx(holds)

    assert waits == [PATIENCE_S * times for times in (1, 2, 4, 8, 16, 16)]
    assert waits[-1] == LONGEST_PATIENCE_S


def test_no_limit_becomes_one_after_a_429() -> None:
    """Without an asked pace, the first 429 takes what was achieved as the pace to cut and to return to."""
    adaptive_rate = governor_of(math.inf)
    assert adaptive_rate.rate(5.0) == math.inf

    assert cut(adaptive_rate, 5.0, achieved=40) == pytest.approx(40 * CUT)
    assert adaptive_rate.asked == adaptive_rate.rate(1e6) == 40


def test_auto_probes_upward_and_backs_off() -> None:
    """--rate auto grows while nothing answers 429, and then leaves a fifth to the website."""
    adaptive_rate = governor_of(4, is_auto=True)

    at_first, later = adaptive_rate.rate(0.0), adaptive_rate.rate(60.0)

    assert at_first == 4
    assert later > 5
    assert cut(adaptive_rate, 60.0) == pytest.approx(later * (1 - AUTO_STEP))
    assert adaptive_rate.rate(1e6) == AUTO_CEILING


class StrictServer:
    """Lets ``limit(now)`` requests through in any second, a fraction in any two, and turns the rest away."""

    def __init__(self, limit: Callable[[float], float]) -> None:
        self._limit = limit
        self._admitted: deque[float] = deque(maxlen=100)
        self.admitted = self.refused = 0

    def admits(self, now: float) -> bool:
        """Judge a request that arrives now."""
        limit = self._limit(now)
        window_s = 1.0 if limit.is_integer() else 2.0
        is_admitted = sum(now - each < window_s for each in self._admitted) < limit * window_s
        if is_admitted:
            self._admitted.append(now)
        self.admitted += is_admitted
        self.refused += not is_admitted
        return is_admitted


def send(adaptive_rate: AdaptiveRate, server: StrictServer, seconds: float, *, way_s: float = 0.0) -> None:
    """Send at the governor's pace for so long, each request up to ``way_s`` on its way, at random."""
    rng, now = random.Random(1), 1.0
    schedule = Schedule(adaptive_rate.rate(now))
    while now < seconds:
        schedule.rate = adaptive_rate.rate(now)
        now = max(now, schedule.ready_at(now))
        schedule.start(now)
        arrived = now + rng.random() * way_s
        if not server.admits(arrived):
            now = arrived
            adaptive_rate.on_throttled(now, until=now + 1.1, achieved=0.0)
            schedule.pause(now + 1.1)


@pytest.mark.parametrize(
    ("way_s", "least", "most_refused"), [(0.0, 0.997, 0.0), (0.01, 0.96, 0.002), (0.1, 0.87, 0.0025)]
)
def test_a_strict_limit_is_used_well_and_seldom_met(way_s: float, least: float, most_refused: float) -> None:
    """For half an hour at 5/s against a limit of 5: what the way jitters is learned, and not asked for again."""
    server = StrictServer(lambda _: 5.0)

    send(governor_of(5), server, 1_800, way_s=way_s)

    assert server.admitted / (5 * 1_800) >= least
    assert server.refused / server.admitted <= most_refused


def test_a_limit_that_is_halved_for_a_minute_is_found_both_times() -> None:
    """A few 429s find the lower limit, and the pace returns once there is more again."""
    server = StrictServer(lambda now: 2.5 if 60 <= now < 120 else 5.0)

    send(governor_of(5), server, 600)

    assert server.refused <= 6
    assert server.admitted / (5 * 540 + 2.5 * 60) >= 0.92
