"""Limits as a server counts them."""

import pytest

from provisioner.simulator.limits import PeakPerSecond, SlidingWindowLimiter


@pytest.mark.parametrize(
    ("per_second", "moments", "admitted"),
    [
        (2, [0.0, 0.1, 0.2, 0.99, 1.0, 1.05, 1.1], [True, True, False, False, True, False, True]),
        (0.5, [0.0, 1.0, 1.99, 2.0, 3.0, 4.0], [True, False, False, True, False, True]),
        (2.5, [0.0, 0.1, 0.79, 0.8, 0.91], [True, True, False, True, True]),
        (0, [0.0] * 5, [True] * 5),
    ],
)
def test_a_limit_holds_in_every_window(per_second: float, moments: list[float], admitted: list[bool]) -> None:
    """No window of a second holds more than the limit, and what is turned away does not count."""
    limit = SlidingWindowLimiter(per_second)

    assert [limit.admits(moment) for moment in moments] == admitted


def test_the_worst_second_is_the_fullest_window() -> None:
    """Windows are open at their end: a second apart is not within a second."""
    worst = PeakPerSecond()

    for moment in (0.0, 0.5, 1.0, 1.4, 1.49, 5.0):
        worst.add(moment)

    assert worst.most == 4
