"""Rates from the times of starts."""

from provisioner.models.rates import rate_between, rate_until


def test_a_mean_rate_needs_two_moments() -> None:
    """It is that of the gaps between the starts."""
    assert rate_between(5, 10.0, 12.0) == 2.0
    assert rate_between(1, 10.0, 10.0) is None
    assert rate_between(0, None, None) is None


def test_a_rate_falls_only_after_three_gaps_and_two_seconds() -> None:
    """Until then nobody can tell a pause from the gap before the next start."""
    assert rate_until(5, 10.0, 12.0, 14.0) == 2.0
    assert rate_until(5, 10.0, 12.0, 14.5) == 4 / 4.5
    assert rate_until(3, 0.0, 60.0, 149.0) == 2 / 60
    assert rate_until(3, 0.0, 60.0, 151.0) == 2 / 151
    assert rate_until(2, 10.0, 10.0, 11.0) is None
