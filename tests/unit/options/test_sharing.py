"""Options of a run that several workers share."""

import pytest

from provisioner.errors import UsageError
from provisioner.options import EngineChoice, parse_engine, parse_lease


def test_a_lease_lasts_from_two_seconds_to_five_minutes() -> None:
    """Both bounds are allowed."""
    assert [parse_lease(text) for text in ("2s", "15s", "1m", "5m")] == [2.0, 15.0, 60.0, 300.0]


def test_any_other_text_is_no_lease() -> None:
    """The error names the option, the text and the bounds, also for what is no length of time."""
    for text in ("1.9s", "301s", "0", "soon", ""):
        with pytest.raises(UsageError, match=r"--lease '.*' is not a length of time from 2s to 5m"):
            parse_lease(text)


def test_an_engine_is_this_machine_or_the_scheduler_of_a_dask_cluster() -> None:
    """A scheduler without a port listens on Dask's usual one; an address of IPv6 keeps its brackets."""
    told = {
        "local": "",
        "dask://scheduler:9000": "scheduler:9000",
        "dask://10.0.0.7/": "10.0.0.7:8786",
        "DASK://[::1]:9000": "[::1]:9000",
    }

    assert {text: parse_engine(text) for text in told} == {
        text: EngineChoice(scheduler=scheduler) for text, scheduler in told.items()
    }
    assert parse_engine("") is None


def test_any_other_text_is_no_engine() -> None:
    """The error names the option and the engines there are, and shows no password."""
    for text in (
        "ray",
        "dask://",
        "dask://host:0",
        "dask://host:70000",
        "tcp://host:1",
        "dask://h/path",
        "Local ",
    ):
        with pytest.raises(UsageError, match=r"--engine '.*' is not an engine"):
            parse_engine(text)
    with pytest.raises(UsageError) as refused:
        parse_engine("dask://user:hunter2@host:8786")
    assert "hunter2" not in f"{refused.value.message} {refused.value.cure}"
