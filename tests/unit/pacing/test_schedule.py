"""The arithmetic of the pace: pure, so every rule is a table or a simulated hour."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.pacing.schedule import EASE, Schedule, Unlimited


def starts_of(schedule: Schedule, seconds: float, *, lateness: list[float]) -> list[float]:
    """Start whenever the schedule allows, late by one of the given seconds each time."""
    now, starts, step = 100.0, [], 0
    while now < 100.0 + seconds:
        now = max(now, schedule.ready_at(now)) + lateness[step % len(lateness)]
        schedule.start(now)
        starts.append(now)
        step += 1
    return starts


def worst_second(starts: list[float]) -> int:
    """Return the most starts in any window of one second."""
    return max(sum(1 for other in starts[i : i + 1000] if other - start < 1.0) for i, start in enumerate(starts))


@pytest.mark.parametrize("rate", [0.2, 0.5, 1, 2, 2.5, 4, 5, 7, 50, 500])
def test_the_mean_is_the_asked_pace(rate: float) -> None:
    """Over time the starts come at the asked pace within 0.2 %, though each may leave a little late."""
    schedule = Schedule(rate)

    starts = starts_of(schedule, 60, lateness=[0.0, 0.0006, 0.001, 0.0002])

    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    assert achieved == pytest.approx(rate, rel=0.002)


def test_lateness_is_made_good() -> None:
    """A start that is late holds up the one a window later, by less each time, until none is late any more."""
    schedule = Schedule(5)

    starts = starts_of(schedule, 120, lateness=[0.0] * 11 + [0.03] + [0.0] * 600)

    late = [each - 100.0 - 0.002 - number * (1 + EASE) / 5 for number, each in enumerate(starts)]
    assert late[11] == pytest.approx(0.03, abs=1e-6)
    assert 0 < late[16] < late[11]
    assert late[-5:] == pytest.approx([0.0] * 5, abs=1e-6)


def test_a_pace_that_was_cut_keeps_what_the_cut_gained() -> None:
    """Below the asked pace the window is as long as its starts take, so no late start comes close to the limit."""
    schedule = Schedule(4.5)

    starts = starts_of(schedule, 120, lateness=[0.0] * 11 + [0.04] + [0.0] * 600)

    assert min(b - a for a, b in zip(starts, starts[5:], strict=False)) > 5 / 4.5


@given(
    rate=st.sampled_from([0.2, 1.0, 2.5, 4.0, 5.0, 12.0]),
    lateness=st.lists(st.floats(0, 3), min_size=1, max_size=20),
)
def test_no_window_of_a_second_holds_more_than_asked(rate: float, lateness: list[float]) -> None:
    """However late single starts are, catching up never puts more than the asked number into one second."""
    schedule = Schedule(rate)

    starts = starts_of(schedule, 20, lateness=lateness)

    assert worst_second(starts) <= math.ceil(rate)


def test_a_long_wait_earns_no_burst() -> None:
    """After an idle minute the next starts are as far apart as always, but for a small catch-up."""
    schedule = Schedule(4)
    schedule.start(0.0)

    later = [60.0]
    schedule.start(60.0)
    for _ in range(3):
        later.append(schedule.ready_at(later[-1]))
        schedule.start(later[-1])

    gaps = [b - a for a, b in itertools.pairwise(later)]
    assert gaps == pytest.approx([0.2, 0.25, 0.25], rel=0.002)


def test_a_start_knows_when_it_was_due() -> None:
    """A late start reports the time it should have left, for the lateness in the ledger."""
    schedule = Schedule(2)
    schedule.start(10.0)

    assert schedule.start(10.52) == pytest.approx(10.5, abs=0.003)


def test_a_start_that_left_late_keeps_its_window_longer() -> None:
    """What the server sees is when a request left: the window is counted from there, for that start alone."""
    schedule = Schedule(2)
    for start in (10.0, 10.5):
        schedule.start(start)

    schedule.mark_sent(10.0, 10.2)
    schedule.mark_sent(5.0, 99.0)

    assert schedule.ready_at(10.6) == pytest.approx(11.2, abs=0.01)


def test_nothing_is_ready_before_a_pause_ends() -> None:
    """A pause moves everything behind it, and a shorter one does not shorten it."""
    schedule = Schedule(5)

    schedule.pause(30.0)
    schedule.pause(20.0)

    assert schedule.ready_at(10.0) == 30.0
    assert schedule.paused_for(10.0) == 20.0
    assert schedule.paused_for(31.0) == 0.0


def test_no_limit_is_always_ready_but_keeps_pauses() -> None:
    """With --rate 0 a start is due at once, and a 429 still pauses it."""
    schedule = Unlimited()
    for _ in range(1500):
        schedule.start(1.0)

    assert schedule.ready_at(2.0) == 2.0
    schedule.pause(9.0)
    assert schedule.ready_at(2.0) == 9.0


@pytest.mark.parametrize(("per_second", "achieved"), [(0.5, 0), (40, 40), (999, 999), (20_000, 20_000)])
def test_what_was_achieved_without_a_limit_is_known(per_second: float, achieved: float) -> None:
    """A 429 that ends the freedom finds how many starts there were, however many."""
    schedule = Unlimited()
    for number in range(30_000):
        schedule.start(number / per_second)

    assert schedule.achieved(29_999 / per_second) == pytest.approx(achieved, abs=1, rel=0.002)


def test_a_hiccup_at_a_fast_pace_is_caught_up() -> None:
    """A stall of 30 ms at 500/s costs nothing in the end, and no window overflows."""
    lateness = [0.0005] * 2499 + [0.03]

    starts = starts_of(Schedule(500), 10, lateness=lateness)

    assert (len(starts) - 1) / (starts[-1] - starts[0]) == pytest.approx(500, rel=0.005)
    assert worst_second(starts) <= 500


def test_the_pace_survives_random_hiccups() -> None:
    """With now and then a tenth of a second lost, the pace stays within one percent and no window overflows."""
    rng = random.Random(7)
    lateness = [0.1 if rng.random() < 0.01 else rng.random() * 0.001 for _ in range(997)]

    starts = starts_of(Schedule(5), 600, lateness=lateness)

    assert (len(starts) - 1) / (starts[-1] - starts[0]) == pytest.approx(5, rel=0.01)
    assert worst_second(starts) <= 5
