"""A plan in words."""

from datetime import UTC, datetime

import pytest

from provisioner.cli.plan_text import plan_lines
from provisioner.models import Counts
from provisioner.models.forecast import Forecast
from provisioner.system.shown_time import times_shown_in

FRIDAY = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("to_send", "invalid", "rate", "duration_s", "line"),
    [
        (8, 0, 4.0, 2.0, "plan: 8 of 10 rows to send at 4/s: 2.0 s, until 12:30:00+00:00"),
        (8, 2, 4.0, 2.0, "plan: 8 of 10 rows to send at 4/s: 2.0 s, until 12:30:00+00:00; 2 are invalid"),
        (8, 2, None, None, "plan: 8 of 10 rows to send, with no pace limit; 2 are invalid"),
        (0, 0, 4.0, 0.0, "plan: 0 of 10 rows to send"),
        (8, 0, 4.0, 36_000, "plan: 8 of 10 rows to send at 4/s: 10:00:00, until Friday 12:30+00:00"),
        (8, 0, 4.0, 864_000, "plan: 8 of 10 rows to send at 4/s: 10 days, 0:00:00, until 2026-05-01 12:30+00:00"),
    ],
)
def test_a_plan_says_how_many_rows_go_and_how_long_it_takes(
    to_send: int, invalid: int, rate: float | None, duration_s: float | None, line: str
) -> None:
    """The first line has the rows, the pace and what is not sent, and the end as finely as it is near."""
    plan = Forecast(
        counts=Counts(input=10, invalid=invalid),
        to_send=to_send,
        rate_asked=rate,
        duration_s=duration_s,
        finishes_at=FRIDAY,
        notes=("a note",),
    )

    with times_shown_in(UTC):
        assert list(plan_lines(plan)) == [line, "note: a note"]


def test_a_plan_of_one_is_written_as_one() -> None:
    """One row, one message and one invalid record have their own words."""
    plan = Forecast(
        counts=Counts(input=1, invalid=1), to_send=0, to_post=1, rate_asked=4.0, duration_s=0.0, finishes_at=FRIDAY
    )

    assert list(plan_lines(plan)) == ["plan: 0 of 1 row to send; 1 first message to post; 1 is invalid"]


def test_an_end_that_is_too_far_ahead_has_no_date() -> None:
    """The plan says that it takes longer than anybody waits."""
    plan = Forecast(counts=Counts(input=10), to_send=10, rate_asked=1 / 86_400, duration_s=1e12, finishes_at=None)

    assert list(plan_lines(plan)) == ["plan: 10 of 10 rows to send at 0.042/h: over 10 years"]
