"""A real terminal, tmux, in which a test starts a command and reads the screen."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TMUX = shutil.which("tmux")
needs_tmux = pytest.mark.skipif(TMUX is None, reason="no tmux is installed here")
PATIENCE_S = 90.0


@dataclass(frozen=True)
class Terminal:
    """A terminal with one command; its server has a socket of its own."""

    socket: Path
    env: Mapping[str, str]

    async def screen(self) -> list[str]:
        """Return the lines of the screen, without spaces at their ends."""
        return [line.rstrip() for line in (await self.tmux("capture-pane", "-p")).splitlines()]

    async def shows(self, pattern: str) -> list[str]:
        """Wait until a line of the screen contains the pattern, and return the screen."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                lines = await self.screen()
                if any(re.search(pattern, line) for line in lines):
                    return lines
                await asyncio.sleep(0.1)

    async def resize(self, columns: int) -> None:
        """Make the terminal so wide."""
        await self.tmux("resize-window", "-x", str(columns))

    async def press(self, key: str) -> None:
        """Press a key, by tmux's name for it."""
        await self.tmux("send-keys", key)

    async def tmux(self, *arguments: str) -> str:
        """Run a command of tmux and return what it prints."""
        process = await asyncio.create_subprocess_exec(
            *(TMUX or "tmux", "-S", str(self.socket), "-u", "-f", "/dev/null", *arguments),
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, printed
        return printed.decode()


@asynccontextmanager
async def terminal_with(
    command: Sequence[str], env: Mapping[str, str], folder: Path, *, columns: int = 80
) -> AsyncIterator[Terminal]:
    """Start a command on a terminal of 24 lines in ``folder``; end both with the context."""
    terminal = Terminal(folder / "tmux", {**env, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})
    size = ("-x", str(columns), "-y", "24")
    keep = ("set-option", "-g", "remain-on-exit", "on", ";", "set-option", "-g", "status", "off", ";")
    await terminal.tmux("start-server", ";", *keep, "new-session", "-d", *size, "-c", str(folder), *command)
    try:
        yield terminal
    finally:
        await terminal.tmux("kill-server")
