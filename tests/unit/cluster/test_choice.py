"""The engine that the options name."""

import pytest

from provisioner.cluster.choice import choose_engine
from provisioner.cluster.dask_engine import DaskEngine
from provisioner.cluster.local_engine import LocalEngine
from provisioner.errors import UsageError
from provisioner.options import RunOptions


async def test_the_options_name_the_engine() -> None:
    """Without one, the process that was started is the worker."""
    chosen = {
        text: type(choose_engine(RunOptions(engine=text, workers=0), {}, is_shared=True))
        for text in ("", "local", "dask://scheduler:8786")
    }

    assert chosen == {"": type(None), "local": LocalEngine, "dask://scheduler:8786": DaskEngine}


def test_a_number_of_workers_needs_an_engine() -> None:
    """Otherwise nobody would start them."""
    with pytest.raises(UsageError, match="--workers 3 without --engine"):
        choose_engine(RunOptions(workers=3), {}, is_shared=True)


def test_an_engine_needs_a_shared_ledger() -> None:
    """The error says which ledger that is."""
    with pytest.raises(UsageError, match="cannot share a ledger in a file") as refused:
        choose_engine(RunOptions(engine="local"), {}, is_shared=False)
    assert "postgresql://" in refused.value.cure
    assert "--ledger embedded" in refused.value.cure


def test_the_package_of_dask_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setattr("provisioner.cluster.choice.find_spec", lambda _name: None)

    with pytest.raises(UsageError, match="needs the package distributed") as refused:
        choose_engine(RunOptions(engine="dask://scheduler:8786"), {}, is_shared=True)
    assert "[dask]" in refused.value.cure
