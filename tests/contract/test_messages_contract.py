"""What every ``MessageStore`` does, the fake and the real ones alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from provisioner.ledger import RowStore, open_ledger
from provisioner.models import MessageStatus, Status
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.fakes import FakeLedger
from tests.ledger_samples import CREATED, INPUT, LOST, POSTED, REFUSED, SETTINGS, THROTTLED, claim_all, entries

ANSWERS = {
    MessageStatus.POSTED: POSTED,
    MessageStatus.REJECTED: REFUSED,
    MessageStatus.UNKNOWN: LOST,
    MessageStatus.UNSENT: THROTTLED,
    MessageStatus.PENDING: THROTTLED,
}


@dataclass
class Bench:
    """A ledger with two pending rows, and where each row stands: its status and its message's."""

    ledger: RowStore
    standing: Callable[[], list[tuple[Status, MessageStatus | None]]]

    async def create(self, row: int, *, owes_message: bool = True) -> None:
        """Create one of the rows."""
        await self.ledger.begin(row, owes_message=owes_message)
        await self.ledger.settle(row, Status.CREATED, CREATED)


OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def open_fake(_: Path) -> AsyncIterator[Bench]:
    """Set up the fake."""
    fake = FakeLedger([Status.PENDING] * 2)
    yield Bench(fake, lambda: [(row.status, row.message) for row in fake.rows.values()])


@asynccontextmanager
async def open_real(kind: LedgerKind, folder: Path) -> AsyncIterator[Bench]:
    """Set up a real one."""
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["k-1", "k-2"]), INPUT)
        await claim_all(ledger)
        yield Bench(ledger, lambda: [(row.status, row.message) for row in kind.standing(folder)])


@pytest.fixture(params=[open_fake, *(partial(open_real, kind) for kind in KINDS.values())], ids=["fake", *KINDS])
def open_bench(request: pytest.FixtureRequest, tmp_path: Path) -> OpenBench:
    """Open one of them."""
    opened: Callable[[Path], AbstractAsyncContextManager[Bench]] = request.param
    return lambda: opened(tmp_path)


async def test_a_message_is_owed_only_where_that_was_said(open_bench: OpenBench) -> None:
    """The row's intent says it, and its creation leaves it to be posted."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2, owes_message=False)
        standing = bench.standing()

    assert standing == [(Status.CREATED, MessageStatus.PENDING), (Status.CREATED, None)]


@pytest.mark.parametrize("status", list(ANSWERS))
async def test_an_outcome_stands_and_the_row_stays_created(open_bench: OpenBench, status: MessageStatus) -> None:
    """A begun message is in flight; a settled one has its status; the row's own never changes."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.ledger.messages.begin(1)
        between = bench.standing()[0]
        await bench.ledger.messages.settle(1, status, ANSWERS[status])
        after = bench.standing()[0]

    assert (between, after) == ((Status.CREATED, MessageStatus.IN_FLIGHT), (Status.CREATED, status))


async def test_an_intent_that_is_taken_back_leaves_the_message_waiting(open_bench: OpenBench) -> None:
    """Whoever has begun nothing has nothing to take back."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2)
        await bench.ledger.messages.begin(1)
        await bench.ledger.messages.settle(1, MessageStatus.UNSENT, THROTTLED)
        await bench.ledger.messages.begin(1)
        await bench.ledger.messages.release(1)
        await bench.ledger.messages.begin(2)
        await bench.ledger.messages.settle(2, MessageStatus.POSTED, POSTED)
        await bench.ledger.messages.release(2)
        standing = [message for _, message in bench.standing()]

    assert standing == [MessageStatus.PENDING, MessageStatus.POSTED]


async def test_only_what_was_certainly_not_posted_is_dropped(open_bench: OpenBench) -> None:
    """A message that may be there stays on the record."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2)
        await bench.ledger.messages.begin(2)
        await bench.ledger.messages.settle(2, MessageStatus.UNKNOWN, LOST)
        for row in (1, 2):
            await bench.ledger.messages.drop(row)
        standing = [message for _, message in bench.standing()]

    assert standing == [None, MessageStatus.UNKNOWN]


async def test_an_outcome_is_recorded_although_its_task_is_cancelled(open_bench: OpenBench) -> None:
    """What an answer said is kept, whoever waits for it."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.ledger.messages.begin(1)
        settling = bench.ledger.messages.settle(1, MessageStatus.POSTED, POSTED)
        await asyncio.sleep(0)
        settling.cancel()
        await asyncio.wait([settling])
        await bench.ledger.release([])
        standing = bench.standing()[0]

    assert standing == (Status.CREATED, MessageStatus.POSTED)
