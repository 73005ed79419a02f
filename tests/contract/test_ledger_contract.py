"""What every ``RowStore`` does, the fake and the real ones alike."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from provisioner.ledger import RowStore, open_ledger
from provisioner.models import Status
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.fakes import FakeLedger
from tests.ledger_samples import ANSWERS, CREATED, INPUT, SETTINGS, THROTTLED, claim_all, entries, send

RETRYING = (Status.PENDING, Status.UNSENT, Status.REJECTED)


@dataclass
class Bench:
    """A ledger under test, and where each of its rows stands: status and number of attempts."""

    ledger: RowStore
    standing: Callable[[], list[tuple[Status, int]]]


OpenBench = Callable[..., AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def open_fake(
    _: Path, statuses: Sequence[Status], *, sends: Collection[Status] = RETRYING[:2], limit: int | None = None
) -> AsyncIterator[Bench]:
    """Set up the fake."""
    fake = FakeLedger(statuses, sends=sends, limit=limit)
    for row in fake.rows.values():
        row.attempts = int(row.status is not Status.PENDING)
    yield Bench(fake, lambda: [(row.status, row.attempts) for row in fake.rows.values()])


@asynccontextmanager
async def open_real(
    kind: LedgerKind,
    folder: Path,
    statuses: Sequence[Status],
    *,
    sends: Collection[Status] = RETRYING[:2],
    limit: int | None = None,
) -> AsyncIterator[Bench]:
    """Set up a real ledger, in which an earlier run has brought the rows where they should stand."""
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(f"k-{number}" for number in range(1, len(statuses) + 1)), INPUT)
        for claim, status in zip(await claim_all(ledger), statuses, strict=True):
            if status is not Status.PENDING:
                await send(ledger, claim, status)
        await ledger.start_run(sends, limit=limit)
        yield Bench(ledger, lambda: [(row.status, row.attempts) for row in kind.standing(folder)])


@pytest.fixture(params=[open_fake, *(partial(open_real, kind) for kind in KINDS.values())], ids=["fake", *KINDS])
def open_bench(request: pytest.FixtureRequest, tmp_path: Path) -> OpenBench:
    """Open one of them with rows of the given statuses."""
    opened: OpenBench = request.param
    return lambda *arguments, **options: opened(tmp_path, *arguments, **options)


async def test_rows_are_handed_out_in_input_order(open_bench: OpenBench) -> None:
    """Claims follow the input, and the last batch is as short as it is."""
    async with open_bench([Status.PENDING] * 5) as bench:
        batches = [await bench.ledger.claim(2) for _ in range(4)]

    assert [[claim.row for claim in batch] for batch in batches] == [[1, 2], [3, 4], [5], []]


async def test_claims_tell_rows_by_their_keys(open_bench: OpenBench) -> None:
    """A claim carries the key by which its row is known."""
    async with open_bench([Status.PENDING] * 2) as bench:
        claims = await bench.ledger.claim(10)

    assert [claim.key for claim in claims] == ["k-1", "k-2"]
    assert all(len(claim.digest) == 16 for claim in claims)


async def test_claims_made_at_once_share_no_row(open_bench: OpenBench) -> None:
    """Each row is handed out once, however many ask at the same time."""
    async with open_bench([Status.PENDING] * 20) as bench:
        batches = await asyncio.gather(*(bench.ledger.claim(3) for _ in range(10)))

    assert sorted(claim.row for batch in batches for claim in batch) == list(range(1, 21))


async def test_only_what_the_run_may_send_is_handed_out(open_bench: OpenBench) -> None:
    """Rows with a last word are left alone, unsent ones are not."""
    statuses = [Status.CREATED, Status.UNSENT, Status.REJECTED, Status.UNKNOWN, Status.PENDING]
    async with open_bench(statuses) as bench:
        claims = await bench.ledger.claim(10)

    assert [claim.row for claim in claims] == [2, 5]


async def test_rejected_rows_are_handed_out_when_asked_for(open_bench: OpenBench) -> None:
    """A run may send rejected rows again."""
    async with open_bench([Status.CREATED, Status.REJECTED], sends=RETRYING) as bench:
        claims = await bench.ledger.claim(10)

    assert [claim.row for claim in claims] == [2]


async def test_a_limit_ends_the_claims(open_bench: OpenBench) -> None:
    """No more rows than the run's limit are handed out."""
    async with open_bench([Status.PENDING] * 5, limit=3) as bench:
        batches = [await bench.ledger.claim(2) for _ in range(3)]

    assert [len(batch) for batch in batches] == [2, 1, 0]


async def test_a_begun_row_is_in_flight(open_bench: OpenBench) -> None:
    """An intent shows at once, and counts as an attempt."""
    async with open_bench([Status.PENDING] * 2) as bench:
        claims = await bench.ledger.claim(2)
        await bench.ledger.begin(claims[1].id)
        standing = bench.standing()

    assert standing == [(Status.PENDING, 0), (Status.IN_FLIGHT, 1)]


