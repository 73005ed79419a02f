"""The fence: what a worker that lost its lease can still do, at any moment, which is nothing."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from provisioner.errors import LeaseLostError, LedgerError
from provisioner.ledger.postgres.commit import Change, ChangeKind, Commit, settled
from provisioner.ledger.sharing import LookUpTask, RunEnd, SendTask
from provisioner.ledger.sql_files import read_statements
from provisioner.ledger.worker_ledger import WorkerLedger
from provisioner.models import Claim, Status, Step, Verdict
from tests.ledger_samples import claim_all
from tests.shared_runs import (
    PATIENCE_S,
    ask,
    claim_rest,
    coordinator,
    create,
    database,
    fence,
    result,
    send_task,
    statuses,
    worker,
)

ROUNDS = 120
_WRITE = read_statements("provisioner.ledger.postgres", "run")["write_commit"]
_JOIN = """
INSERT INTO workers (started, host, pid, version, generation, lease_until)
SELECT 1, 'there', 1, '1', max(generation), '-infinity' FROM shared_runs
RETURNING id
"""
_STATUS = "SELECT status FROM states WHERE id = $1"


async def write(connection: asyncpg.Connection, number: int, commit: int, *changes: Change) -> str:
    """Commit changes as a worker, and return the code of the error, empty without one."""
    arguments = Commit()
    assert all(map(arguments.takes, changes))
    try:
        await connection.fetch(_WRITE, number, commit, None, *arguments.arguments())
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)
    return ""


def intent(row: int) -> Change:
    """Return the intent to create a row."""
    return Change(ChangeKind.BEGIN, (row, "me", False, False))


def outcome(row: int) -> Change:
    """Return that a row was created."""
    created = result(Claim(id=row, row=row, key="", digest=b""))
    return Change(ChangeKind.SETTLE, settled(row, Step.CREATE, "created", created, is_checked=True))


Racer = Callable[[], Awaitable[Any]]


async def race(choice: random.Random, *racers: Racer) -> list[Any]:
    """Run them at the same moment, in any order, and return their results in the order given."""

    async def delayed(racer: Racer) -> Any:
        await asyncio.sleep(choice.random() * 0.002)
        return await racer()

    return await asyncio.gather(*map(delayed, racers))


async def fenced(connection: asyncpg.Connection) -> list[int]:
    """Fence the workers whose leases have run out, and return them."""
    return [number for (number,) in await connection.fetch("SELECT fence_workers('{}', true)")]


async def test_an_intent_and_a_fence_at_the_same_moment_leave_no_row_in_flight(tmp_path: Path) -> None:
    """Either the intent came first, and the row is unknown, or it was refused, and the row is another worker's."""
    choice, ends = random.Random(1), Counter[tuple[str, str]]()
    async with coordinator(tmp_path, ROUNDS), database(tmp_path) as one, database(tmp_path) as two:
        for row in range(1, ROUNDS + 1):
            number = await one.fetchval(_JOIN)
            await one.execute("UPDATE shards SET worker = $1 WHERE $2 = ANY (row_ids)", number, row)

            def send(number: int = number, row: int = row) -> Awaitable[str]:
                return write(one, number, 1, intent(row))

            error, fences = await race(choice, send, lambda: fenced(two))
            assert fences == [number] or await fenced(two) == [number]
            ends[error, await one.fetchval(_STATUS, row)] += 1
            assert await write(one, number, 1, intent(row)) == "WCP02", "a repeated commit counts after a fence"
        held = await one.fetchval("SELECT count(*) FROM shards WHERE worker IS NOT NULL")

    assert ends.keys() == {("", "unknown"), ("WCP02", "pending")}
    assert ends.total() == ROUNDS
    assert held == 0


async def test_an_outcome_and_a_fence_at_the_same_moment_agree(tmp_path: Path) -> None:
    """A row is created by an outcome that came first; otherwise it is unknown, and the outcome was refused."""
    choice, ends = random.Random(2), Counter[tuple[str, str]]()
    async with coordinator(tmp_path, ROUNDS), database(tmp_path) as one, database(tmp_path) as two:
        for row in range(1, ROUNDS + 1):
            number = await one.fetchval(_JOIN)
            await one.execute("UPDATE shards SET worker = $1 WHERE $2 = ANY (row_ids)", number, row)
            assert not await write(one, number, 1, intent(row))

            def settle(number: int = number, row: int = row) -> Awaitable[str]:
                return write(one, number, 2, outcome(row))

            error, _ = await race(choice, settle, lambda: fenced(two))
            await fenced(two)
            ends[error, await one.fetchval(_STATUS, row)] += 1

    assert ends.keys() == {("", "created"), ("WCP02", "unknown")}
    assert ends.total() == ROUNDS


