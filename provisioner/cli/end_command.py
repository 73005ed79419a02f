"""The shell command of ``--on-end``, which runs when a command of the program has ended."""

import os
import re
from collections.abc import Mapping

from provisioner.models.summary import Summary

from .console import Console
from .shell_process import run_shell

LONGEST_S = 60.0
"""Seconds that the command may take; a message to a chat takes one or two."""
MOST_OUTPUT = 2_000
"""Most bytes of the end of the command's output that are shown when it fails."""
VARIABLES = ("PROVISIONER_COMMAND", "PROVISIONER_EXIT_CODE", "PROVISIONER_OUTCOME")
"""Environment variables that the command gets, besides those of the program."""


def run_end_command(
    line: str, summary: Summary, exit_code: int, console: Console, *, longest_s: float = LONGEST_S
) -> None:
    """Run the shell command ``line`` with the summary as JSON on its stdin, and wait for its end.

    When it fails, cannot be started, or takes too long, print a warning with the end of its output; it is killed
    with its children then, and also when a stop signal arrives. Call it on the main thread.
    """
    given = f"{summary.to_json()}\n".encode()
    trouble, output = run_shell(line, given, _environment(os.environ, summary, exit_code), longest_s=longest_s)
    if trouble:
        console.print_warning(f"warning: the command of --on-end {trouble}")
        for each in output[-MOST_OUTPUT:].decode(errors="replace").splitlines():
            console.print_warning(f"  {each}")


def _environment(environ: Mapping[str, str], summary: Summary, exit_code: int) -> dict[str, str]:
    """Return the variables of the command, without any that would make it run again from within itself."""
    kept = {name: value for name, value in environ.items() if not re.fullmatch(r"PROVISIONER_\w+_ON_END", name)}
    return {**kept, **dict(zip(VARIABLES, (summary.command, str(int(exit_code)), summary.outcome), strict=True))}
