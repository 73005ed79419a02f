"""Measure what a ledger costs in a file and in a database: planning, intents and outcomes, counting and reading.

Each kind plans the rows, brings two thirds of them through an intent and an outcome, and is asked what a run and
its end ask. The file syncs every commit, and so does the server: that of the tests, on the same machine.
``POSTGRES_BIN`` names the programs of another version. Processor time depends less on other load than seconds do;
that of this process is told apart from that of the server's processes.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from msgspec import structs

from provisioner.ledger import Ledger, LedgerLocation, open_ledger
from provisioner.models import Claim, PlanEntry, Status
from tests.ledger_samples import CREATED, INPUT, SETTINGS, digest_of
from tests.postgres_server import postgres_server

AT_ONCE = 256
"""Rows between their intent and their outcome at any time."""


@contextmanager
def locations() -> Iterator[Mapping[str, LedgerLocation]]:
    """Yield a place for a ledger of each kind."""
    with tempfile.TemporaryDirectory(dir=".") as folder, postgres_server(is_durable=True) as address:
        yield {
            "file": LedgerLocation(Path(folder, "job.ledger")),
            "database": LedgerLocation(f"{address}&job=bench"),
        }


class Cost(NamedTuple):
    """Seconds that something took, and the processor time of this process and of the server in it."""

    wall_s: float
    client_s: float
    server_s: float

    def __str__(self) -> str:
        """Return the three as a cell of a table."""
        return f"{self.wall_s:.2f} ({self.client_s:.2f} + {self.server_s:.2f})"


class Meter:
    """Meter of work: of this process, and of a server's processes when ``server`` is the ID of their parent."""

    def __init__(self, server: int | None) -> None:
        self._server = server

    async def cost(self, work: Callable[[], Awaitable[object]]) -> Cost:
        """Do some work and return what it cost."""
        before = self._now()
        await work()
        return Cost(*(after - earlier for after, earlier in zip(self._now(), before, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        server_s = 0.0 if self._server is None else cpu_of(self._server)
        return time.perf_counter(), time.process_time(), server_s


def cpu_of(parent: int) -> float:
    """Return the processor time of a process and of all its children, living and gone, in seconds."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended in the meantime
            # Source: proc(5); the fields from the third on: state, parent, …, utime, stime, cutime, cstime
            fields = stat.read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
            if int(fields[1]) == parent or stat.parent.name == str(parent):
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def server_of(location: LedgerLocation) -> int | None:
    """Return the process ID of the server of a ledger, None for a file."""
    if not location.is_postgres:
        return None
    (folder,) = parse_qs(urlsplit(location.postgres_address().dsn).query)["host"]
    return int(Path(folder, "data", "postmaster.pid").read_text(encoding="utf-8").split()[0])


async def create(ledger: Ledger, claim: Claim) -> None:
    """Bring a row through its intent and its outcome."""
    identity = f"wc-{claim.digest.hex()}"
    await ledger.begin(claim.id, identity)
    result = structs.replace(CREATED, conversation_sid=f"CH{claim.id:032x}", identity=identity)
    await ledger.settle_created(claim.id, result, may_share=False)


async def create_all(ledger: Ledger, rows: int) -> None:
    """Claim and create so many rows."""
    claims: deque[Claim] = deque()
    claiming = asyncio.Lock()
    left = rows

    async def create_each() -> None:
        nonlocal left
        while left:
            left -= 1
            async with claiming:
                if not claims:
                    claims.extend(await ledger.claim(1_000))
                claim = claims.popleft()
            await create(ledger, claim)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(create_each())


def read(ledger: Ledger) -> int:
    """Read all results, as they are written to a file."""
    with ledger.reader() as reader:
        return sum(1 for _ in reader.results())


async def measure(location: LedgerLocation, rows: int) -> Mapping[str, Cost]:
    """Return the cost of each thing that a run does."""
    entries = [PlanEntry(row, row + 1, 0, f"C-{row}", digest_of(str(row))) for row in range(1, rows + 1)]
    created = rows * 2 // 3
    sendable = (Status.PENDING, Status.UNSENT)
    meter = Meter(server_of(location))
    async with open_ledger(location, SETTINGS, version="1") as ledger:

        async def first_claim() -> None:
            await ledger.set_claimable(sendable)
            await ledger.claim(1_000)

        figures = {"plan": await meter.cost(lambda: ledger.plan(entries, INPUT))}
        figures["first claim"] = await meter.cost(first_claim)
        await ledger.start_run(sendable)
        figures["intents and outcomes of 2/3"] = await meter.cost(lambda: create_all(ledger, created))
        figures["counts"] = await meter.cost(ledger.counts)
        figures["first claim of the next run"] = await meter.cost(first_claim)
        figures["unknown rows"] = await meter.cost(lambda: ledger.unknown(0, 100))
        figures["recover"] = await meter.cost(ledger.recover)
        figures["results"] = await meter.cost(lambda: asyncio.to_thread(read, ledger))
        figures["plan again"] = await meter.cost(lambda: ledger.plan(entries, INPUT, on_replaced=lambda _: None))
    return figures


def main() -> None:
    """Measure both kinds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    rows = parser.parse_args().rows
    with locations() as places:
        found = {name: asyncio.run(measure(location, rows)) for name, location in places.items()}
    print(f"{rows:,} rows, Python {sys.version.split()[0]}; in brackets processor time of client + server")
    print(f"| seconds | {' | '.join(found)} |\n| --- |{' ---: |' * len(found)}")
    for what in found["file"]:
        print(f"| {what} | {' | '.join(str(figures[what]) for figures in found.values())} |")


if __name__ == "__main__":
    main()
