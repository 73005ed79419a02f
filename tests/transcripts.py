"""The ``console`` blocks of the documents: what is typed in them, and what it has to answer.

A line that starts with ``$ `` is typed, together with the lines it is continued on by a backslash at its end. What
follows is the answer, in which ``…`` stands for anything within a line, and alone on a line for any lines at all.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE_S = 120
ANYTHING = "…"
PROMPT = "$ "
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_INHERITED = re.compile(r"TWILIO_|PROVISIONER_|PYTHON|VIRTUAL_ENV|MAKE|MFLAGS")


@dataclass(frozen=True)
class Block:
    """One fenced block of a document; ``line`` is where its content starts."""

    language: str
    line: int
    text: str


@dataclass(frozen=True)
class Step:
    """One command of a document, and what it has to answer."""

    line: int
    command: str
    answer: tuple[str, ...]

    def is_answered_by(self, output: str) -> bool:
        """Say whether all of the output is what the document shows."""
        return re.fullmatch("".join(map(_pattern, self.answer)), output) is not None


def blocks_of(text: str, language: str) -> list[Block]:
    """Return the fenced blocks of one language."""
    found = [
        Block(match["language"], text.count("\n", 0, match.start("body")) + 1, match["body"])
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if block.language == language]


def steps_of(block: Block) -> Iterator[Step]:
    """Take a block apart into its commands."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    for start, end in pairwise([*starts, len(lines)]):
        command, *answer = _joined(lines[start:end])
        yield Step(block.line + start, command.removeprefix(PROMPT), tuple(answer))


def _joined(lines: Sequence[str]) -> list[str]:
    """Put a continued command on the first line."""
    command, *rest = lines
    while command.endswith("\\"):
        command, rest = f"{command}\n{rest[0]}", rest[1:]
    return [command, *rest]


def _pattern(line: str) -> str:
    if line == ANYTHING:
        return r"(?:.*\n)*"
    return ".*".join(map(re.escape, line.rstrip().split(ANYTHING))) + r" *\n"


@dataclass(frozen=True)
class Sandbox:
    """A fresh copy of the project to type commands in, with nobody's home and none of the caller's settings."""

    folder: Path
    programs: Path
    home: Path

    @classmethod
    def build(cls, place: Path) -> "Sandbox":
        """Copy what git tracks or would track, and put ``provisioner`` on the path."""
        sandbox = cls(place / "project", place / "programs", place / "home")
        for folder in (sandbox.folder, sandbox.programs, sandbox.home):
            folder.mkdir()
        for name in _tracked():
            target = sandbox.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
            target.chmod((ROOT / name).stat().st_mode)
        sandbox.add_program("provisioner", f"PYTHONPATH={shlex.quote(str(ROOT))} {_PYTHON} -P -m provisioner")
        sandbox.add_program("python3", _PYTHON)
        return sandbox

    def type(self, command: str) -> str:
        """Run a command and return what a terminal would have shown."""
        ended = subprocess.run(
            ["bash", "-c", command],  # noqa: S607 - the reader's bash, wherever it is
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
            check=False,
        )
        return ended.stdout.decode().replace("\r\n", "\n")

    def add_program(self, name: str, command: str) -> None:
        """Put a program on the path."""
        program = self.programs / name
        program.write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Keep what says how packages are got (mirrors, certificates, caches), drop what speaks of accounts."""
        kept = {name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)}
        home = Path.home()
        path = (self.programs, Path(sys.executable).parent, os.environ["PATH"])
        return {
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join(map(str, path)),
            "PYTHONUNBUFFERED": "1",
        }


_PYTHON = shlex.quote(sys.executable)


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]
