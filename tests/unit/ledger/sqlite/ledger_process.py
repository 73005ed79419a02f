"""Process that works on a ledger until it is killed, and prints what is durable.

Usage: ``ledger_process.py WHAT LEDGER``; ``WHAT`` is ``send``, ``plan`` or ``hold``.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.models import AttemptResult, Fingerprint, PlanEntry, Status, Verdict

SETTINGS = {"job": "killed"}
INPUT = [Fingerprint("customers.csv", 1, "a")]
ROWS = 400


def say(*words: object) -> None:
    """Print a line for the parent process."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def entries(count: int) -> Iterator[PlanEntry]:
    """Yield ``count`` plan entries whose keys are their numbers."""
    for row in range(1, count + 1):
        yield PlanEntry(row, row + 1, 0, f"k-{row}", row.to_bytes(16, "big"))


async def send(path: Path) -> None:
    """Send every row with eight workers; print ``begun`` and ``settled`` when each is durable."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(ROWS), INPUT)
        await ledger.start_run({Status.PENDING, Status.UNSENT})
        claims = iter(await ledger.claim(ROWS))

        async def work() -> None:
            for claim in claims:
                await ledger.begin(claim.id)
                say("begun", claim.row)
                result = AttemptResult(Verdict.CREATED, f"CH{claim.row:032x}", due=1.0, ended=2.0, sent=1.5)
                await ledger.settle(claim.id, Status.CREATED, result)
                say("settled", claim.row)

        await asyncio.gather(*(work() for _ in range(8)))
        say("finished")
        await asyncio.sleep(60)


async def plan(path: Path) -> None:
    """Plan many rows and print how many were read; after the last chunk the plan is merged."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(200_000), INPUT, on_progress=lambda count: say("read", count))
        say("planned")
        await asyncio.sleep(60)


async def hold(path: Path) -> None:
    """Open the ledger and hold its lock."""
    async with open_sqlite_ledger(path, SETTINGS, version="1"):
        say("holding")
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run({"send": send, "plan": plan, "hold": hold}[sys.argv[1]](Path(sys.argv[2])))
