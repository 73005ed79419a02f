"""How fast after 429s: pure, so every rule is a table, or hours against a server that says no."""

import itertools
import math
from collections.abc import Callable
from statistics import mean

import pytest

from provisioner.options import Rate
from provisioner.pacing.adaptive_rate import (
    AUTO_CEILING,
    AUTO_STEP,
    CLIMB,
    DEEP_STEP,
    LEAST_CUT,
    LONGEST_PATIENCE_S,
    NEXT_STEP,
    PATIENCE_S,
    SOON_CUT,
    STEP,
    UNLIMITED_CUT,
    AdaptiveRate,
)
from tests.unit.pacing.model_servers import (
    ANYTHING,
    FixedWindow,
    Sent,
    Server,
    Shared,
    SlidingWindow,
    Stray,
    TokenBucket,
    send,
)


def governor_of(per_second: float, *, is_auto: bool = False) -> AdaptiveRate:
    """Return a governor of a pace."""
    return AdaptiveRate(Rate(per_second=per_second, is_auto=is_auto))


def cut(
    adaptive_rate: AdaptiveRate, at: float, *, pause: float = 1.0, achieved: float = 0.0, age: float = 0.0
) -> float:
    """Let a 429 come at a time and return the rate it leaves."""
    adaptive_rate.on_throttled(at, until=at + pause, achieved=achieved, age_s=age)
    return adaptive_rate.rate(at)


def limited(times: int = 4) -> tuple[AdaptiveRate, float, float]:
    """Return a governor of 5/s that met 429s every few starts, when the last pause ended, and its safe pace."""
    adaptive_rate, now = governor_of(5), 100.0
    left = cut(adaptive_rate, now)
    for _ in range(times):
        now += 1 + 2.0
        left = cut(adaptive_rate, now)
    return adaptive_rate, now + 1, left


def test_a_single_429_takes_one_step_and_is_forgotten_within_a_second() -> None:
    """It says next to nothing of the pace, so it costs its pause and hardly more."""
    adaptive_rate = governor_of(5)

    assert cut(adaptive_rate, 100.0) == pytest.approx(5 * (1 - STEP))
    assert adaptive_rate.rate(101.05) == pytest.approx(5 * (1 - STEP) * math.exp(0.05 * CLIMB))
    assert adaptive_rate.rate(102.0) == 5


def test_429s_that_follow_each_other_at_once_cut_deep() -> None:
    """The first takes a part, the next leaves what was accepted in the last second, and never less than half."""
    adaptive_rate = governor_of(5)
    cut(adaptive_rate, 100.0)

    second = cut(adaptive_rate, 102.0)
    at_third = adaptive_rate.rate(104.0)
    third = cut(adaptive_rate, 104.0, achieved=4)
    at_fourth = adaptive_rate.rate(106.0)
    fourth = cut(adaptive_rate, 106.0, achieved=1)

    assert second == pytest.approx(5 * SOON_CUT)
    assert third == min(3, at_third * SOON_CUT)
    assert fourth == pytest.approx(at_fourth * LEAST_CUT)


def test_few_starts_between_429s_make_a_safe_pace_that_is_kept_for_a_while() -> None:
    """The climb ends a step below where the last one came; after some patience, more is tried."""
    adaptive_rate, resumed, safe = limited()

    assert safe == pytest.approx(5 * (1 - STEP))
    assert adaptive_rate.rate(resumed + PATIENCE_S[1]) == pytest.approx(safe)
    assert safe < adaptive_rate.rate(resumed + PATIENCE_S[1] + 0.05) < 5
    assert adaptive_rate.rate(1e6) == 5


@pytest.mark.parametrize(("quiet_s", "step"), [(2.2, NEXT_STEP), (1.0, NEXT_STEP), (20.0, 0.0)])
def test_a_429_at_the_safe_pace_lowers_it_unless_it_is_a_stray_one(quiet_s: float, step: float) -> None:
    """After many starts it is no reason: more is tried at once, and what fails returns to the same pace."""
    adaptive_rate, resumed, safe = limited()

    cut(adaptive_rate, resumed + quiet_s, achieved=5)

    again = resumed + quiet_s + 1
    lower = safe * (1 - step)
    if step:
        assert adaptive_rate.rate(again + PATIENCE_S[0]) == pytest.approx(lower)
    else:
        assert lower < adaptive_rate.rate(again + 0.4)
        assert cut(adaptive_rate, again + 0.4) == pytest.approx(lower)


