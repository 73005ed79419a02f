"""Completion in real shells: what TAB makes of a line is what the shell then runs."""

import os
import pty
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.cli.main import main
from tests.acceptance.program import PATIENCE_S, ROOT

PROMPT = "ready> "
SHELLS = {
    "bash": (("bash", "--norc", "-i"), """PS1='rea''dy> '; eval "$(provisioner completion bash)" """),
    "zsh": (
        ("zsh", "-f", "-i"),
        """autoload -U compinit; compinit -u; PS1='rea''dy> '; eval "$(provisioner completion zsh)" """,
    ),
    "fish": (
        ("fish", "--no-config", "-i"),
        "function fish_prompt; echo -n 'rea''dy> '; end; provisioner completion fish | source",
    ),
}
"""How each shell is started without a user's settings, and what a user types into it once."""
PROGRAM = f"""#!/bin/sh
# The program; what is typed without TAB is recorded and not run.
if [ -z "$_PROVISIONER_COMPLETE" ] && [ "$1" != completion ]; then
    for word; do printf '[%s]' "$word" >> typed; done; echo >> typed; echo recorded; exit
fi
exec {sys.executable} -m provisioner "$@"
"""
LINES = {
    "provisioner sta\t": "[status]",
    "provisioner run cust\t": "[run][customers.csv]",
    "provisioner check cust\t": "[check][customers.csv]",
    "provisioner load cust\t": "[load][customers.csv]",
    "provisioner run customers.csv --first-m\tHi": "[run][customers.csv][--first-message][Hi]",
    "provisioner check --preset hubs\t": "[check][--preset][hubspot]",
    "provisioner --config set\tstatus": "[--config][settings.toml][status]",
    "provisioner run --log-level warn\t": "[run][--log-level][warning]",
    "provisioner help rec\t": "[help][reconcile]",
    "provisioner check --preset=hubs\t": "[check][--preset=hubspot]",
    "provisioner run --log-level=warn\t": "[run][--log-level=warning]",
    "provisioner --config=set\tstatus": "[--config=settings.toml][status]",
}
"""What is typed, and the words that the program is started with."""


class Terminal:
    """A shell in a terminal of 80 columns."""

    def __init__(self, command: tuple[str, ...], folder: Path, environ: dict[str, str]) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, environ)  # noqa: S606 - the shell under test

    def type(self, line: str, *, until: str) -> None:
        """Type a line, and read until the shell has written a match of the expression ``until``."""
        os.write(self._terminal, f"{line}\r".encode())
        said, end = "", time.monotonic() + PATIENCE_S
        while not re.search(until, said, re.DOTALL):
            assert select.select([self._terminal], [], [], max(end - time.monotonic(), 0))[0], said
            said += os.read(self._terminal, 4096).decode(errors="replace")

    def close(self) -> None:
        """End the shell."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)


@contextmanager
def terminal_of(shell: str, folder: Path) -> Iterator[Terminal]:
    """Yield a terminal with the shell in ``folder``, where completion is turned on."""
    command, setup = SHELLS[shell]
    programs = folder / "bin"
    programs.mkdir()
    (programs / "provisioner").write_text(PROGRAM)
    (programs / "provisioner").chmod(0o755)
    environ = {
        "HOME": str(folder),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }
    terminal = Terminal(command, folder, environ)
    try:
        terminal.type(setup, until=PROMPT)
        yield terminal
    finally:
        terminal.close()


@pytest.mark.acceptance
@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_completes_commands_options_values_and_files(
    shell: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """A user types a line with TABs in it, and the program is started with the completed words."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    for name in ("customers.csv", "settings.toml"):
        (tmp_path / name).touch()

    with terminal_of(shell, tmp_path) as terminal:
        for line in LINES:
            terminal.type(line, until=f"recorded.*{PROMPT}")

    typed = (tmp_path / "typed").read_text().splitlines()
    for (line, expected), found in zip(LINES.items(), typed, strict=True):
        with subtests.test(line):
            assert found == expected


def test_an_unknown_shell_is_refused_with_the_names_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which shells there are."""
    assert main(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in capsys.readouterr().err
