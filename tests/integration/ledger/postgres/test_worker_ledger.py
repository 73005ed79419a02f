"""Rows of a shared run: who gets them, in which order, and when they are all done."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from provisioner.errors import LeaseLostError, LedgerBusyError, UsageError
from provisioner.ledger import LedgerLocation, open_ledger, open_worker_ledger
from provisioner.ledger.sharing import LookUpTask, RunEnd, SendTask, WorkerFigures
from provisioner.models import MessageStatus, SettingsStatus, Status, Verdict
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, entries
from tests.shared_runs import (
    KIND,
    LEASE_S,
    PATIENCE_S,
    begin,
    claim_rest,
    coordinator,
    create,
    fence,
    result,
    send_task,
    shared,
    spec,
    statuses,
    until,
    worker,
)


async def test_no_two_workers_get_one_row(tmp_path: Path) -> None:
    """Four workers that claim at the same time get every row, and each row once."""
    async with (
        coordinator(tmp_path, 700),
        worker(tmp_path) as one,
        worker(tmp_path) as two,
        worker(tmp_path) as three,
        worker(tmp_path) as four,
    ):
        workers = (one, two, three, four)
        await asyncio.gather(*map(send_task, workers))
        claimed = await asyncio.gather(*map(claim_rest, workers))

    assert sorted(claim.row for claims in claimed for claim in claims) == [*range(1, 701)]
    assert all(claimed)
    assert all(claims == sorted(claims, key=lambda claim: claim.row) for claims in claimed)


async def test_a_run_goes_from_sending_to_look_ups_to_its_end(tmp_path: Path) -> None:
    """One worker gets the look-ups once all rows are settled; what it opens again is sent; the end is for all."""
    async with coordinator(tmp_path, 40) as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        await send_task(one)
        first, *rest = await claim_rest(one)
        await one.begin(first.id)
        await one.settle(first.id, Status.PENDING, result(first, Verdict.NOT_PROCESSED))
        await create(one, rest)
        await one.give_back()
        await one.next_task()
        again = await claim_rest(one)  # the shard of the pending row came back: it is still to be sent
        await one.begin(first.id)
        await one.settle(first.id, Status.UNKNOWN, result(first, Verdict.MAYBE))
        await one.give_back()
        looking = await one.next_task()
        waiting = asyncio.create_task(two.next_task())
        await one.resolve(first.id, Status.PENDING, result(first, Verdict.NOT_PROCESSED))
        opened = await one.open_sweep({Status.PENDING})
        sending = await asyncio.wait_for(waiting, PATIENCE_S)
        swept = await two.claim(10)
        await create(two, swept)
        await two.give_back()
        last = await two.next_task()
        none = await two.open_sweep({Status.PENDING})
        await two.end_run(RunEnd(exit_code=5))
        ends = [await one.next_task(), await two.next_task(), await shared(ledger).end()]

    assert [claim.id for claim in again] == [first.id]
    assert looking == LookUpTask(wait_s=0.0, number=1)
    assert (opened, sending) == (1, SendTask(is_canary=False, to_send=40))
    assert [claim.id for claim in swept] == [first.id]
    assert (last, none) == (LookUpTask(wait_s=0.0, number=2), 0)
    assert ends == [RunEnd(exit_code=5)] * 3
    assert statuses(tmp_path) == {Status.CREATED: 40}


async def test_only_one_worker_looks_up(tmp_path: Path) -> None:
    """The others wait; when it is lost, another one has the look-ups, and its results are refused."""
    async with coordinator(tmp_path, 0), worker(tmp_path) as one, worker(tmp_path) as two:
        first = await one.next_task()
        waiting = asyncio.create_task(two.next_task())
        done, _ = await asyncio.wait([waiting], timeout=0.7)
        await fence(tmp_path, one.number)
        second = await asyncio.wait_for(waiting, PATIENCE_S)
        with pytest.raises(LeaseLostError, match="away for longer than its lease"):
            await one.open_sweep({Status.PENDING})

    assert isinstance(first, LookUpTask)
    assert not done
    assert isinstance(second, LookUpTask)
    assert second.wait_s > LEASE_S


async def test_the_first_rows_are_sent_alone(tmp_path: Path) -> None:
    """Until they have passed, nobody else gets a row; a lost worker's first rows are another one's."""
    async with coordinator(tmp_path, 30, canary=3), worker(tmp_path) as one, worker(tmp_path) as two:
        task = await send_task(one)
        claims = await claim_rest(one)
        waiting = asyncio.create_task(send_task(two))
        early, _ = await asyncio.wait([waiting], timeout=0.7)
        await create(one, claims[:1])
        await fence(tmp_path, one.number)
        taken_over = await asyncio.wait_for(waiting, PATIENCE_S)
        left = await claim_rest(two)
        await create(two, left)
        await two.pass_canary()
        await two.give_back()
        await send_task(two)
        others = await claim_rest(two)

    assert (task.is_canary, [claim.row for claim in claims]) == (True, [1, 2, 3])
    assert not early
    assert (taken_over.is_canary, [claim.row for claim in left]) == (True, [2, 3])
    assert [claim.row for claim in others] == [*range(4, 31)]


async def test_a_worker_takes_no_more_rows_at_a_time_than_the_run_says(tmp_path: Path) -> None:
    """The next worker begins where the first one's shard ends, so that little waits for one that is lost."""
    async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(map(str, range(700))), INPUT)
        await ledger.start_run(SENDABLE)
        await shared(ledger).begin(spec(shard_rows=9))
        async with worker(tmp_path) as one, worker(tmp_path) as two:
            await send_task(one)
            await send_task(two)
            first, second = await one.claim(100), await two.claim(100)

    assert [claim.row for claim in first] == [*range(1, 10)]
    assert [claim.row for claim in second] == [*range(10, 19)]