@pytest.mark.parametrize("status", [Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT])
async def test_an_outcome_stands(open_bench: OpenBench, status: Status) -> None:
    """A settled row has the status it was settled with."""
    async with open_bench([Status.PENDING]) as bench:
        (claim,) = await bench.ledger.claim(1)
        await bench.ledger.begin(claim.id)
        await bench.ledger.settle(claim.id, status, ANSWERS[status])
        standing = bench.standing()

    assert standing == [(status, 1)]


async def test_a_row_may_be_begun_again_after_a_safe_failure(open_bench: OpenBench) -> None:
    """Settled as pending, a row waits for its next attempt, and both count."""
    async with open_bench([Status.PENDING]) as bench:
        (claim,) = await bench.ledger.claim(1)
        await bench.ledger.begin(claim.id)
        await bench.ledger.settle(claim.id, Status.PENDING, THROTTLED)
        between = bench.standing()
        await bench.ledger.begin(claim.id)
        await bench.ledger.settle(claim.id, Status.CREATED, CREATED)
        standing = bench.standing()

    assert between == [(Status.PENDING, 1)]
    assert standing == [(Status.CREATED, 2)]


async def test_a_row_settled_as_pending_is_not_handed_out_again(open_bench: OpenBench) -> None:
    """A row belongs to whoever claimed it, for the whole run."""
    async with open_bench([Status.PENDING] * 2) as bench:
        first, _ = await bench.ledger.claim(2)
        await bench.ledger.begin(first.id)
        await bench.ledger.settle(first.id, Status.PENDING, THROTTLED)
        again = await bench.ledger.claim(2)

    assert not again


async def test_released_rows_stand_as_before(open_bench: OpenBench) -> None:
    """An intent that is taken back leaves the earlier status, and no attempt."""
    async with open_bench([Status.PENDING, Status.UNSENT, Status.REJECTED], sends=RETRYING) as bench:
        before = bench.standing()
        claims = await bench.ledger.claim(3)
        for claim in claims:
            await bench.ledger.begin(claim.id)
        await bench.ledger.release([claim.id for claim in claims])
        after = bench.standing()

    assert after == before


async def test_releasing_what_was_not_begun_changes_nothing(open_bench: OpenBench) -> None:
    """A claim without an intent has nothing to take back."""
    async with open_bench([Status.PENDING]) as bench:
        (claim,) = await bench.ledger.claim(1)
        await bench.ledger.release([claim.id])
        standing = bench.standing()

    assert standing == [(Status.PENDING, 0)]


async def test_releasing_no_rows_is_allowed(open_bench: OpenBench) -> None:
    """An empty list is no special case for the caller."""
    async with open_bench([Status.PENDING]) as bench:
        await bench.ledger.release([])
        standing = bench.standing()

    assert standing == [(Status.PENDING, 0)]


async def test_an_outcome_is_recorded_although_its_task_is_cancelled(open_bench: OpenBench) -> None:
    """What an answer said is kept, whoever waits for it."""
    async with open_bench([Status.PENDING]) as bench:
        (claim,) = await bench.ledger.claim(1)
        await bench.ledger.begin(claim.id)
        settling = bench.ledger.settle(claim.id, Status.CREATED, CREATED)
        await asyncio.sleep(0)
        settling.cancel()
        await asyncio.wait([settling])
        await bench.ledger.claim(1)
        await bench.ledger.release([])
        standing = bench.standing()

    assert standing == [(Status.CREATED, 1)]


async def test_a_cancelled_intent_can_be_taken_back(open_bench: OpenBench) -> None:
    """Release undoes a begin that nobody waited for, in whatever order they reach the disk."""
    async with open_bench([Status.PENDING]) as bench:
        (claim,) = await bench.ledger.claim(1)
        beginning = asyncio.ensure_future(bench.ledger.begin(claim.id))
        await asyncio.sleep(0)
        beginning.cancel()
        await asyncio.wait([beginning])
        await bench.ledger.release([claim.id])
        standing = bench.standing()

    assert standing == [(Status.PENDING, 0)]


async def test_many_rows_at_once_are_kept_apart(open_bench: OpenBench) -> None:
    """Rows that are begun and settled together each keep their own outcome."""
    wanted = [Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT] * 10
    async with open_bench([Status.PENDING] * len(wanted)) as bench:
        claims = await bench.ledger.claim(len(wanted))

        async def deliver(claim_id: int, status: Status) -> None:
            await bench.ledger.begin(claim_id)
            await bench.ledger.settle(claim_id, status, ANSWERS[status])

        await asyncio.gather(*(deliver(claim.id, status) for claim, status in zip(claims, wanted, strict=True)))
        standing = bench.standing()

    assert standing == [(status, 1) for status in wanted]
