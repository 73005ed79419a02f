"""The toy in the program, and an environment that says nothing."""

import sys
from types import ModuleType

import pytest

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from tests.toy_command import Toy, ToyOptions


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """Add the toy to the program's commands."""
    played = Toy()
    module = ModuleType("provisioner.cli.toy")
    vars(module)["toy"] = played.as_command()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(COMMANDS, "toy", "Play with files.")
    monkeypatch.setitem(TABLES, "toy", ToyOptions)
    return played


@pytest.fixture(autouse=True)
def _silent_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the caller's environment says about colours and options out of the tests."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PROVISIONER_CONFIG", "PROVISIONER_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