async def test_a_limit_holds_over_all_sweeps(tmp_path: Path) -> None:
    """A row that is sent again counts once, and no further row takes the place of one that is done."""
    async with coordinator(tmp_path, 50, limit=20) as ledger, worker(tmp_path) as one:
        await send_task(one)
        claims = await claim_rest(one)
        for claim in claims:
            await one.begin(claim.id)
            await one.settle(claim.id, Status.UNKNOWN, result(claim, Verdict.MAYBE))
        await one.give_back()
        await one.next_task()
        for claim in claims[:5]:
            await one.resolve(claim.id, Status.PENDING, result(claim, Verdict.NOT_PROCESSED))
        opened = await one.open_sweep({Status.PENDING})
        await send_task(one)
        again = await claim_rest(one)
        counts = await ledger.counts()

    assert [claim.row for claim in claims] == [*range(1, 21)]
    assert opened == 5
    assert [claim.row for claim in again] == [1, 2, 3, 4, 5]
    assert (counts.unknown, counts.pending) == (15, 35)


async def test_a_lost_workers_rows_are_anothers_and_what_was_in_flight_is_unknown(tmp_path: Path) -> None:
    """Pending rows are handed out at once. What may have been sent is not, and no look-up counts too early."""
    async with coordinator(tmp_path, 8), worker(tmp_path) as one, worker(tmp_path) as two:
        await send_task(one)
        claims = await one.claim(8)
        await create(one, claims[:2])
        await one.begin(claims[2].id)
        await one.begin(claims[3].id, owes_message=True)
        await one.settle_created(claims[3].id, result(claims[3]), may_share=False)
        await one.messages.begin(claims[3].id)
        await fence(tmp_path, one.number)
        await asyncio.wait_for(send_task(two), PATIENCE_S)
        taken = await claim_rest(two)
        await create(two, taken)
        await two.give_back()
        looking = await two.next_task()
        unknown = await two.unknown(0, 10)
        messages = await two.messages.unknown(0, 10)

    assert [claim.row for claim in taken] == [5, 6, 7, 8]
    assert isinstance(looking, LookUpTask)
    assert LEASE_S < looking.wait_s <= LEASE_S + 3.0
    assert [row.row for row in unknown] == [3]
    assert [each.claim.row for each in messages] == [4]
    assert statuses(tmp_path) == {Status.CREATED: 7, Status.UNKNOWN: 1}
    assert KIND.standing(tmp_path)[3].message is MessageStatus.UNKNOWN


