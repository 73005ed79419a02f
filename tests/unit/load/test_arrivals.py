"""When rows of a load test are due, by table."""

import math
from itertools import islice, pairwise
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.load import Arrivals, Stage, parse_stages, steady


@pytest.mark.parametrize(
    ("texts", "stages"),
    [
        (["30s:2/s"], [Stage(30, 0, 2)]),
        (["30s:2/s", "2m:5/s", "30s:0"], [Stage(30, 0, 2), Stage(120, 2, 5), Stage(30, 5, 0)]),
        (["2m:=5/s"], [Stage(120, 5, 5)]),
        (["10s:=5/s", "10s:=1"], [Stage(10, 5, 5), Stage(10, 1, 1)]),
        (["1h30m: 120/m"], [Stage(5400, 0, 2)]),
    ],
)
def test_stages_ramp_from_the_rate_before_or_step(texts: list[str], stages: list[Stage]) -> None:
    """A plain rate is reached in a straight line, one behind = stands from the stage's first moment."""
    assert list(parse_stages(texts)) == stages


@pytest.mark.parametrize("text", ["", "30s", ":5/s", "30s:", "30s:fast", "0s:5/s", "30s:auto", "x:5/s", "30s=5/s"])
def test_what_is_no_stage_is_refused_with_an_example(text: str) -> None:
    """The message repeats what was written, and the cure shows how."""
    with pytest.raises(UsageError) as caught:
        parse_stages([text])

    assert repr(text) in caught.value.message or "--stage" in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize(
    ("stages", "times"),
    [
        (steady(4, 1), [0, 0.25, 0.5, 0.75]),
        (steady(0.5, 6), [0, 2, 4]),
        ((Stage(2, 0, 2),), [0, math.sqrt(2)]),
        ((Stage(2, 2, 0),), [0, 2 - math.sqrt(2)]),
        ((Stage(1, 1, 1), Stage(1, 0, 0), Stage(1, 2, 2)), [0, 2, 2.5]),
        ((Stage(1, 0.5, 0.5), Stage(1, 1.5, 1.5)), [0, 1 + 1 / 3]),
    ],
)
def test_even_arrivals_by_table(stages: tuple[Stage, ...], times: list[float]) -> None:
    """A row is due whenever the number asked for so far passes a whole one; the first at once."""
    assert list(Arrivals(stages).times()) == pytest.approx(times)


_STAGES = st.lists(
    st.builds(Stage, st.floats(0.5, 100), st.floats(0, 50), st.floats(0, 50)), min_size=1, max_size=5
).map(tuple)


@given(_STAGES, st.one_of(st.none(), st.integers(0, 100)))
def test_arrivals_are_in_order_within_the_test_and_as_many_as_asked(
    stages: tuple[Stage, ...], seed: int | None
) -> None:
    """Whatever the stages: no time goes back, none lies outside, and even ones are as many as the area says."""
    arrivals = Arrivals(stages, seed)

    times = list(arrivals.times())

    assert all(first <= second + 1e-9 for first, second in pairwise(times))
    assert all(-1e-9 <= time <= arrivals.duration_s + 1e-6 for time in times)
    assert len(times) == arrivals.offered
    if seed is None:
        assert abs(len(times) - sum(stage.rows for stage in stages)) <= 1 + 1e-6


@given(st.integers(0, 2**32))
def test_poisson_arrivals_keep_the_mean_and_repeat_with_their_seed(seed: int) -> None:
    """The number is within five standard deviations of the mean, and the same seed gives the same times."""
    arrivals = Arrivals(steady(10, 60), seed)

    times = list(arrivals.times())

    assert abs(len(times) - 600) < 5 * math.sqrt(600)
    assert times == list(Arrivals(steady(10, 60), seed).times())
    gaps = [second - first for first, second in pairwise(times)]
    assert len(set(gaps)) > len(gaps) / 2


def test_a_test_without_an_end_offers_as_many_as_there_are() -> None:
    """Without a duration rows are due until they are used up."""
    arrivals = Arrivals(steady(2, math.inf))

    assert arrivals.offered is None
    assert list(islice(arrivals.times(), 3)) == [0, 0.5, 1]


def test_no_drift_over_ten_minutes() -> None:
    """Times are worked out from the start each, so that the last is as exact as the first."""
    times = list(Arrivals(steady(500, 600)).times())

    assert len(times) == 300_000
    assert times[-1] == pytest.approx(600 - 1 / 500, abs=1e-9)


@pytest.mark.parametrize(
    ("stages", "offered"),
    [
        (steady(100_000, 10_000), 1_000_000_000),
        ((Stage(10_000, 0, 100_000), Stage(10_000, 100_000, 0)), 1_000_000_000),
        ((Stage(1, 0.5, 0.5), Stage(1, 0.5, 0.5)), 1),
        ((Stage(1, 0, 0),), 0),
    ],
)
def test_even_arrivals_are_counted_and_not_gone_through(stages: tuple[Stage, ...], offered: int) -> None:
    """A billion rows take no longer than one: nothing is done for each of them."""
    with patch.object(Arrivals, "times", side_effect=AssertionError("gone through")):
        assert Arrivals(stages).offered == offered
