"""Shared runs over the PostgreSQL server of the tests: a coordinator that has begun one, workers, and faults."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from provisioner.ledger import Ledger, LedgerLocation, open_ledger, open_worker_ledger
from provisioner.ledger.postgres.connection import open_connection
from provisioner.ledger.sharing import RunSpec, SendTask, SharedRun
from provisioner.ledger.worker_ledger import WorkerLedger
from provisioner.models import AttemptResult, Claim, MessageStatus, SettingsStatus, Status, Verdict
from tests.contract.ledger_kinds import PostgresKind
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, entries
from tests.postgres_server import address_of_session, query_postgres

KIND = PostgresKind()
LEASE_S, REQUEST_S = 60.0, 3.0
"""A lease that no pause of a busy machine outlasts, and the longest time of a request."""
SHORT_LEASE_S = 2.0
"""A lease whose end a test waits for."""
PATIENCE_S = 60.0
"""Longest wait for what comes at once on an idle machine."""


def spec(*, canary: int = 0, lease_s: float = LEASE_S, shard_rows: int = 256) -> RunSpec:
    """Return what the coordinator stores of a run."""
    return RunSpec(
        files=("/in.csv",),
        options="{}",
        account_sid="",
        lease_s=lease_s,
        request_s=REQUEST_S,
        canary=canary,
        shard_rows=shard_rows,
    )


def shared(ledger: Ledger) -> SharedRun:
    """Return the shared run of a ledger."""
    found = ledger.shared
    assert found is not None
    return found


def result(claim: Claim, verdict: Verdict = Verdict.CREATED) -> AttemptResult:
    """Return the result of an attempt for a row; a created one has a conversation of its own."""
    sid = f"CH{claim.id:032x}" if verdict is Verdict.CREATED else ""
    return AttemptResult(verdict=verdict, due=1.0, sent=1.0, ended=2.0, conversation_sid=sid)


async def begin(
    ledger: Ledger,
    *,
    limit: int | None = None,
    canary: int = 0,
    lease_s: float = LEASE_S,
    statuses: Sequence[Status] = SENDABLE,
    messages: Sequence[MessageStatus] = (),
    settings: Sequence[SettingsStatus] = (),
) -> int:
    """Start a run and begin to share it; return the number of its rows."""
    await ledger.start_run(statuses, messages=messages, settings=settings, limit=limit)
    return await shared(ledger).begin(spec(canary=canary, lease_s=lease_s))


@asynccontextmanager
async def coordinator(
    folder: Path,
    rows: int = 100,
    *,
    limit: int | None = None,
    canary: int = 0,
    lease_s: float = LEASE_S,
    location: LedgerLocation | None = None,
) -> AsyncIterator[Ledger]:
    """Plan so many rows, begin a shared run over them, and yield the coordinator's ledger."""
    async with open_ledger(location or KIND.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(map(str, range(rows))), INPUT)
        await begin(ledger, limit=limit, canary=canary, lease_s=lease_s)
        yield ledger


def worker(folder: Path) -> AbstractAsyncContextManager[WorkerLedger]:
    """Join the run as a worker."""
    return open_worker_ledger(KIND.location(folder), version="1", give_up_s=10.0)


async def send_task(ledger: WorkerLedger) -> SendTask:
    """Return the next task, which has to be one to send."""
    task = await ledger.next_task()
    assert isinstance(task, SendTask), task
    return task


async def claim_rest(ledger: WorkerLedger) -> list[Claim]:
    """Claim until nothing is left for this worker."""
    claims: list[Claim] = []
    while found := await ledger.claim(7):
        claims += found
    return claims


async def create(ledger: WorkerLedger, claims: Sequence[Claim]) -> None:
    """Create these rows, one after the other."""
    for claim in claims:
        await ledger.begin(claim.id, claim.key)
        await ledger.settle_created(claim.id, result(claim), may_share=False)


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection to the job's schema, for what no ledger does."""
    connection = await open_connection(KIND.location(folder).postgres_address())
    try:
        yield connection
    finally:
        await connection.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, at most ten seconds."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - the ledger tells nobody
            await asyncio.sleep(0.01)


async def fence(folder: Path, *numbers: int) -> None:
    """Fence workers as if their leases had run out, unless they end meanwhile."""
    async with database(folder) as connection, asyncio.timeout(PATIENCE_S):
        live = True
        while live:
            async with connection.transaction():
                await connection.execute(
                    "UPDATE workers SET lease_until = '-infinity' WHERE id = ANY ($1::bigint[])", numbers
                )
                await connection.execute("SELECT fence_workers('{}', true)")
            live = await connection.fetchval(
                "SELECT EXISTS (SELECT 1 FROM workers "
                "WHERE id = ANY ($1::bigint[]) AND fenced_at IS NULL AND ended_at IS NULL)",
                numbers,
            )


def write_nothing(is_read_only: str) -> None:
    """Let every session of the server write nothing, or write again."""
    for statement in (
        f"ALTER SYSTEM SET default_transaction_read_only = {is_read_only}",
        "SELECT pg_reload_conf()",
    ):
        query_postgres(address_of_session(), statement, is_writing=True)


def ask(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement without the ledger's code."""
    address = KIND.location(folder).postgres_address()
    return query_postgres(address.dsn, statement, schema=address.schema)


def statuses(folder: Path) -> Counter[Status]:
    """Return how many rows have each status."""
    return Counter(each.status for each in KIND.standing(folder))