async def test_what_follows_a_creation_is_taken_over(tmp_path: Path) -> None:
    """A lost worker's created row that owes a message or settings is handed out for these."""
    async with coordinator(tmp_path, 6) as ledger:
        await begin(ledger, messages=(MessageStatus.PENDING,), settings=(SettingsStatus.PENDING,))
        async with worker(tmp_path) as one, worker(tmp_path) as two:
            await send_task(one)
            claims = await claim_rest(one)
            for claim, follows in zip(claims, ("", "message", "settings"), strict=False):
                await one.begin(claim.id, owes_message=follows == "message", owes_settings=follows == "settings")
                await one.settle_created(claim.id, result(claim), may_share=False)
            await fence(tmp_path, one.number)
            await asyncio.wait_for(send_task(two), PATIENCE_S)
            taken = await claim_rest(two)

    assert [(claim.row, claim.owed) for claim in taken] == [
        (2, "message"), (3, "settings "), (4, ""), (5, ""), (6, "")
    ]  # fmt: skip


async def test_what_a_worker_gives_back_is_anothers(tmp_path: Path) -> None:
    """As after Ctrl-C: rows that it has not sent are handed out again, those that it has decided are not."""
    async with coordinator(tmp_path, 10), worker(tmp_path) as one, worker(tmp_path) as two:
        await send_task(one)
        claims = await claim_rest(one)
        await create(one, claims[:4])
        await one.begin(claims[4].id)
        await one.settle(claims[4].id, Status.UNSENT, result(claims[4], Verdict.NOT_PROCESSED))
        await one.begin(claims[5].id)
        await one.release([claims[5].id])
        waiting = asyncio.create_task(send_task(two))
        await one.give_back()
        await asyncio.wait_for(waiting, PATIENCE_S)
        taken = await claim_rest(two)

    assert [claim.row for claim in taken] == [6, 7, 8, 9, 10]


async def test_a_worker_that_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its shards are free at once, and what it has left in flight is unknown."""
    async with coordinator(tmp_path, 8) as ledger, worker(tmp_path) as two:
        async with worker(tmp_path) as one:
            await send_task(one)
            claims = await claim_rest(one)
            await one.begin(claims[0].id)
        await asyncio.wait_for(send_task(two), PATIENCE_S)
        taken = await claim_rest(two)
        states = await shared(ledger).workers()

    assert [claim.row for claim in taken] == [2, 3, 4, 5, 6, 7, 8]
    assert statuses(tmp_path)[Status.UNKNOWN] == 1
    assert [(each.number, each.is_ended, each.is_fenced) for each in states] == [
        (two.number, False, False), (one.number, True, False)
    ]  # fmt: skip


async def test_a_stop_is_heard_at_once(tmp_path: Path) -> None:
    """The coordinator's end wakes workers that wait and those that send; the first end counts."""
    async with coordinator(tmp_path, 8) as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        await send_task(one)
        await one.claim(8)
        waiting = asyncio.create_task(two.next_task())
        await asyncio.sleep(0)
        stop = RunEnd(kind="asked", exit_code=130)
        started = asyncio.get_running_loop().time()
        await shared(ledger).end_run(stop)
        await one.end_run(RunEnd(kind="failures", exit_code=6))
        await until(lambda: one.stop is not None)
        heard_s = asyncio.get_running_loop().time() - started
        ends = [one.stop, await waiting, await one.next_task(), await shared(ledger).end()]

    assert ends == [stop] * 4
    assert heard_s < 0.4, "a renewal follows every 0.5 s without a notification"


