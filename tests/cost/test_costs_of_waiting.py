"""What it costs that rows wait: for the disk, and for their turn."""

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.models import Status
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.system.clock import Clock
from tests.clock import VirtualLoop, now
from tests.ledger_samples import CREATED, INPUT, SETTINGS, claim_all, entries

FLYING = 64


async def test_all_that_waits_for_the_disk_takes_one_commit_of_three_statements(tmp_path: Path) -> None:
    """However many rows fly, their outcomes and the next rows' intents cost one fsync and few statements."""
    ran: list[str] = []
    async with open_sqlite_ledger(tmp_path / "job.ledger", SETTINGS, version="1") as ledger:
        await ledger.plan(entries(str(row) for row in range(2 * FLYING + 1)), INPUT)
        claims = await claim_all(ledger)
        await asyncio.gather(*(ledger.begin(claim.id, "wc") for claim in claims[:FLYING]))
        await ledger.begin(claims[-1].id, "wc")
        await ledger.settle(claims[-1].id, Status.CREATED, CREATED)
        is_free = threading.Event()
        holding = ledger._writer.call(lambda _: is_free.wait())
        settling = [ledger.settle(claim.id, Status.CREATED, CREATED) for claim in claims[:FLYING]]
        beginning = [ledger.begin(claim.id, "wc") for claim in claims[FLYING : 2 * FLYING]]
        ledger._writer._connection.set_trace_callback(ran.append)

        is_free.set()
        await asyncio.gather(holding, *settling, *beginning)
        ledger._writer._connection.set_trace_callback(None)

    assert [statement.partition(" ")[0] for statement in ran[:1] + ran[-1:]] == ["BEGIN", "COMMIT"]
    assert len(ran) == 5


@pytest.mark.parametrize("waiting", [16, 1_000])
def test_a_start_costs_one_timer_however_many_wait(waiting: int) -> None:
    """Nobody looks again and again whether it is his turn."""
    starts = 0

    async def start(pacer: Pacer) -> None:
        nonlocal starts
        async with pacer.reserve() as gate:
            await gate.wait()
            starts += 1

    async def wait() -> None:
        pacer = Pacer(Rate(per_second=5.0), clock=Clock(monotonic=now, wall=now, nap=lambda _: None))
        tasks = [asyncio.create_task(start(pacer)) for _ in range(waiting)]
        while starts < 16:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            tasks = [task for task in tasks if not task.done()]
        for task in tasks:
            task.cancel()

    loop = VirtualLoop()
    with (
        patch("asyncio_throttle.throttler.time", SimpleNamespace(monotonic=now)),
        patch.object(loop, "call_at", wraps=loop.call_at) as timers,
    ):
        loop.run_until_complete(wait())
    loop.close()

    assert timers.call_count <= starts
