"""What is noticed while a test goes on is what the end would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.load import AbortCondition, StepMetrics, evaluate_thresholds, parse_threshold
from provisioner.models import AttemptRecord


def record(row: int, took_s: float, verdict: str = "created", status: int = 201) -> AttemptRecord:
    """Return a request that left at once."""
    return AttemptRecord(row, 1, verdict, 100.0, 100.0, 100.0 + took_s, status, "")


@given(
    st.lists(st.lists(st.integers(1, 40), max_size=8), min_size=1, max_size=5),
    st.sampled_from(["p0", "p50", "p95", "p99.9", "mean", "min", "max"]),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.integers(1, 40),
)
def test_a_tripwire_agrees_with_the_judge_at_every_look(
    looks: list[list[int]], figure: str, sign: str, bound: int
) -> None:
    """Whatever was measured between the looks, counting comes to what sorting does."""
    threshold = parse_threshold(f"{figure}(message.due) {sign} {bound}s", "--abort-if")
    wire = AbortCondition(threshold)
    metrics = {"create": StepMetrics(), "message": StepMetrics()}
    row = 0

    for look in looks:
        for took_s in look:
            row += 1
            metrics["message"].add(record(row, took_s))
        (result,) = evaluate_thresholds([threshold], metrics)
        assert wire.is_met(metrics) is result.has_failed


@pytest.mark.parametrize(
    ("verdict", "status", "errors", "throttled"),
    [
        ("created", 201, False, False),
        ("refused", 400, True, False),
        ("maybe", 500, True, False),
        ("not_processed", 429, False, True),
    ],
)
def test_shares_are_followed_by_what_may_still_become_of_rows(
    verdict: str, status: int, *, errors: bool, throttled: bool
) -> None:
    """A row that was thrown back will be sent again: it is no error yet, and its 429 is a 429."""
    metrics = {"create": StepMetrics()}
    metrics["create"].add(record(1, 1.0, verdict, status))

    def is_touched(condition: str) -> bool:
        return AbortCondition(parse_threshold(condition, "--abort-if")).is_met(metrics)

    assert is_touched("rate(error) > 0") is errors
    assert is_touched("rate(429) > 0") is throttled


def test_the_figure_that_ended_a_test_is_that_of_the_moment() -> None:
    """A row that was thrown back is no error in it, as it was none when the condition was looked at."""
    metrics = {"create": StepMetrics()}
    for row, verdict in enumerate(("refused", "created", "created", "not_processed"), start=1):
        metrics["create"].add(record(row, 1.0, verdict, 0))
    condition = AbortCondition(parse_threshold("rate(error) > 20%", "--abort-if"))

    before, result = condition.result, condition.trip(metrics)

    assert (before, condition.result) == (None, result)
    assert (condition.is_met(metrics), result.value) == (True, 0.25)