def test_a_limit_far_below_is_stepped_down_to_in_large_steps() -> None:
    """Where 429s follow each other at once, each lowers what is safe by more."""
    adaptive_rate, resumed, safe = limited()
    cut(adaptive_rate, resumed + 1.0, achieved=5)
    after_one = adaptive_rate.rate(resumed + 2.0 + 6.0)

    cut(adaptive_rate, resumed + 2.0 + 1.0, achieved=5)

    assert after_one == pytest.approx(safe * (1 - NEXT_STEP))
    assert adaptive_rate.rate(resumed + 4.0 + 6.0) == pytest.approx(after_one * (1 - DEEP_STEP), rel=0.05)


def test_tries_that_fail_become_seldom() -> None:
    """A 429 above the pace that holds goes back to that pace, and the next try waits longer."""
    adaptive_rate, now, holds = limited()
    waits = []

    for _ in range(7):
        patience = next(s for s in range(2_000) if adaptive_rate.rate(now + s) > holds)
        waits.append(patience - 1)
        now += patience + 1
        assert cut(adaptive_rate, now) == pytest.approx(holds)
        now += 1

    assert waits == sorted(waits)
    assert waits[0] == PATIENCE_S[1]
    assert all(
        later / earlier == pytest.approx(1.94, abs=0.02) for earlier, later in itertools.pairwise(waits[:5])
    )
    assert waits[-1] == LONGEST_PATIENCE_S


def test_an_answer_from_before_the_last_pause_says_nothing_new() -> None:
    """It was under way when the pause began, and came after its end: it pauses again, and cuts nothing."""
    adaptive_rate = governor_of(5)
    cut(adaptive_rate, 100.0)

    assert cut(adaptive_rate, 101.5, age=2.0) == pytest.approx(5 * (1 - STEP))


def test_a_429_to_the_first_start_after_a_pause_says_nothing_of_the_pace() -> None:
    """Nothing started in the second before, so a lower pace would have met it as well: it only pauses again."""
    adaptive_rate, resumed, safe = limited()
    others = governor_of(5)
    cut(others, 100.0)

    for number in range(1, 6):
        cut(adaptive_rate, resumed, pause=2.0**number, achieved=1)
        cut(others, 101.0, pause=0.0, achieved=1)
        resumed += 2.0**number

    assert adaptive_rate.rate(resumed) == pytest.approx(safe)
    assert others.rate(101.0) == pytest.approx(5 * (1 - STEP))
    assert others.rate(102.0) == 5


def test_no_limit_becomes_one_after_a_429() -> None:
    """Without an asked pace, the first 429 takes what was achieved as the pace to cut and to return to."""
    adaptive_rate = governor_of(math.inf)
    assert adaptive_rate.rate(5.0) == math.inf

    assert cut(adaptive_rate, 5.0, achieved=40) == pytest.approx(40 * UNLIMITED_CUT)
    assert adaptive_rate.asked == adaptive_rate.rate(1e6) == 40


def test_auto_probes_upward_and_backs_off() -> None:
    """--rate auto grows while nothing answers 429, and then leaves a fifth to the website."""
    adaptive_rate = governor_of(4, is_auto=True)

    at_first, later = adaptive_rate.rate(0.0), adaptive_rate.rate(60.0)

    assert at_first == 4
    assert later > 5
    assert cut(adaptive_rate, 60.0) == pytest.approx(later * (1 - AUTO_STEP))
    assert adaptive_rate.rate(1e6) == AUTO_CEILING


def share_of_possible(sent: Sent, rate: float) -> float:
    """Return how fast it was, beside who keeps the asked pace but for a second's pause after each 429."""
    return (len(sent.starts) / rate + len(sent.pauses)) / sent.seconds


@pytest.mark.parametrize(("share", "least", "seeds"), [(0.01, 0.98, 10), (0.02, 0.98, 10), (0.05, 0.95, 40)])
@pytest.mark.parametrize("rate", [4.0, 5.0])
def test_stray_429s_cost_their_pauses_and_little_more(share: float, least: float, seeds: int, rate: float) -> None:
    """Up to one in twenty is turned away at random: it goes on at 0.9 of what is possible, mostly at all of it.

    So it does by every seed, however the 429s fall.
    """
    sent = [send(Stray(share, seed=seed, behind=ANYTHING), rate, rows=600, seed=seed) for seed in range(seeds)]

    shares = [share_of_possible(each, rate) for each in sent]
    assert mean(shares) >= least
    assert min(shares) >= 0.9
    assert max(each.most_in_a_second() for each in sent) <= rate


@pytest.mark.parametrize("rate", [4.0, 5.0])
@pytest.mark.parametrize("number", [2, 75, 149])
def test_one_stray_429_costs_a_run_its_pause_only(rate: float, number: int) -> None:
    """150 rows to a server that is strict about 5/s: less than 1 % beside the pause, nothing above the limit."""
    sent = send(Stray(numbers=(number,), behind=SlidingWindow(lambda _: 5.0)), rate, rows=150)

    assert len(sent.refused) == 1
    assert share_of_possible(sent, rate) >= 0.99
    assert sent.most_in_a_second() <= rate


