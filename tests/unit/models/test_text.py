"""Durations and rates in words."""

import math

import pytest

from provisioner.models.text import duration_text, rate_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (6.34, "6.3 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.9, "1:00"),
        (61, "1:01"),
        (3_130, "52:10"),
        (3_599.7, "1:00:00"),
        (6_980, "1:56:20"),
        (36_000, "10:00:00"),
        (2 * 86_400 + 11_045, "2 days, 3:04:05"),
        (1e15, "over 10 years"),
    ],
)
def test_a_duration_is_as_fine_as_it_is_short(seconds: float, text: str) -> None:
    """Tenths below ten seconds, then whole seconds, in the units of a clock."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        *((0, "0/s"), (0.2, "0.2/s"), (4.0, "4/s"), (3.984, "3.98/s"), (1_234.5, "1,234/s")),
        *((1 / 86_400, "0.042/h"), (0.005, "18/h"), (math.inf, "no limit")),
    ],
)
def test_a_rate_has_the_digits_it_deserves(per_second: float, text: str) -> None:
    """Two decimals at most, none for large rates."""
    assert rate_text(per_second) == text
