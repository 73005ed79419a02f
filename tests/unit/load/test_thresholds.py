"""What fails a load test."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.load import (
    StepMetrics,
    achieved_share,
    collect_metrics,
    describe_result,
    evaluate_thresholds,
    parse_threshold,
)
from provisioner.models import AttemptRecord


def record(row: int, took_s: float, verdict: str = "created", **told: object) -> AttemptRecord:
    """Return a request that was due at 100 and left at once."""
    values = {"number": 1, "due": 100.0, "sent": 100.0, "http_status": 201, "error_code": ""} | told
    return AttemptRecord(row_id=row, verdict=verdict, ended=100.0 + took_s, **values)  # type: ignore[arg-type]


def measured() -> dict[str, StepMetrics]:
    """Return a hundred creations of 10, 20 … 1,000 ms, and one that was refused after a 429."""
    attempts = [record(row, row / 100) for row in range(1, 101)]
    attempts.append(record(101, 0.1, "not_processed", http_status=429, error_code="45780"))
    attempts.append(record(101, 0.2, "refused", number=2, http_status=400, error_code="45745"))
    return {"create": collect_metrics(attempts), "message": StepMetrics()}


@pytest.mark.parametrize(
    ("condition", "value", "has_failed"),
    [
        ("p95(create.due) > 2s", 0.95, False),
        ("p95(create.due) > 900ms", 0.95, True),
        ("p99(create.sent) >= 0.98s", 0.99, True),
        ("p99.9(create.due) > 1.01s", 1.0, False),
        ("p50(create.due)<499ms", 0.5, False),
        ("p50(create.due)<=501ms", 0.5, True),
        ("max(create.due) > 0.016m", 1.0, True),
        ("min(create.due) > 11ms", 0.01, False),
        ("mean(create.due) > 500ms", 0.505, True),
        ("rate(error) > 1%", 1 / 101, False),
        ("rate(error) > 0", 1 / 101, True),
        ("rate(429) > 0", 1 / 102, True),
        ("achieved < 95%", 0.96, False),
        ("achieved < 97%", 0.96, True),
        ("p95(message.due) > 1s", None, False),
    ],
)
def test_conditions_by_table(condition: str, value: float | None, *, has_failed: bool) -> None:
    """Percentiles are exact (nearest rank); what was not measured fails nothing."""
    (result,) = evaluate_thresholds([parse_threshold(condition, "--fail-if")], measured(), achieved=0.96)

    assert result.value == (None if value is None else pytest.approx(value))
    assert result.has_failed is has_failed
    assert condition in str(result)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p95 > 2s",
        "p95(create) > 2s",
        "p95(create.due) > 2%",
        "rate(error) > 2s",
        "achieved < 3",
        "p95(create.due) = 1s",
        "p100.5.3(create.due) > 1s",
        "rate(404) > 1%",
        "p95(update.due) > 1s",
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    """Units have to fit: a time for latencies, a share for the rest."""
    with pytest.raises(UsageError) as caught:
        parse_threshold(text, "--fail-if")

    assert caught.value.message.startswith(f"--fail-if {text!r}")
    assert "p95(create.due) > 2s" in caught.value.cure


@given(st.text(max_size=40))
def test_no_text_makes_reading_a_condition_crash(text: str) -> None:
    """Whatever is written is a condition or a usage error."""
    try:
        parse_threshold(text, "--abort-if")
    except UsageError:
        return


@pytest.mark.parametrize(
    ("condition", "value", "sentence"),
    [
        ("p95(create.due) > 2s", 0.0191, "p95(create.due) 19 ms (fails above 2 s)"),
        ("p95(create.due) > 2s", 2.4, "p95(create.due) 2.4 s (fails above 2 s)"),
        ("p95(create.due)>2s", 2.0004, "p95(create.due) 2.0004 s (fails above 2 s)"),
        ("max(message.sent) >= 1m", 61.25, "max(message.sent) 61.2 s (fails at 60 s and above)"),
        ("min(create.sent) < 0.5ms", 0.00025, "min(create.sent) 0.25 ms (fails below 0.5 ms)"),
        ("rate(error) > 1%", 0.0, "rate(error) 0 % (fails above 1 %)"),
        ("achieved <= 95%", 0.94981, "achieved 94.98 % (fails at 95 % and below)"),
        ("rate(429) > 0", None, "rate(429) not measured (fails above 0 %)"),
    ],
)
def test_a_verdict_names_figure_and_bound_in_the_same_unit(
    condition: str, value: float | None, sentence: str
) -> None:
    """A figure that is just beyond its bound has as many digits as it takes to see that."""
    assert describe_result(condition, value) == sentence


@pytest.mark.parametrize("text", ["p95 > 2s", "p95(create) > 2s", "p95() > 2s", "mean>2s", "p99.9 (due) > 1s"])
def test_a_latency_without_a_step_is_told_the_steps_and_an_example_that_is_right(text: str) -> None:
    """The example is the user's own condition with a step, and can be copied."""
    with pytest.raises(UsageError) as caught:
        parse_threshold(text, "--fail-if")

    example = re.search(r"'(.+?)'", caught.value.cure)
    assert "names none of the steps: create or message" in caught.value.message
    assert example is not None
    assert example[1].partition("(")[0] == text.partition(">")[0].partition("(")[0].strip()
    assert parse_threshold(example[1], "--fail-if").step == "create"