async def test_a_shard_that_is_taken_at_the_moment_of_a_fence_is_not_lost(tmp_path: Path) -> None:
    """No shard stays with a worker that was fenced."""
    choice, taken = random.Random(3), Counter[bool]()
    async with coordinator(tmp_path, 8), database(tmp_path) as one, database(tmp_path) as two:

        async def take(number: int) -> bool:
            try:
                return bool(await one.fetch("SELECT * FROM take_shard($1, 1, 0, 1)", number))
            except asyncpg.PostgresError as error:
                return str(error.sqlstate) != "WCP02"

        for _ in range(ROUNDS):
            number = await one.fetchval(_JOIN)

            def taking(number: int = number) -> Awaitable[bool]:
                return take(number)

            is_taken, _ = await race(choice, taking, lambda: fenced(two))
            await fenced(two)
            taken[is_taken] += 1
            assert await one.fetchval("SELECT count(*) FROM shards WHERE worker IS NOT NULL") == 0

    assert taken.keys() == {True, False}


async def test_a_lease_that_is_renewed_at_the_moment_of_a_fence_is_held_or_lost(tmp_path: Path) -> None:
    """A worker that was told that its lease is renewed is not fenced by who found it expired before."""
    choice, ends = random.Random(4), Counter[tuple[bool, bool]]()
    renew = """
    UPDATE workers SET lease_until = 'infinity' WHERE id = $1 AND fenced_at IS NULL RETURNING true
    """
    async with coordinator(tmp_path, 8), database(tmp_path) as one, database(tmp_path) as two:
        for _ in range(ROUNDS):
            number = await one.fetchval(_JOIN)

            async def renewing(number: int = number) -> bool:
                return await one.fetchval(renew, number) is True

            is_renewed, fences = await race(choice, renewing, lambda: fenced(two))
            ends[is_renewed, number in fences] += 1

    assert ends.keys() == {(True, False), (False, True)}


async def test_one_of_two_workers_that_begin_a_row_is_refused(tmp_path: Path) -> None:
    """Whatever they believe that they hold: a row has one request in flight, and none after it was created."""
    choice = random.Random(5)
    async with coordinator(tmp_path, ROUNDS), database(tmp_path) as one, database(tmp_path) as two:
        numbers = [await one.fetchval(_JOIN), await one.fetchval(_JOIN)]
        commits = [0, 0]
        for row in range(1, ROUNDS + 1):

            def sender(place: int, connection: asyncpg.Connection, row: int = row) -> Racer:
                async def send() -> str:
                    commits[place] += 1
                    if error := await write(connection, numbers[place], commits[place], intent(row)):
                        return error
                    commits[place] += 1
                    return await write(connection, numbers[place], commits[place], outcome(row))

                return send

            errors = await race(choice, sender(0, one), sender(1, two))
            assert min(errors) == ""
            assert max(errors) in {"WCP04", "23505"}
        (attempts,) = ask(
            tmp_path, "SELECT count(*), count(DISTINCT row_id) FROM attempts WHERE class = 'created'"
        )

    assert attempts == (ROUNDS, ROUNDS)


async def test_a_worker_that_joins_while_the_run_is_replaced_sends_nothing(tmp_path: Path) -> None:
    """Either it is too late to join, or it is one of those that begin nothing more."""
    choice, ends = random.Random(6), Counter[bool]()
    joining = """
    WITH current AS (
        SELECT generation FROM shared_runs
        WHERE generation = (SELECT max(generation) FROM shared_runs) AND NOT is_replaced FOR SHARE
    )
    INSERT INTO workers (started, host, pid, version, generation, lease_until)
    SELECT 1, 'there', 1, '1', generation, 'infinity' FROM current RETURNING id
    """
    async with coordinator(tmp_path, 8), database(tmp_path) as one, database(tmp_path) as two:
        for _ in range(ROUNDS):
            await two.execute("UPDATE shared_runs SET is_replaced = false")
            number, _ = await race(
                choice, lambda: one.fetchval(joining), lambda: two.execute("SELECT replace_run()")
            )
            ends[number is not None] += 1
            assert number is None or await write(one, number, 1, intent(1)) == "WCP03"

    assert ends.keys() == {True, False}


async def test_a_fenced_worker_writes_nothing_and_knows_it(tmp_path: Path) -> None:
    """Intents, outcomes, look-ups, ends and claims are refused; its lease is lost, for whoever waits for that."""
    async with coordinator(tmp_path, 8) as ledger, worker(tmp_path) as one:
        await send_task(one)
        claims = await one.claim(8)
        await one.begin(claims[0].id)
        lost = asyncio.create_task(one.lease.lost())
        assert one.lease.is_held()
        await fence(tmp_path, one.number)
        for operation in (
            one.settle_created(claims[0].id, result(claims[0]), may_share=False),
            one.begin(claims[1].id),
            one.messages.begin(claims[0].id),
            one.resolve(claims[0].id, Status.PENDING, result(claims[0], Verdict.NOT_PROCESSED)),
            one.claim(1),
            one.next_task(),
            one.give_back(),
            one.pass_canary(),
            one.end_run(RunEnd()),
            one.lease.held(),
        ):
            with pytest.raises(LeaseLostError, match="away for longer than its lease"):
                await operation
        await asyncio.wait_for(lost, PATIENCE_S)
        counts = await ledger.counts()

    assert not one.lease.is_held()
    assert (counts.unknown, counts.pending) == (1, 7)


