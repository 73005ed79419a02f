"""``console`` blocks of the documents: their commands, and the expected output.

A line that starts with ``$ `` is a command; a backslash at its end continues it on the next line. The lines after
it are the expected output. There ``…`` stands for any text within a line, and alone on a line for any number of
lines.
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
    """One fenced block of a document; ``line`` is the line number of its first content line."""

    language: str
    line: int
    text: str


@dataclass(frozen=True)
class Step:
    """One command of a document and its expected output."""

    line: int
    command: str
    answer: tuple[str, ...]

    def is_answered_by(self, output: str) -> bool:
        """Return whether the whole ``output`` matches the document."""
        return re.fullmatch("".join(map(_pattern, self.answer)), output) is not None


def blocks_of(text: str, language: str) -> list[Block]:
    """Return the fenced blocks of one language in a Markdown text."""
    found = [
        Block(match["language"], text.count("\n", 0, match.start("body")) + 1, match["body"])
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if block.language == language]


def steps_of(block: Block) -> Iterator[Step]:
    """Yield the commands of a block."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    for start, end in pairwise([*starts, len(lines)]):
        command, *answer = _joined(lines[start:end])
        yield Step(block.line + start, command.removeprefix(PROMPT), tuple(answer))


def _joined(lines: Sequence[str]) -> list[str]:
    """Return the lines with continued commands joined into one line."""
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
    """A fresh copy of the project in which commands run, with an empty home and without the caller's settings."""

    folder: Path
    programs: Path
    home: Path

    @classmethod
    def build(cls, place: Path) -> "Sandbox":
        """Copy all files that git tracks or does not ignore, and put ``provisioner`` on the PATH."""
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
        """Run a command in bash and return its stdout and stderr."""
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
        """Put a program with this name on the PATH; it runs ``command``."""
        program = self.programs / name
        program.write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment: settings of package installers are kept, those of accounts are removed."""
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
