"""The real program in a separate process, started as a user starts it."""

import asyncio
import csv
import json
import os
import re
import resource
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from tests.acceptance.fork_server import ForkServer

ROOT = Path(__file__).parents[2]
ADDRESS = "IG" + 32 * "a"
ACCOUNT_SID = "AC" + 32 * "1"
API_KEY = "SK" + 32 * "2"
API_SECRET = "an-invented-api-secret"
AUTH_TOKEN = "an-invented-auth-token"

CREDENTIALS = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_API_KEY": API_KEY,
    "TWILIO_API_SECRET": API_SECRET,
    "PROVISIONER_ADDRESS_SID": ADDRESS,
}
"""Environment variables of a user; all values are invented."""

PATIENCE_S = 60.0
PROVISIONER = ("-m", "provisioner")
_LATE = re.compile("HOME|PYTHONDONTWRITEBYTECODE|(TWILIO|PROVISIONER)_[A-Z_]+")
"""Variables that change nothing before the program's first line."""
_ACCOUNTING = re.compile(r"^input ([\d,]+) = (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """Exit code, stdout and stderr of one execution."""

    code: int
    stdout: str
    stderr: str

    @classmethod
    def of(cls, code: int, stdout: bytes, stderr: bytes) -> Self:
        """Read what a process wrote; no way to end shows a traceback."""
        ended = cls(code, *(each.decode(errors="backslashreplace") for each in (stdout, stderr)))
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    @property
    def summary(self) -> dict[str, Any]:
        """Return the object of ``--json``; fail if stdout contains anything else."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts of the accounting line; fail if they do not add up."""
        found = _ACCOUNTING.search(self.stdout) or _ACCOUNTING.search(self.stderr)
        assert found is not None, f"no accounting line in {self.stdout!r}\n{self.stderr}"
        parts = (part.rsplit(" ", 1) for part in found[2].split(" + "))
        counts = {name: int(number.replace(",", "")) for name, number in parts}
        assert sum(counts.values()) == int(found[1].replace(",", ""))
        return {name: number for name, number in counts.items() if number}


@dataclass
class Running:
    """One execution that is still running."""

    process: asyncio.subprocess.Process
    _said: bytes = b""

    async def says(self, start: str) -> str:
        """Wait for a line on stderr that begins with ``start``, and return it."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stderr.readline():
                self._said += line
                if line.startswith(start.encode()):
                    return line.decode().rstrip()
        raise AssertionError(f"it ended without saying {start!r}: {self._said.decode()}")

    async def end(self, stdin: bytes | None = None) -> Ended:
        """Wait for the end and return the result; fail if the output contains a traceback."""
        async with asyncio.timeout(PATIENCE_S):
            stdout, stderr = await self.process.communicate(stdin)
        return Ended.of(self.process.returncode or 0, stdout or b"", self._said + (stderr or b""))

    def cpu_s(self) -> float:
        """Return the used processor time in seconds, a measure of progress that does not depend on other load."""
        fields = self._statistics()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def worked(self, seconds: float) -> None:
        """Wait until the process has used ``seconds`` seconds of processor time in total."""
        used = 0.0
        while used < seconds:
            await asyncio.sleep(0.005)
            used = self.cpu_s()

    async def waits(self) -> None:
        """Wait until the process is idle: it sleeps, and has used no processor time for a while.

        One that is ready to run and gets no processor, because others have it, is not idle.
        """
        before = 0.0
        while before < (now := self.cpu_s()) or not now or self._state() != "S":
            before = now
            await asyncio.sleep(0.2)

    def _state(self) -> str:
        """Return the kernel's letter for the state of the process, such as S for sleeping."""
        return self._statistics()[0]

    def _statistics(self) -> list[str]:
        """Return the fields of ``/proc/PID/stat`` from the state on; see proc(5)."""
        return Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()

    def signal(self, number: int) -> None:
        """Send a signal to this process only."""
        self.process.send_signal(number)


@dataclass
class Program:
    """Runs ``python -m provisioner`` in ``folder``, with ``env`` as the complete environment.

    ``invocation`` replaces ``-m provisioner``. With ``forks``, an execution that differs only by its arguments
    and by the program's own variables is forked from that server, which saves about one second of imports each.
    """

    folder: Path
    env: Mapping[str, str]
    invocation: Sequence[str] = PROVISIONER
    forks: ForkServer | None = None
    _started: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None, **how: Any) -> Running:
        """Start the program and return at once; ``env`` is added to the environment."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.invocation,
            *map(str, arguments),
            cwd=self.folder,
            env={**self.env, **(env or {})},
            **{"stdin": asyncio.subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, **how},
        )
        self._started.append(process)
        return Running(process)

    async def __call__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: bytes | None = None, **how: Any
    ) -> Ended:
        """Run the program to its end and return the result; ``env`` is added to the environment."""
        whole = {**self.env, **(env or {})}
        early = {name: value for name, value in whole.items() if not _LATE.fullmatch(name)}
        if self.forks and stdin is None and not how and (self.invocation, early) == (PROVISIONER, self.forks.env):
            async with (
                asyncio.timeout(PATIENCE_S),
                self.forks.run([*map(str, arguments)], self.folder, whole) as forked,
            ):
                return Ended.of(*await forked.end())
        if stdin is not None:
            how["stdin"] = asyncio.subprocess.PIPE
        running = await self.start(*arguments, env=env, **how)
        return await running.end(stdin)

    def unwatched(self) -> "Program":
        """Return the same program without coverage and without bytecode files, for tests with full disks or kills.

        A bytecode file that is cut short would break every later run.
        """
        env = {name: value for name, value in self.env.items() if not name.startswith("COVERAGE_")}
        return replace(self, env={**env, "PYTHONDONTWRITEBYTECODE": "1"})

    def trusting(self, bundle: Path) -> "Program":
        """Return the same program, which trusts only the certificate authorities in the file ``bundle``."""
        return replace(self, env={**self.env, "SSL_CERT_FILE": str(bundle)})

    async def end_all(self) -> None:
        """Kill all processes that still run, each by its process id."""
        for process in self._started:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            await process.communicate()

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file into the folder and return its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_customers(self, name: str, count: int, *, first: int = 1) -> Path:
        """Write a CSV file of ``count`` invented customers with a ``crm_id`` each, numbered from ``first``."""
        lines = [f"C-{number},Customer {number}" for number in range(first, first + count)]
        return self.write(name, "\n".join(("crm_id,CustomerFriendlyName", *lines, "")))

    def results(self, name: str = "results.csv") -> list[dict[str, str]]:
        """Return the rows of a results file as dicts."""
        return read_csv(self.folder / name)

    def statuses(self, name: str = "results.csv") -> list[str]:
        """Return the statuses in a results file, in its order."""
        return [row["status"] for row in self.results(name)]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as dicts, read with Python's csv module."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def environment(home: Path) -> dict[str, str]:
    """Return the smallest environment in which the program can start, plus the variables of coverage."""
    passed = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {**passed, "PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}


@asynccontextmanager
async def programs_in(folder: Path, forks: ForkServer | None = None) -> AsyncIterator[Program]:
    """Yield a program for ``folder`` with an empty home; kill its processes at the end of the context."""
    home = folder / "home"
    home.mkdir()
    program = Program(folder, environment(home), forks=forks)
    try:
        yield program
    finally:
        await program.end_all()


def bounded(size: int) -> Callable[[], None]:
    """Return a function that limits each file that the process writes to ``size`` bytes, like a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def lines_of(text: str, start: str) -> Sequence[str]:
    """Return the lines of ``text`` that begin with ``start``."""
    return [line for line in text.splitlines() if line.startswith(start)]
