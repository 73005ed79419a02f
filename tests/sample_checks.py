"""Checks of the samples by the programs that read them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.main import cli

ROOT = Path(__file__).parents[1]


def tool(name: str) -> str:
    """Find a program, ours first; skip the test where the machine has none."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/bin:/bin:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def check(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a checker, which has to be content."""
    ended = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def parse(arguments: list[str]) -> None:
    """Let the program read a command line, and do nothing."""
    with cli.make_context("provisioner", list(arguments)) as context:
        name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)
