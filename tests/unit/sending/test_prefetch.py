"""How rows are taken by workers that leave others what they cannot send yet."""

import asyncio

from provisioner.models import Status
from provisioner.pacing.places import Places
from provisioner.sending.prefetch import RowPrefetcher, UnhurriedTaker
from tests.fakes import FakeLedger
from tests.free_pace import FreePace
from tests.unit.sending.bench import Feed


class PlacedPace(FreePace):
    """Rate limiter at which so many requests may be near their start."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.places = Places(most)

    async def vacancy(self) -> None:
        """Wait until no request waits for a place."""
        await self.places.vacancy()


async def settle() -> None:
    """Let every task come as far as it can."""
    for _ in range(30):
        await asyncio.sleep(0)


async def test_a_row_is_taken_when_no_other_one_waits() -> None:
    """Ten workers, two places: two rows have one, one waits, and the others stay where others can take them."""
    pace, taken = PlacedPace(2), list[int]()
    ledger = FakeLedger([Status.PENDING] * 20)

    async def work(taker: UnhurriedTaker) -> None:
        while (row := await taker.next_row()) is not None:
            taken.append(row.row)
            await pace.places.take()

    async with RowPrefetcher(ledger, Feed(), ahead=4) as prefetcher:
        taker = UnhurriedTaker(prefetcher, pace)
        workers = [asyncio.create_task(work(taker)) for _ in range(10)]
        await settle()
        at_first = list(taken)
        pace.places.give_back()
        await settle()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    assert at_first == [1, 2, 3]
    assert taken == [1, 2, 3, 4]
