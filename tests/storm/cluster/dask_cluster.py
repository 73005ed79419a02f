"""A Dask cluster as processes of its own, whose Dask workers are started again when they end."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

_HERE = ("--host", "127.0.0.1", "--no-dashboard")
_PATIENCE_S = 60.0
_LOOK_S = 0.1


@dataclass
class DaskCluster:
    """A scheduler and Dask workers of one thread each, with ``env`` as their whole environment."""

    folder: Path
    env: Mapping[str, str]
    log: IO[bytes]
    _running: dict[str, Process] = field(default_factory=dict)

    @property
    def engine(self) -> str:
        """Address of the scheduler for ``--engine``."""
        told = msgspec.json.decode(self._told.read_bytes())
        return str(told["address"]).replace("tcp://", "dask://")

    @property
    def worker_pids(self) -> list[int]:
        """Process IDs of the Dask workers that run."""
        workers = (each for name, each in self._running.items() if name != "scheduler")
        return [each.pid for each in workers if each.returncode is None]

    async def start_scheduler(self) -> None:
        """Start the scheduler, and return when it can be reached."""
        arguments = ("--port", "0", *_HERE, "--scheduler-file", str(self._told))
        self._running["scheduler"] = await self._start("dask_scheduler", *arguments)
        async with asyncio.timeout(_PATIENCE_S):
            while not self._told.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(_LOOK_S)

    async def keep_worker(self, name: str) -> None:
        """Start a Dask worker again and again, until this is cancelled."""
        place = ("--scheduler-file", str(self._told), "--local-directory", str(self.folder / name))
        while True:
            self._running[name] = await self._start("dask_worker", *place, *_HERE, "--nthreads", "1", "--no-nanny")
            await self._running[name].wait()

    async def end(self) -> None:
        """Kill all of it."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def _told(self) -> Path:
        return self.folder / "scheduler.json"

    async def _start(self, program: str, *arguments: str) -> Process:
        return await create_subprocess_exec(
            sys.executable,
            "-m",
            f"distributed.cli.{program}",
            *arguments,
            cwd=self.folder,
            env=self.env,
            stdin=DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )


@asynccontextmanager
async def dask_cluster(folder: Path, env: Mapping[str, str], *, workers: int) -> AsyncIterator[DaskCluster]:
    """Yield a cluster of so many Dask workers, which keeps its files in ``folder``; kill it at the end."""
    with (_made(folder) / "dask.log").open("ab") as log:
        cluster, keeping = DaskCluster(folder, env, log), list[asyncio.Task[None]]()
        try:
            await cluster.start_scheduler()
            keeping = [asyncio.create_task(cluster.keep_worker(f"worker-{number}")) for number in range(workers)]
            yield cluster
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await cluster.end()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
