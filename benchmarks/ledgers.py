"""Measure what a ledger costs in a file and in a database: planning, intents and outcomes, counting and reading.

Each kind plans the rows, brings two thirds of them through an intent and an outcome, and is asked what a run and
its end ask. The file syncs every commit, and so does the server: that of the tests, on the same machine.
``POSTGRES_BIN`` names the programs of another version.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

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


async def took(work: Callable[[], Awaitable[object]]) -> float:
    """Return the seconds that some work takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def create(ledger: Ledger, claim: Claim) -> None:
    """Bring a row through its intent and its outcome."""
    identity = f"wc-{claim.digest.hex()}"
    await ledger.begin(claim.id, identity)
    result = structs.replace(CREATED, conversation_sid=f"CH{claim.id:032x}", identity=identity)
    await ledger.settle_created(claim.id, result, may_share=False)


async def create_all(ledger: Ledger, rows: int) -> None:
    """Claim and create so many rows."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def in_slot(claim: Claim) -> None:
        async with slots:
            await create(ledger, claim)

    done = 0
    while done < rows:
        claims = await ledger.claim(1_000)
        await asyncio.gather(*map(in_slot, claims))
        done += len(claims)


def read(ledger: Ledger) -> int:
    """Read all results, as they are written to a file."""
    with ledger.reader() as reader:
        return sum(1 for _ in reader.results())


async def measure(location: LedgerLocation, rows: int) -> Mapping[str, float]:
    """Return seconds by what was done, and the processor time of this process for a created row in µs."""
    entries = [PlanEntry(row, row + 1, 0, f"C-{row}", digest_of(str(row))) for row in range(1, rows + 1)]
    created = rows * 2 // 3
    sendable = (Status.PENDING, Status.UNSENT)
    async with open_ledger(location, SETTINGS, version="1") as ledger:
        figures = {"plan": await took(lambda: ledger.plan(entries, INPUT))}
        await ledger.start_run(sendable)
        cpu = time.process_time()
        figures["intents and outcomes of 2/3"] = await took(lambda: create_all(ledger, created))
        figures["… µs of processor time a row"] = (time.process_time() - cpu) / created * 1e6
        figures["counts"] = await took(ledger.counts)
        figures["first claim of the next run"] = await took(lambda: ledger.set_claimable(sendable))
        figures["first claim of the next run"] += await took(lambda: ledger.claim(1_000))
        figures["unknown rows"] = await took(lambda: ledger.unknown(0, 100))
        figures["recover"] = await took(ledger.recover)
        figures["results"] = await took(lambda: asyncio.to_thread(read, ledger))
        figures["plan again"] = await took(lambda: ledger.plan(entries, INPUT, on_replaced=lambda _: None))
    return figures


def main() -> None:
    """Measure both kinds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    rows = parser.parse_args().rows
    with locations() as places:
        found = {name: asyncio.run(measure(location, rows)) for name, location in places.items()}
    print(f"{rows:,} rows, Python {sys.version.split()[0]}")
    print(f"| seconds | {' | '.join(found)} |\n| --- |{' ---: |' * len(found)}")
    for what in found["file"]:
        print(f"| {what} | {' | '.join(f'{figures[what]:.2f}' for figures in found.values())} |")


if __name__ == "__main__":
    main()
