"""A shared run of a job for many accounts: each account has its own shards, canary, look-ups, budget and end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import structs

from provisioner.ledger import Ledger, open_ledger
from provisioner.ledger.sharing import LookUpTask, RunEnd, SendTask, WorkerFigures, joined_end
from provisioner.ledger.worker_ledger import WorkerLedger
from provisioner.models import Claim, Status, Verdict
from tests.ledger_samples import INPUT, SETTINGS, entry
from tests.shared_runs import (
    KIND,
    PATIENCE_S,
    begin,
    claim_rest,
    create,
    fence,
    result,
    send_task,
    shared,
    statuses,
    until,
    worker,
)

NORTH, SOUTH, EMPTY = (f"AC{number:032x}" for number in (1, 2, 3))


@asynccontextmanager
async def coordinator(
    folder: Path, accounts: str, *, canary: int = 0, limit: int | None = None
) -> AsyncIterator[Ledger]:
    """Plan a row in the north for each n and in the south for each s, and begin a shared run; yield its ledger."""
    planned = [
        structs.replace(entry(row, f"{letter}{row}"), account={"n": NORTH, "s": SOUTH}[letter])
        for row, letter in enumerate(accounts, start=1)
    ]
    async with open_ledger(KIND.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(planned, INPUT)
        await begin(ledger, canary=canary, limit=limit)
        yield ledger


async def test_a_shard_belongs_to_one_account(tmp_path: Path) -> None:
    """Two workers take the rows of both accounts at the same time; each view gets those of its account."""
    async with coordinator(tmp_path, "ns" * 40), worker(tmp_path) as one, worker(tmp_path) as two:
        views = [each.of_account(sid) for each in (one, two) for sid in one.accounts]
        tasks = await asyncio.gather(*map(send_task, views))
        claims = await asyncio.gather(*map(claim_rest, views))

    assert one.accounts == [NORTH, SOUTH]
    assert tasks == [SendTask(is_canary=False, to_send=40)] * 4
    assert [{claim.key[0] for claim in each} for each in claims] == [{"n"}, {"s"}, {"n"}, {"s"}]
    assert sorted(claim.row for each in claims for claim in each) == [*range(1, 81)]


async def test_each_account_has_a_canary(tmp_path: Path) -> None:
    """The first rows of one that were not refused let its other rows go, and no other account's."""
    async with coordinator(tmp_path, "nnnnssss", canary=1), worker(tmp_path) as one, worker(tmp_path) as two:
        north, south, other = one.of_account(NORTH), one.of_account(SOUTH), two.of_account(SOUTH)
        first = [await send_task(north), await send_task(south)]
        claims = [await claim_rest(north), await claim_rest(south)]
        waiting = asyncio.create_task(other.next_task())
        await create(north, claims[0])
        await north.pass_canary()
        await north.give_back()
        rest = await send_task(north)
        await create(north, await claim_rest(north))
        done, _ = await asyncio.wait([waiting], timeout=0.7)
        await create(south, claims[1])
        await south.pass_canary()
        task = await asyncio.wait_for(waiting, PATIENCE_S)

    assert [task.is_canary for task in first] == [True, True]
    assert [[claim.key for claim in each] for each in claims] == [["n1"], ["s5"]]
    assert (rest.is_canary, done, task) == (False, set(), SendTask(is_canary=False, to_send=4))


async def test_an_account_that_ends_does_not_stop_the_others(tmp_path: Path) -> None:
    """Its workers hear of the end, in this account only; the run has ended when all accounts have."""
    refused = RunEnd(kind="fault", exit_code=2, message="refused", cure="set the key")
    async with coordinator(tmp_path, "ns") as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        north, south = two.of_account(NORTH), two.of_account(SOUTH)
        await one.of_account(NORTH).end_run(refused)
        await until(lambda: north.stop == refused)
        stopped = await north.next_task()
        going_on = south.stop, await shared(ledger).end(), await shared(ledger).ends()
        await create(south, await _claims(south))
        await south.give_back()
        looking = await south.next_task()
        await south.end_run(RunEnd(unlooked=3))
        ends = [await shared(ledger).end(), await one.of_account(SOUTH).next_task()]

    assert stopped == refused
    assert going_on == (None, None, {NORTH: refused, SOUTH: None})
    assert isinstance(looking, LookUpTask)
    assert ends == [structs.replace(refused, unlooked=3), RunEnd(unlooked=3)]
    assert statuses(tmp_path) == {Status.PENDING: 1, Status.CREATED: 1}


