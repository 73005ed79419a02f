"""Jobs against one simulator under failures, and checks of what must hold for each of them afterwards."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.acceptance.program import CREDENTIALS, Ended, Program, Running, read_csv
from tests.acceptance.simulator_process import Simulator

_APART = 100_000
"""Difference between the customer numbers of one job and those of the next."""


@dataclass
class Job:
    """One job: its customers, its command, and the simulator, which it shares with other jobs."""

    program: Program
    server: Simulator
    number: int = 1
    rows: int = 40
    folder: str = "."
    flags: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.program = self.program.unwatched()
        self.program.write_customers(self.input, self.rows, first=self.first)

    @property
    def first(self) -> int:
        """Number of the job's first customer."""
        return self.number * _APART

    @property
    def input(self) -> str:
        """Name of the input file."""
        return f"customers-{self.number}.csv"

    @property
    def results(self) -> Path:
        """Path of the results file."""
        return self.program.folder / self.folder / f"results-{self.number}.csv"

    @property
    def ledger(self) -> Path:
        """Path of the ledger, unless ``--ledger`` is among the flags."""
        return self.results.with_name(f"{self.results.name}.ledger")

    @property
    def command(self) -> Sequence[str]:
        """Arguments of the command that runs or resumes the job."""
        return (
            *("--log-level", "error", "run", self.input, "-o", f"{self.folder}/{self.results.name}"),
            *("--key", "crm_id", "--base-url", self.server.url, "--rate", "400/s", "--settle-delay", "0.2"),
            *self.flags,
        )

    async def run(self, *flags: str, env: dict[str, str] | None = None, **how: Any) -> Ended:
        """Run the job to its end, with ``flags`` in addition for this run."""
        return await self.program(*self.command, *flags, env={**CREDENTIALS, **(env or {})}, **how)

    async def start(self, *flags: str, env: dict[str, str] | None = None, **how: Any) -> Running:
        """Start the job and return at once."""
        return await self.program.start(*self.command, *flags, env={**CREDENTIALS, **(env or {})}, **how)

    async def kill_after(self, created: int, **how: Any) -> None:
        """Start the job and kill it as soon as ``created`` of its conversations exist."""
        running = await self.start("--rate", "10/s", **how)
        await self.has_created(created)
        running.process.kill()
        await running.end()
        await asyncio.sleep(0.2)  # until the server has created what was sent last

    async def has_created(self, count: int) -> None:
        """Wait until ``count`` of the job's conversations exist."""
        there = 0
        while there < count:
            await asyncio.sleep(0.01)
            there = len(await self.created())

    async def created(self) -> list[str]:
        """Return the SIDs of the job's conversations in the order of its customers."""
        numbers = range(self.first, self.first + self.rows)
        own = [
            (int(each["customer_friendly_name"].removeprefix("Customer ")), each["sid"])
            for each in await self.server.conversations()
        ]
        return [sid for number, sid in sorted(own) if number in numbers]

    async def comes_to_a_good_end(self) -> None:
        """Run the job without failures and assert that each row was created once and has the server's SID."""
        ended = await self.run()
        created = await self.created()
        told = [(row["status"], row["conversation_sid"]) for row in read_csv(self.results)]

        assert (ended.code, ended.stderr.count("error:")) == (0, 0), ended.stderr
        assert len(created) == self.rows
        assert told == [("created", sid) for sid in created]
        assert self.litter() == []

    def litter(self) -> list[str]:
        """Return the names of leftover files beside the results."""
        wanted = {self.results.name, self.ledger.name}
        return [
            each.name for each in self.results.parent.glob(f"*{self.results.name}*") if each.name not in wanted
        ]

    def numbered(self, number: int, **changes: Any) -> "Job":
        """Return a copy of this job with another number and the given changes."""
        return replace(self, number=number, **changes)


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[None]:
    """Mount a tmpfs of ``size_kib`` KiB at ``folder``; raise ``OSError`` when that is not permitted."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607 - its folder differs by system


def remount(folder: Path, options: str) -> None:
    """Change mount options of a small disk, such as its size, or read-only."""
    _mount("-o", f"remount,{options}", str(folder))


def _mount(*arguments: str) -> None:
    mount = shutil.which("mount")
    if mount is None:
        raise OSError("there is no mount")
    done = subprocess.run([mount, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
