"""Jobs against one simulator that go through trouble, and what must hold for each when the trouble is over."""

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
"""Customers of one job are numbered this far from those of the next."""


@dataclass
class Job:
    """One job: its customers, the command that runs it, and the simulator that it shares with others."""

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
        """The number of its first customer."""
        return self.number * _APART

    @property
    def input(self) -> str:
        """The name of its input."""
        return f"customers-{self.number}.csv"

    @property
    def results(self) -> Path:
        """Where its results are."""
        return self.program.folder / self.folder / f"results-{self.number}.csv"

    @property
    def ledger(self) -> Path:
        """Where its ledger is, unless its flags say otherwise."""
        return self.results.with_name(f"{self.results.name}.ledger")

    @property
    def command(self) -> Sequence[str]:
        """What runs it, always the same."""
        return (
            *("--log-level", "error", "run", self.input, "-o", f"{self.folder}/{self.results.name}"),
            *("--key", "crm_id", "--base-url", self.server.url, "--rate", "400/s", "--settle-delay", "0.2"),
            *self.flags,
        )

    async def run(self, *flags: str, **how: Any) -> Ended:
        """Run it to its end, for now with ``flags``."""
        return await (await self.start(*flags, **how)).end()

    async def start(self, *flags: str, env: dict[str, str] | None = None, **how: Any) -> Running:
        """Start it and come back at once."""
        return await self.program.start(*self.command, *flags, env={**CREDENTIALS, **(env or {})}, **how)

    async def kill_after(self, created: int, **how: Any) -> None:
        """Start it and kill it once so many conversations are there."""
        running = await self.start("--rate", "10/s", **how)
        await self.has_created(created)
        running.process.kill()
        await running.end()
        await asyncio.sleep(0.2)  # what it sent last is still being created

    async def has_created(self, count: int) -> None:
        """Wait until so many of its conversations are there."""
        there = 0
        while there < count:
            await asyncio.sleep(0.01)
            there = len(await self.created())

    async def created(self) -> list[str]:
        """Return the SIDs of its conversations, in the order of its customers."""
        numbers = range(self.first, self.first + self.rows)
        own = [
            (int(each["customer_friendly_name"].removeprefix("Customer ")), each["sid"])
            for each in await self.server.conversations()
        ]
        return [sid for number, sid in sorted(own) if number in numbers]

    async def comes_to_a_good_end(self) -> None:
        """Run it under healthy conditions and see every row created, once, with the SID it has on the server."""
        ended = await self.run()
        created = await self.created()
        told = [(row["status"], row["conversation_sid"]) for row in read_csv(self.results)]

        assert (ended.code, ended.stderr.count("error:")) == (0, 0), ended.stderr
        assert len(created) == self.rows
        assert told == [("created", sid) for sid in created]
        assert self.litter() == []

    def litter(self) -> list[str]:
        """Name the files beside its results that nobody needs any more."""
        wanted = {self.results.name, self.ledger.name}
        return [
            each.name for each in self.results.parent.glob(f"*{self.results.name}*") if each.name not in wanted
        ]

    def numbered(self, number: int, **changes: Any) -> "Job":
        """Make another job like this one."""
        return replace(self, number=number, **changes)


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[None]:
    """Put a disk of so many KiB at ``folder``; ``OSError`` where that is not allowed."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607 - wherever the system has it


def remount(folder: Path, options: str) -> None:
    """Change the size of a small disk, or whether it can be written."""
    _mount("-o", f"remount,{options}", str(folder))


def _mount(*arguments: str) -> None:
    mount = shutil.which("mount")
    if mount is None:
        raise OSError("there is no mount")
    done = subprocess.run([mount, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip())