async def test_workers_know_how_many_rows_failed_at_the_others(tmp_path: Path) -> None:
    """Figures are stored with each beat, and the coordinator reads them."""
    async with coordinator(tmp_path, 8) as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        one.set_figures(WorkerFigures(sent=9, failed=4, rate=1.5))
        two.set_figures(WorkerFigures(failed=1))
        await until(lambda: (one.failed_elsewhere, two.failed_elsewhere) == (1, 4))
        states = await shared(ledger).workers()

    assert [each.figures for each in states] == [
        WorkerFigures(sent=9, failed=4, rate=1.5),
        WorkerFigures(failed=1),
    ]
    assert all(0 < each.lease_left_s <= LEASE_S for each in states)


async def test_another_run_lets_workers_finish_and_begin_nothing(tmp_path: Path) -> None:
    """The outcomes of what they have sent are recorded; their intents, other outcomes and shards are of no use."""
    async with coordinator(tmp_path, 8) as ledger, AsyncExitStack() as leaving:
        old = await leaving.enter_async_context(worker(tmp_path))
        await send_task(old)
        claims = await old.claim(8)
        await old.begin(claims[0].id)
        await old.begin(claims[1].id)
        await ledger.recover()
        rows = await begin(ledger)
        async with worker(tmp_path) as new:
            await send_task(new)
            taken = await claim_rest(new)
            await new.begin(taken[0].id)
            await old.settle_created(claims[0].id, result(claims[0]), may_share=False)
            with pytest.raises(LedgerBusyError, match="another run of this job has begun"):
                await old.settle(claims[2].id, Status.UNSENT, result(claims[2], Verdict.NOT_PROCESSED))
            with pytest.raises(LedgerBusyError, match="another run of this job has begun"):
                await old.begin(claims[3].id)
            await new.settle_created(taken[0].id, result(taken[0]), may_share=False)
            await create(new, taken[1:])
            await new.give_back()
            waiting = asyncio.create_task(new.next_task())
            early, _ = await asyncio.wait([waiting], timeout=0.7)
            end = await old.next_task()
            await old.settle(claims[1].id, Status.PENDING, result(claims[1], Verdict.NOT_PROCESSED))
            await leaving.aclose()
            looking = await asyncio.wait_for(waiting, PATIENCE_S)
            opened = await new.open_sweep({Status.PENDING})

    assert rows == 6
    assert [claim.row for claim in taken] == [3, 4, 5, 6, 7, 8]
    assert end == RunEnd(kind="replaced", exit_code=75, message="another run of this job has begun")
    assert not early, "rows of an earlier run were in flight"
    assert isinstance(looking, LookUpTask)
    assert opened == 1
    assert statuses(tmp_path) == {Status.CREATED: 7, Status.PENDING: 1}


async def test_there_has_to_be_a_run_to_join(tmp_path: Path) -> None:
    """Before one has begun, and while another one is planned, there is none; one that has ended tells its end."""
    location = KIND.location(tmp_path)
    async with open_ledger(location, SETTINGS, version="1"):
        with pytest.raises(LedgerBusyError, match="no run to join"):
            async with worker(tmp_path):
                pass
    async with coordinator(tmp_path, 3) as ledger:
        await shared(ledger).end_run(RunEnd(exit_code=4))
        async with worker(tmp_path) as late:
            end = await late.next_task()
        await ledger.recover()
        with pytest.raises(LedgerBusyError, match="no run to join"):
            async with worker(tmp_path):
                pass
    with pytest.raises(UsageError, match="workers cannot share a ledger in a file"):
        open_worker_ledger(LedgerLocation(tmp_path / "job.ledger"), version="1")

    assert end == RunEnd(exit_code=4)
