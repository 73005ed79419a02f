"""Which names of time zones are taken."""

import pytest

from provisioner.errors import UsageError
from provisioner.options import parse_zone


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_refused(name: str) -> None:
    """A misspelt zone must not fall back to another one."""
    with pytest.raises(UsageError, match="is not a time zone this machine knows"):
        parse_zone(name)


def test_no_name_is_the_zone_of_this_machine() -> None:
    """None is what ``astimezone`` takes for it."""
    assert parse_zone("") is None
