"""One job of several workers: struck until the blows are used up, finished, and then compared with the server."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.acceptance.program import CREDENTIALS, Program
from tests.storm.account import Account, compare
from tests.storm.cluster.dask_cluster import DaskCluster, dask_cluster
from tests.storm.cluster.database import StormDatabase
from tests.storm.cluster.evidence import read_cluster_evidence, trails_of
from tests.storm.cluster.members import Member, processes_of
from tests.storm.cluster.strikes import KILLS, Blow, ClusterStrike, draw_cluster_strike
from tests.storm.cluster.wire import wire_to
from tests.storm.evidence import Evidence
from tests.storm.job import Job, failures_of, lines_of_results, made_of, scene_of
from tests.storm.shapes import Shape

LEASE_S = 3.0
_RATE = "12/s"
"""Rate of all jobs, so that they last long enough for many blows."""
_LONGEST_S, _FOR_EACH_ROW_S = 300.0, 1.0


class Keeping(StrEnum):
    """Who starts the workers of a job."""

    JOINED = "joined"
    LOCAL = "local engine"
    DASK = "Dask"


@dataclass(slots=True)
class Blows:
    """Blows of a storm that are still to be done, by kind of count; shared by its jobs."""

    kills: int
    freezes: int

    @property
    def is_spent(self) -> bool:
        """Whether there are enough."""
        return self.kills <= 0 and self.freezes <= 0

    def count(self, blow: Blow) -> None:
        """Count a blow that has hit."""
        self.kills -= blow in KILLS
        self.freezes -= blow is Blow.FREEZE_WORKER


@dataclass(slots=True)
class ClusterReport:
    """Result of one job; ``blows`` are those that hit, and ``codes`` the exit codes of all processes."""

    job: Job
    keeping: Keeping = Keeping.JOINED
    blows: Counter[Blow] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    workers: int = 0
    fenced: int = 0
    account: Account = field(default_factory=Account)
    evidence: Evidence = field(default_factory=Evidence)
    trails: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def failures(self) -> list[str]:
        """All errors of the job, as texts."""
        return failures_of(self.account, self.evidence, self.trouble)


@dataclass(slots=True)
class ClusterJob:
    """One job with ``workers`` workers, which the storm itself or an engine of the program keeps."""

    job: Job
    folder: Path
    database: StormDatabase
    workers: int = 3
    keeping: Keeping = Keeping.JOINED
    blows_each: int = 40
    dask: DaskCluster | None = None

    @property
    def name(self) -> str:
        """Name of the job in the database."""
        return f"storm-{os.getpid()}-{self.job.number}"

    async def run(self, blows: Blows) -> ClusterReport:
        """Run the job in an empty folder against its own simulator, and return its report."""
        report, began = ClusterReport(self.job, self.keeping), time.monotonic()
        async with AsyncExitStack() as stack:
            program, server, url = await stack.enter_async_context(scene_of(self.job, self.folder))
            if self.keeping is Keeping.DASK:
                env = {**program.env, **CREDENTIALS}
                cluster = dask_cluster(self.folder / "dask", env, workers=self.workers)
                self.dask = await stack.enter_async_context(cluster)
            labels = self.job.shape.labels(self.job.rows)
            files = self.job.shape.write(self.folder, labels)
            members = [
                Member(
                    f"process {number}",
                    self._command(number, self.job.shape, files, url, wire.port),
                    wire,
                    self.folder / f"process-{number}.log",
                )
                for number in range(self.workers if self.keeping is Keeping.JOINED else 1)
                for wire in [await stack.enter_async_context(wire_to(self.database.port))]
            ]
            await self._storm(program, members, blows, report)
            conversations = await server.conversations()
            report.faults = Counter((await server.state())["faults"])
        await self._audit(report, members, labels, conversations)
        report.took_s = time.monotonic() - began
        return report

    def _command(self, number: int, shape: Shape, files: Sequence[str], url: str, port: int) -> Sequence[str]:
        dsn = self.database.dsn(port, self.name)
        if number:
            return ("worker", dsn)
        name = self.dask.engine if self.dask else "local"
        engine = () if self.keeping is Keeping.JOINED else ("--engine", name, "--workers", str(self.workers))
        place = ("--base-url", url, *shape.place.split(), *shape.flags.split(), "--rate", _RATE)
        kept = ("--ledger", dsn, "--lease", f"{LEASE_S:g}s", *engine)
        return ("run", *files, "-o", shape.output, "--yes", *kept, *place)

    async def _storm(
        self, program: Program, members: Sequence[Member], blows: Blows, report: ClusterReport
    ) -> None:
        is_over = False
        keeping = [asyncio.create_task(each.keep(program, lambda: is_over)) for each in members]
        striking = asyncio.create_task(self._strike(members, blows, report))
        try:
            async with asyncio.timeout(_LONGEST_S + _FOR_EACH_ROW_S * self.job.rows):
                await keeping[0]
        except TimeoutError:
            report.trouble.append("the job did not end")
        is_over = True
        striking.cancel()
        await asyncio.gather(striking, return_exceptions=True)
        for task in keeping[1:]:
            with suppress(TimeoutError):
                await asyncio.wait_for(task, 30)
        for pid in processes_of(self.name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _strike(self, members: Sequence[Member], blows: Blows, report: ClusterReport) -> None:
        chance = random.Random(f"blows {self.job.seed}")
        while not blows.is_spent and report.blows.total() < self.blows_each:
            strike = draw_cluster_strike(chance, lease_s=LEASE_S)
            await asyncio.sleep(strike.after_s)
            if await self._hit(strike, members):
                report.blows[strike.blow] += 1
                blows.count(strike.blow)

    async def _hit(self, strike: ClusterStrike, members: Sequence[Member]) -> bool:
        """Do what the strike says; return whether it hit something."""
        if strike.blow is Blow.CRASH_DATABASE:
            await self.database.crash()
        elif strike.blow is Blow.READ_ONLY:
            await self.database.refuse_writes(strike.lasts_s)
        elif strike.blow is Blow.KILL_COORDINATOR:
            return members[0].kill()
        elif strike.blow is Blow.CUT_WIRE:
            await _chosen(members, strike).wire.cut(strike.lasts_s)
        elif self.keeping is not Keeping.JOINED:
            return await self._hit_engine(strike)
        elif strike.blow is Blow.KILL_WORKER:
            return _chosen(members[1:], strike).kill()
        else:
            return await _chosen(members, strike).freeze(strike.lasts_s)
        return True

    async def _hit_engine(self, strike: ClusterStrike) -> bool:
        dask_workers = self.dask.worker_pids if self.dask else []
        if not (pids := [*processes_of(self.name), *dask_workers]):
            return False
        pid = pids[int(strike.target * len(pids))]
        try:
            if strike.blow is Blow.KILL_WORKER:
                os.kill(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGSTOP)
                await asyncio.sleep(strike.lasts_s)
                os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return False
        return True

    async def _audit(
        self,
        report: ClusterReport,
        members: Sequence[Member],
        labels: Sequence[str],
        conversations: Sequence[dict[str, Any]],
    ) -> None:
        schema = f"provisioner_{self.name}"
        lines = lines_of_results(self.folder / self.job.shape.output, labels)
        report.account = compare(lines, [made_of(each) for each in conversations])
        report.evidence = await read_cluster_evidence(self.database, schema)
        faults = (*report.account.missing, *report.account.twice, *report.account.wrong)
        report.trails = await trails_of(self.database, schema, {row for fault in faults for row in fault.rows})
        for member in members:
            report.codes.update(member.codes)
            report.trouble += member.unexpected()


def _chosen(members: Sequence[Member], strike: ClusterStrike) -> Member:
    return members[int(strike.target * len(members))]
