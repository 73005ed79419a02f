"""Processes of one job of several workers: the coordinator, and workers that join it."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.program import CREDENTIALS, Program, Running
from tests.storm.cluster.wire import Wire

ALLOWED = frozenset({0, 4, 5, 6, 7, 75})
"""Exit codes that a process may end with by itself; injected faults cause 4 to 7."""
_NO_JOB = 2
"""Exit code of a worker that was started before the job was there."""
_AGAIN_S = 0.3


@dataclass
class Member:
    """One place in the job, whose process is started again when it ends; ``codes`` are those of its processes."""

    name: str
    command: Sequence[str]
    wire: Wire
    log: Path
    codes: list[int] = field(default_factory=list)
    struck: set[int] = field(default_factory=set)
    running: Running | None = None

    @property
    def is_coordinator(self) -> bool:
        """Whether this is the process that was typed."""
        return self.command[0] == "run"

    @property
    def pid(self) -> int | None:
        """Process ID while it runs."""
        running = self.running
        return running.process.pid if running and running.process.returncode is None else None

    async def keep(self, program: Program, is_over: Callable[[], bool]) -> None:
        """Start the process again and again until the job is over; the coordinator until it ends with 0."""
        while not is_over():
            with self.log.open("ab") as log:
                self.running = await program.start(
                    "--log-format", "json", *self.command, env=CREDENTIALS, stdout=log, stderr=log
                )
                code = await self.running.process.wait()
            self.codes.append(code)
            if self.is_coordinator and code == 0:
                return
            await asyncio.sleep(_AGAIN_S)

    def kill(self) -> bool:
        """Kill the process; return whether there was one."""
        return self._send(signal.SIGKILL)

    async def freeze(self, seconds: float) -> bool:
        """Stop the process for some seconds; return whether it was there before and after."""
        if not self._send(signal.SIGSTOP):
            return False
        await asyncio.sleep(seconds)
        return self._send(signal.SIGCONT)

    def unexpected(self) -> list[str]:
        """Return a text for each exit code that no fault and no blow explains, and for tracebacks."""
        said = self.log.read_bytes()
        allowed = ALLOWED | {-signal.SIGKILL} | ({_NO_JOB} if b"the database has no job" in said else set())
        told = [f"{self.name} ended with {code}" for code in self.codes if code not in allowed]
        if b"Traceback" in said or b"internal error" in said:
            told.append(f"{self.name} printed a traceback")
        return told

    def _send(self, number: signal.Signals) -> bool:
        if self.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False


def processes_of(job: str) -> list[int]:
    """Return the process IDs of the workers that an engine has started for a job, by their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if b"worker" in words and any(f"job={job}".encode() in word for word in words):
                    found.append(int(folder.name))
    return sorted(found)