async def _claims(view: WorkerLedger) -> list[Claim]:
    await send_task(view)
    return await claim_rest(view)


async def test_the_end_of_the_whole_run_is_that_of_each_account(tmp_path: Path) -> None:
    """The coordinator, or a worker whose input cannot be read, stops all accounts; earlier ends stay."""
    stopped = RunEnd(kind="asked", exit_code=130)
    async with coordinator(tmp_path, "ns") as ledger, worker(tmp_path) as one:
        await one.of_account(NORTH).end_run(RunEnd())
        await one.end_run(stopped)
        ends = await shared(ledger).ends()
        await shared(ledger).end_run(RunEnd(exit_code=6))

        assert await one.of_account(SOUTH).next_task() == stopped
    assert ends == {NORTH: RunEnd(), SOUTH: stopped}


async def test_look_ups_of_accounts_go_on_beside_each_other(tmp_path: Path) -> None:
    """Each account has its own worker for them and its own sweeps; a lost one's are another's."""
    async with coordinator(tmp_path, "nss") as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        north, south = one.of_account(NORTH), two.of_account(SOUTH)
        claims = [*await _claims(north), *await _claims(south)]
        for view, claim in zip((north, south, south), claims, strict=True):
            await view.begin(claim.id)
            await view.settle(claim.id, Status.UNKNOWN, result(claim, Verdict.MAYBE))
        for view in (north, south):
            await view.give_back()
        looking = [await north.next_task(), await south.next_task()]
        for view, claim in zip((north, south, south), claims, strict=True):
            await view.resolve(claim.id, Status.PENDING, result(claim, Verdict.NOT_PROCESSED))
        opened = [await north.open_sweep({Status.PENDING}), await south.open_sweep({Status.PENDING})]
        again = await _claims(two.of_account(NORTH))
        await fence(tmp_path, two.number)
        taken_over = await _claims(one.of_account(SOUTH))
        counts = await ledger.counts()

    assert [type(task) for task in looking] == [LookUpTask, LookUpTask]
    assert opened == [1, 2]
    assert [claim.key for claim in again] == ["n1"]
    assert [claim.key for claim in taken_over] == ["s2", "s3"]
    assert counts.pending == 3


async def test_the_limit_is_shared_out_by_the_first_rows_of_the_input(tmp_path: Path) -> None:
    """What an account sends again counts once, and no row of another account takes its place."""
    async with coordinator(tmp_path, "nnsnss", limit=4), worker(tmp_path) as one:
        north, south = one.of_account(NORTH), one.of_account(SOUTH)
        claims = [await _claims(north), await _claims(south)]
        await create(south, claims[1])
        await south.give_back()
        looking = await south.next_task()
        opened = await south.open_sweep({Status.PENDING})

    assert [[claim.key for claim in each] for each in claims] == [["n1", "n2", "n4"], ["s3"]]
    assert isinstance(looking, LookUpTask)
    assert opened == 0


async def test_failures_count_for_their_account(tmp_path: Path) -> None:
    """The budget of an account is not used up by another one."""
    async with coordinator(tmp_path, "ns"), worker(tmp_path) as one, worker(tmp_path) as two:
        north, south = one.of_account(NORTH), one.of_account(SOUTH)
        two.set_figures(WorkerFigures(failed=5, failed_in={NORTH: 4, SOUTH: 1}))
        await until(lambda: one.failed_elsewhere == 5)

    assert (north.failed_elsewhere, south.failed_elsewhere) == (4, 1)


async def test_an_account_without_rows_has_nothing_to_do(tmp_path: Path) -> None:
    """Nobody waits for it; and so it is for the whole ledger, whose tasks are those of its views."""
    async with coordinator(tmp_path, "ns"), worker(tmp_path) as one:
        assert await one.of_account(EMPTY).next_task() == RunEnd()
        assert await one.next_task() == RunEnd()


def test_the_worst_end_is_that_of_the_run() -> None:
    """An error before a stop, a stop before the end of all rows, and then the exit code counts."""
    over, unsent = RunEnd(), RunEnd(exit_code=5, unlooked=2)
    asked, refused = RunEnd(kind="asked", exit_code=130), RunEnd(kind="fault", exit_code=2, message="refused")

    assert joined_end([over, unsent]) == unsent
    assert joined_end([unsent, asked]) == structs.replace(asked, unlooked=2)
    assert joined_end([asked, refused, over]) == refused
