"""Fixtures: the toy command in the program, and an environment without settings."""

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
    """Remove the variables of colours and options from the environment of the tests."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PROVISIONER_CONFIG", "PROVISIONER_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