def test_a_condition_that_this_version_does_not_know_is_shown_as_it_stands() -> None:
    """A ledger of a later version may hold one."""
    assert describe_result("median(close.due) > 2s", 1.0) == "median(close.due) > 2s"


def test_rows_that_were_created_in_the_end_are_no_errors() -> None:
    """A row sent again after a 429, one found by a look-up, and one that was refused first and sent again."""
    lost = record(3, 0.1, "maybe", http_status=None, error_code="timeout")
    attempts = [
        record(1, 0.1),
        record(2, 0.1, "not_processed", http_status=429, error_code="45780"),
        lost,
        record(4, 0.1, "refused", http_status=400, error_code="45745"),
        record(2, 0.2, number=2),
        record(4, 0.2, number=2),
    ]

    before = collect_metrics(attempts)
    after = collect_metrics(attempts, [lost._replace(error_code="not_seen"), lost._replace(verdict="created")])

    assert (before.rows, before.error_share) == (4, 1 / 4)
    assert (after.rows, after.succeeded, after.error_share, len(after.from_due)) == (4, 4, 0.0, 3)


def test_latency_from_due_holds_waiting_and_repeats() -> None:
    """A row that was thrown back counts from when it was first due; from sent, only the request that succeeded."""
    attempts = [
        record(1, 0.1, "not_processed", http_status=429, error_code="45780"),
        record(1, 3.0, number=2, due=102.0, sent=102.5),
    ]

    found = collect_metrics(attempts)

    assert (found.rows, found.requests, found.succeeded, found.late) == (1, 2, 1, 1)
    assert list(found.from_due) == [3.0]
    assert list(found.from_sent) == [0.5]
    assert found.failures == Counter({"45780": 1})


def test_what_a_crash_cut_off_is_not_measured() -> None:
    """An attempt of which nobody knows when it left has no latency."""
    found = collect_metrics([record(1, 0.1, "maybe", due=None, sent=None)])

    assert (found.rows, found.requests) == (0, 0)


def test_achieved_is_the_share_that_succeeded_in_the_time_it_was_offered_in() -> None:
    """Half of the rows is a half; all of them in twice the time is a half, too. A slow answer is no slow rate."""
    on_time = [record(row, 0.1, due=100.0 + row, sent=100.0 + row) for row in range(11)]
    half = [each if n % 2 else each._replace(verdict="refused") for n, each in enumerate(on_time[1:])]
    late = [record(row, 20.0, due=100.0 + row, sent=100.0 + 2 * row) for row in range(11)]
    slow = [each._replace(ended=each.ended + 100) for each in on_time]

    shares = [achieved_share(collect_metrics(each), len(each)) for each in (on_time, half, late, slow)]

    assert shares == [1.0, 0.5, 0.5, 1.0]


def test_achieved_is_unknown_where_nothing_was_offered_or_sent() -> None:
    """No rows, or none that had their turn."""
    assert achieved_share(StepMetrics(), 0) is None
    assert achieved_share(StepMetrics(), 10) is None
    assert achieved_share(collect_metrics([record(1, 0.1)]), 1) == 1.0
