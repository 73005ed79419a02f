"""What is written while connections are lost, answers do not come and the server is away."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import LedgerBusyError, UnreachableError
from provisioner.ledger import Ledger, LedgerLocation, open_ledger, open_reader
from provisioner.ledger.postgres.session import Session
from provisioner.models import PlanEntry, Status
from tests.contract.ledger_kinds import PostgresKind, Standing
from tests.ledger_samples import CREATED, INPUT, REFUSED, SETTINGS, claim_all, entries, entry, send
from tests.postgres_server import address_of_session, postgres_server, query_postgres
from tests.shared_runs import write_nothing

KIND = PostgresKind()
CREATED_ONCE = Standing(Status.REJECTED, 1, None)


def end_connections(job: str) -> None:
    """End every connection of this program to a job, as a restart of the server does."""
    query_postgres(
        address_of_session(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'provisioner' AND pid IN "
        "(SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
    )


async def take_over(stack: AsyncExitStack, location: LedgerLocation, folder: Path) -> Ledger:
    """Open a ledger as another run, which is sooner than the first one after a lost connection."""
    while True:
        await asyncio.to_thread(end_connections, str(folder))
        with suppress(LedgerBusyError):  # on a busy machine the first one may be back before
            return await stack.enter_async_context(open_ledger(location, SETTINGS, version="1"))


async def planned(ledger: Ledger, count: int) -> None:
    """Plan so many rows."""
    await ledger.plan(entries(map(str, range(count))), INPUT)


async def test_every_row_is_recorded_once_although_connections_are_lost(tmp_path: Path) -> None:
    """What was not answered is written again by another connection, and the server knows what it has done."""
    async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
        await planned(ledger, 300)
        claims = await claim_all(ledger)

        async def create(place: int) -> None:
            if place % 60 == 30:
                await asyncio.to_thread(end_connections, str(tmp_path))
            await send(ledger, claims[place], Status.REJECTED)

        for start in range(0, 300, 10):
            await asyncio.gather(*map(create, range(start, start + 10)))

    address = KIND.location(tmp_path).postgres_address()
    (attempts,) = query_postgres(address.dsn, "SELECT count(*) FROM attempts", schema=address.schema)
    assert KIND.standing(tmp_path) == [CREATED_ONCE] * 300
    assert attempts == (300,)


class LostAnswers:
    """Connection whose answers to commits are lost, each time once, although they were executed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, statement: str, *values: Any) -> Any:
        """Execute a statement, and lose the answer to a commit."""
        answer = await self._connection.fetch(statement, *values)
        if "write_commit" in statement:
            raise ConnectionResetError
        return answer


async def test_a_commit_whose_answer_was_lost_is_not_executed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is repeated under its number; the owner of a conversation is told by the second answer, too."""
    connection, is_lost = Session.connection, True

    async def losing(self: Session) -> Any:
        nonlocal is_lost
        is_lost = not is_lost
        return await connection(self) if is_lost else LostAnswers(await connection(self))

    async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
        await planned(ledger, 2)
        first, second = await claim_all(ledger)
        monkeypatch.setattr(Session, "connection", losing)
        shared = []
        for claim in (first, second):
            await ledger.begin(claim.id, claim.key)
            shared.append(await ledger.settle_created(claim.id, CREATED, may_share=False))

    assert [each and each.status for each in shared] == [None, Status.UNKNOWN]
    assert KIND.standing(tmp_path) == [Standing(Status.CREATED, 1, None), Standing(Status.UNKNOWN, 1, None)]


async def test_a_server_that_writes_nothing_for_a_while_holds_what_is_written(tmp_path: Path) -> None:
    """As a standby does until it takes over: an intent is accepted when the server writes again."""
    async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
        await planned(ledger, 1)
        (claim,) = await claim_all(ledger)
        await asyncio.to_thread(write_nothing, "on")
        try:
            intent = asyncio.ensure_future(ledger.begin(claim.id))
            done, _ = await asyncio.wait([intent], timeout=0.3)
        finally:
            await asyncio.to_thread(write_nothing, "off")
        await intent

    assert not done
    assert KIND.standing(tmp_path) == [Standing(Status.IN_FLIGHT, 1, None)]


async def test_a_run_whose_ledger_was_taken_over_writes_nothing_more(tmp_path: Path) -> None:
    """Another run has marked its rows as unknown: neither an intent nor an outcome of the first one counts."""
    location = KIND.location(tmp_path)
    async with open_ledger(location, SETTINGS, version="1") as ledger:
        await planned(ledger, 2)
        first, second = await claim_all(ledger)
        await ledger.begin(first.id)
        async with AsyncExitStack() as stack:
            other = await take_over(stack, location, tmp_path)
            assert await other.recover() == 1
            for write in (ledger.settle(first.id, Status.REJECTED, REFUSED), ledger.begin(second.id)):
                with pytest.raises(LedgerBusyError):
                    await write

    assert [row.status for row in KIND.standing(tmp_path)] == [Status.UNKNOWN, Status.PENDING]


async def test_who_waits_for_a_server_is_told_after_the_longest_time() -> None:
    """No intent is accepted while it is away; then everything that waits fails, and nothing waits again."""
    with postgres_server() as address:
        location = LedgerLocation(f"{address}&job=away")
        opened = open_ledger(location, SETTINGS, version="1", give_up_s=0.5)
        ledger = await opened.__aenter__()
        await planned(ledger, 2)
        first, second = await claim_all(ledger)
        await ledger.begin(first.id)

    writes = [ledger.begin(second.id), ledger.settle(first.id, Status.REJECTED, REFUSED)]
    for write in (*writes, ledger.finish_run(0)):
        with pytest.raises(UnreachableError, match="the connection was lost"):
            await write
    await opened.__aexit__(None, None, None)
    with pytest.raises(UnreachableError, match="cannot be reached"), open_reader(location):
        pass


async def test_an_input_that_fails_is_no_fault_of_the_server(tmp_path: Path) -> None:
    """What its entries raise goes on as it is, also what the network raises; the connection is kept."""

    def failing() -> Iterator[PlanEntry]:
        yield entry(1, "a")
        raise TimeoutError

    async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
        with pytest.raises(TimeoutError):
            await ledger.plan(failing(), INPUT)
        report = await ledger.plan(entries("abc"), INPUT)

    assert report.added == 3
