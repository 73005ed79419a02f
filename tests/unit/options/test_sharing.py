"""Options of a run that several workers share."""

import pytest

from provisioner.errors import UsageError
from provisioner.options import parse_lease


def test_a_lease_lasts_from_two_seconds_to_five_minutes() -> None:
    """Both bounds are allowed."""
    assert [parse_lease(text) for text in ("2s", "15s", "1m", "5m")] == [2.0, 15.0, 60.0, 300.0]


def test_any_other_text_is_no_lease() -> None:
    """The error names the option, the text and the bounds, also for what is no length of time."""
    for text in ("1.9s", "301s", "0", "soon", ""):
        with pytest.raises(UsageError, match=r"--lease '.*' is not a length of time from 2s to 5m"):
            parse_lease(text)