async def test_only_who_has_the_look_ups_resolves_rows(tmp_path: Path) -> None:
    """A worker that sends cannot say of another one's unknown row that it is absent."""
    async with coordinator(tmp_path, 8), worker(tmp_path) as one, worker(tmp_path) as two:
        await send_task(one)
        claim, *rest = await claim_rest(one)
        await one.begin(claim.id)
        await one.settle(claim.id, Status.UNKNOWN, result(claim, Verdict.MAYBE))
        evidence = result(claim, Verdict.NOT_PROCESSED)
        with pytest.raises(LedgerError, match="another worker looks rows up"):
            await two.resolve(claim.id, Status.PENDING, evidence)
        await create(one, rest)
        await one.give_back()
        assert isinstance(await one.next_task(), LookUpTask)
        await one.resolve(claim.id, Status.PENDING, evidence)

    assert statuses(tmp_path) == {Status.CREATED: 7, Status.PENDING: 1}


async def test_an_intent_that_is_not_allowed_is_an_error(tmp_path: Path) -> None:
    """For a row that is in flight or created, also without a shared run, and nothing more is begun after it."""
    async with coordinator(tmp_path, 4) as ledger:
        first, second, third, _ = await claim_all(ledger)
        await ledger.begin(first.id)
        await ledger.settle_created(first.id, result(first), may_share=False)
        await ledger.begin(second.id)
        for claim in (second, first, third):
            with pytest.raises(LedgerError, match="created or in flight already"):
                await ledger.begin(claim.id)

    assert statuses(tmp_path) == {Status.CREATED: 1, Status.IN_FLIGHT: 1, Status.PENDING: 2}


class Storm:
    """Workers that do all that workers do, and are fenced at any moment; ``created`` counts what they created."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._choice = folder, random.Random(seed)
        self.created = Counter[int]()
        self.fences = 0

    async def work(self) -> None:
        """Join again and again, until the run has ended."""
        while True:
            try:
                async with worker(self._folder) as ledger:
                    if await self._take_part(ledger):
                        return
            except LeaseLostError:
                continue

    async def fence(self, times: int) -> None:
        """Fence a live worker, so many times."""
        for _ in range(times):
            await asyncio.sleep(self._choice.random() * 0.05)
            live = ask(
                self._folder,
                "SELECT id FROM workers WHERE generation IS NOT NULL AND fenced_at IS NULL AND ended_at IS NULL",
            )
            if live:
                await fence(self._folder, self._choice.choice(live)[0])
                self.fences += 1

    async def _take_part(self, ledger: WorkerLedger) -> bool:
        """Do tasks until the run ends; return True then."""
        while True:
            match await ledger.next_task():
                case RunEnd():
                    return True
                case LookUpTask():
                    await self._look_up(ledger)
                case SendTask():
                    while claims := await ledger.claim(5):
                        await asyncio.gather(*(self._send(ledger, claim) for claim in claims))
                    if self._choice.random() < 0.8:
                        await ledger.give_back()

    async def _send(self, ledger: WorkerLedger, claim: Claim) -> None:
        await ledger.begin(claim.id)
        does_create = self._choice.random() < 0.6
        self.created[claim.id] += does_create
        await asyncio.sleep(self._choice.random() * 0.01)
        if self._choice.random() < 0.2:
            await ledger.settle(claim.id, Status.UNKNOWN, result(claim, Verdict.MAYBE))
        elif does_create:
            await ledger.settle_created(claim.id, result(claim), may_share=False)
        else:
            await ledger.settle(claim.id, Status.PENDING, result(claim, Verdict.NOT_PROCESSED))

    async def _look_up(self, ledger: WorkerLedger) -> None:
        """Look up what Twilio has, which is what was created; end the run when nothing is left."""
        for row in await ledger.unknown(0, 1_000):
            claim = Claim(id=row.id, row=row.row, key=row.key, digest=b"")
            if self.created[row.id]:
                await ledger.resolve(row.id, Status.CREATED, result(claim))
            else:
                await ledger.resolve(row.id, Status.PENDING, result(claim, Verdict.NOT_PROCESSED))
        if not await ledger.open_sweep({Status.PENDING}):
            await ledger.end_run(RunEnd())


@pytest.mark.parametrize("seed", range(4))
async def test_no_row_is_missing_or_created_twice_whenever_workers_are_fenced(tmp_path: Path, seed: int) -> None:
    """Three workers are fenced at any moment and join again; every row is created once in the end."""
    storm = Storm(tmp_path, seed)
    async with coordinator(tmp_path, 80), asyncio.timeout(PATIENCE_S):
        await asyncio.gather(storm.work(), storm.work(), storm.work(), storm.fence(15))

    assert statuses(tmp_path) == {Status.CREATED: 80}
    assert storm.created == dict.fromkeys(range(1, 81), 1)
    assert storm.fences > 0
