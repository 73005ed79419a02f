"""When a run is over."""

import asyncio
import math
from collections.abc import Callable

import pytest

from provisioner.ledger.shared_rate import RateMember
from provisioner.load import Arrivals, steady
from provisioner.options import Rate
from provisioner.pacing import Pacer, SharedPacer
from provisioner.runs.send_schedule import SendSchedule


@pytest.mark.parametrize(
    ("duration_s", "limit", "expected"),
    [
        (math.inf, 0, True),
        (math.inf, 5, False),
        (2.0, 0, True),
        (2.0, 7, False),
        (2.0, 8, True),
        (2.0, 9, True),
    ],
)
def test_a_limit_that_comes_before_the_end_of_the_schedule_leaves_rows_over(
    duration_s: float, limit: int, *, expected: bool
) -> None:
    """A test of 4/s for 2 s offers 8 rows: it is complete after them, and not after the 5 of a limit."""
    schedule = SendSchedule(rate=Rate(per_second=4), arrivals=Arrivals(steady(4, duration_s)))

    assert schedule.is_timed(limit) is expected


@pytest.mark.parametrize(
    ("rate", "arrivals", "is_shared"),
    [(4, None, True), (math.inf, None, False), (4, Arrivals(steady(4, 2.0)), False)],
)
def test_an_even_rate_is_shared_where_there_is_one_to_share(
    rate: float, arrivals: Arrivals | None, *, is_shared: bool
) -> None:
    """Without a limit there is none, and a load test keeps its schedule; without a shared rate nothing changes."""

    class JoinedRate:
        def join(self, _member: RateMember) -> Callable[[], None]:
            return lambda: None

    async def pacers() -> tuple[Pacer, Pacer]:
        schedule = SendSchedule(rate=Rate(per_second=rate), arrivals=arrivals)
        alone = schedule.pacer(lone=1, host=None)
        return alone, schedule.pacer(lone=1, host=None, shared_rate=JoinedRate())

    alone, shared = asyncio.run(pacers())

    assert type(alone) is Pacer
    assert isinstance(shared, SharedPacer) == is_shared


def test_a_run_without_a_schedule_is_complete_when_no_row_is_left() -> None:
    """With or without a limit."""
    schedule = SendSchedule(rate=Rate(per_second=4))

    assert not schedule.is_timed(0)
    assert not schedule.is_timed(5)