@pytest.mark.parametrize("limit", [1.0, 2.0, 2.5, 3.0, 4.0, 4.5])
def test_a_limit_that_is_lower_is_given_way_to_at_once_and_then_kept(limit: float) -> None:
    """Within the second after the first 429 nobody starts; the limit is used well, and met ever more seldom."""
    sent = send(SlidingWindow(lambda now: limit if now >= 20 else 5.0), 5.0, seconds=320)

    met = sent.refused[0]
    assert not [start for start in sent.starts if met + 0.02 < start < met + 1.0]
    assert len([each for each in sent.refused if each < met + 20]) <= 10
    assert len([each for each in sent.refused if each >= 170]) <= 12
    later = [start for start in sent.starts if 80 <= start < 320]
    admitted = len(later) - len([each for each in sent.refused if each >= 80])
    assert admitted / 240 >= 0.7 * limit


@pytest.mark.parametrize("begins", [21.0, 21.7, 22.4, 40.0])
def test_a_limit_that_is_halved_for_a_minute_is_found_both_times(begins: float) -> None:
    """A few 429s find the lower limit, and the pace returns once there is more again."""
    sent = send(SlidingWindow(lambda now: 2.5 if begins <= now < begins + 60 else 5.0), 5.0, rows=400)

    assert len(sent.refused) <= 14
    assert sent.admitted / (5 * (sent.seconds - 60) + 2.5 * 60) >= 0.9


@pytest.mark.parametrize(
    ("way_s", "least", "most_refused"), [(0.0, 0.997, 0.0), (0.01, 0.96, 0.002), (0.1, 0.87, 0.0025)]
)
def test_a_strict_limit_is_used_well_and_seldom_met(way_s: float, least: float, most_refused: float) -> None:
    """For half an hour at 5/s against a limit of 5: what the way jitters is learned, and not asked for again."""
    sent = send(SlidingWindow(lambda _: 5.0), 5.0, seconds=1_800, way_s=way_s)

    assert sent.admitted / (5 * 1_800) >= least
    assert len(sent.refused) / sent.admitted <= most_refused


def test_a_limit_that_the_way_jitters_is_found_within_a_few_429s() -> None:
    """Of 100 s at a strict 5/s, ±50 ms: 0.91 would be the most without 429s, and finding that out costs some."""
    sent = [send(SlidingWindow(lambda _: 5.0), 5.0, seconds=100, way_s=0.1, seed=seed) for seed in range(12)]

    assert mean(each.admitted / (5 * each.seconds) for each in sent) >= 0.82
    assert max(len(each.refused) for each in sent) <= 14


@pytest.mark.parametrize(
    ("server", "limit", "most_refused"),
    [
        (lambda: FixedWindow(5), 5.0, 0.0),
        (lambda: FixedWindow(3), 3.0, 0.06),
        (lambda: TokenBucket(5, 5), 5.0, 0.0),
        (lambda: TokenBucket(3, 3), 3.0, 0.1),
        (lambda: TokenBucket(3, 10), 3.0, 0.08),
    ],
)
@pytest.mark.parametrize("rate", [4.0, 5.0])
def test_limits_of_other_kinds_are_used_and_not_run_against(
    server: Callable[[], Server], limit: float, most_refused: float, rate: float
) -> None:
    """However a server counts, most of what it lets through is used, and little is sent in vain."""
    sent = send(server(), rate, seconds=300)

    assert sent.admitted / sent.seconds >= 0.85 * min(limit, rate)
    assert len(sent.refused) / len(sent.starts) <= most_refused


@pytest.mark.parametrize("others", [0.5, 1.0])
def test_what_the_website_needs_is_given_way_to_without_losing_the_night(others: float) -> None:
    """Chats of the website use part of the limit: at 4/s a run gets on, and each 429 pauses it for a second."""
    shared = Shared(SlidingWindow(lambda _: 5.0), others=others)

    sent = send(shared, 4.0, seconds=600)

    assert sent.admitted / sent.seconds >= 0.9 * 4
    assert all(pause_s >= 1 for _, pause_s in sent.pauses)


def test_slow_answers_are_judged_by_when_their_request_left() -> None:
    """With answers that take 2 s, stray 429s still cost their pauses only."""
    sent = send(Stray(0.02, seed=1, behind=ANYTHING), 4.0, rows=1000, answer_s=2.0)

    assert share_of_possible(sent, 4.0) >= 0.95
