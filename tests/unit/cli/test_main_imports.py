"""What the program imports before it has anything to do."""

import os
import subprocess
import sys

import pytest

HEAVY = {"aiohttp", "asyncio", "rich", "structlog", "msgspec", "sqlite3", "csv", "dataclasses", "tomllib"}

PROBE = """
import contextlib, io, sys
from provisioner.cli.main import main
with contextlib.redirect_stdout(io.StringIO()) as out:
    code = main(sys.argv[1:])
print(code, bool(out.getvalue()), *sorted(name for name in sys.modules if "." not in name))
"""


def imported(*arguments: str) -> set[str]:
    """Return the top-level modules in memory after the program ran with these arguments."""
    # Measuring coverage would load its own modules into the child.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    code, has_output, *modules = done.stdout.split()
    assert (code, has_output) == ("0", "True")
    return set(modules)


@pytest.mark.acceptance
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_imports_click_and_nothing_heavy(arguments: list[str]) -> None:
    """Help and version answer at once: nothing of the work, the log or the display is loaded."""
    assert imported(*arguments) & HEAVY == set()


@pytest.mark.acceptance
def test_the_help_of_a_command_loads_neither_log_nor_display() -> None:
    """What only a running command needs is loaded when it runs."""
    assert imported("simulate", "--help") & {"structlog", "rich", "aiohttp"} == set()


@pytest.mark.acceptance
def test_the_module_and_the_script_are_the_same_program() -> None:
    """``python -m provisioner`` names itself as the script does."""
    done = subprocess.run(
        [sys.executable, "-m", "provisioner", "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: provisioner [OPTIONS] COMMAND [ARGS]...\n")
    assert done.stderr == ""
