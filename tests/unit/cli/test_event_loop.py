"""Which event loop a command runs on."""

import asyncio
import sys

import pytest

from provisioner.cli.event_loop import run_with_loop
from provisioner.errors import UsageError


async def library_of_the_loop() -> str:
    """Return whose loop is running."""
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


@pytest.mark.parametrize(("asked", "used"), [("auto", "uvloop"), ("uvloop", "uvloop"), ("asyncio", "asyncio")])
def test_uvloop_is_used_where_it_is_installed_unless_it_is_refused(asked: str, used: str) -> None:
    """``auto`` takes the cheaper one."""
    pytest.importorskip("uvloop")

    assert run_with_loop(asked, library_of_the_loop()) == used


def test_without_uvloop_everything_runs_on_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: nobody has to have it."""
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert run_with_loop("auto", library_of_the_loop()) == "asyncio"


def test_a_loop_that_was_asked_for_by_name_and_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    monkeypatch.setitem(sys.modules, "uvloop", None)

    with pytest.raises(UsageError, match="not installed") as caught:
        run_with_loop("uvloop", library_of_the_loop())

    assert "pipx inject webchat-provisioner uvloop" in caught.value.cure
