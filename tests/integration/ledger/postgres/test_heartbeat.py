"""Leases of workers while processes die, connections are cut and the server is restarted."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.errors import UnreachableError
from provisioner.ledger import LedgerLocation, open_ledger, open_reader, open_worker_ledger
from provisioner.ledger.sharing import LookUpTask, RunEnd, WorkerFigures
from provisioner.models import Status
from tests.ledger_samples import SETTINGS
from tests.postgres_server import address_of_session
from tests.shared_runs import (
    KIND,
    PATIENCE_S,
    SHORT_LEASE_S,
    ask,
    begin,
    claim_rest,
    coordinator,
    create,
    database,
    fence,
    result,
    send_task,
    shared,
    statuses,
    until,
    worker,
    write_nothing,
)

_PROCESS = """
import asyncio, sys
from provisioner.ledger import LedgerLocation, open_worker_ledger

async def main():
    async with open_worker_ledger(LedgerLocation(sys.argv[1]), version="1") as ledger:
        await ledger.next_task()
        for claim in await ledger.claim(3):
            await ledger.begin(claim.id)
        print(ledger.number, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Start a worker that has three rows in flight; yield it with its number, and kill it at the end."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROCESS, str(KIND.location(folder)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        yield child, int(await child.stdout.readline())
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_a_killed_process_of_this_machine_is_fenced_at_once(tmp_path: Path) -> None:
    """Nobody waits for its lease, and its rows can be looked up at once."""
    async with coordinator(tmp_path, 8) as ledger, process(tmp_path) as (child, number):
        assert await shared(ledger).fence_expired() == ()
        child.kill()
        await child.wait()
        gone = await shared(ledger).fence_expired()
        settling_s = await shared(ledger).settling_s()
        async with worker(tmp_path) as other:
            await send_task(other)
            await create(other, await claim_rest(other))
            await other.give_back()
            looking = await other.next_task()

    assert [(each.number, each.is_fenced) for each in gone] == [(number, True)]
    assert settling_s == 0.0
    assert looking == LookUpTask(wait_s=0.0, number=1)
    assert statuses(tmp_path) == {Status.UNKNOWN: 3, Status.CREATED: 5}


async def test_workers_fence_each_other(tmp_path: Path) -> None:
    """Without a coordinator, a killed worker's rows are another one's with its next beat."""
    async with coordinator(tmp_path, 8):
        pass
    async with process(tmp_path) as (child, _), worker(tmp_path) as other:
        child.kill()
        await child.wait()
        await asyncio.wait_for(send_task(other), PATIENCE_S)
        taken = await claim_rest(other)

    assert len(taken) == 5


async def test_a_frozen_process_is_fenced_when_its_lease_is_over(tmp_path: Path) -> None:
    """It is not gone, so that its lease is waited for; its look-ups wait for its last request, too."""
    async with (
        coordinator(tmp_path, 8, lease_s=SHORT_LEASE_S),
        worker(tmp_path) as other,
        process(tmp_path) as (child, number),
    ):
        waiting = asyncio.create_task(send_task(other))
        started = asyncio.get_running_loop().time()
        child.send_signal(signal.SIGSTOP)
        await asyncio.wait_for(waiting, PATIENCE_S)
        taken_s = asyncio.get_running_loop().time() - started
        await create(other, await claim_rest(other))
        await other.give_back()
        looking = await other.next_task()
        child.send_signal(signal.SIGCONT)
        fenced = ask(tmp_path, "SELECT id FROM workers WHERE fenced_at IS NOT NULL")

    assert fenced == [(number,)]
    assert taken_s > SHORT_LEASE_S / 4
    assert isinstance(looking, LookUpTask)
    assert looking.wait_s > SHORT_LEASE_S


class Cut:
    """Relay to the server of the tests on a port of loopback, which can be cut."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        self._is_cut = asyncio.Event()
        self.port = 0

    def cut(self) -> None:
        """Let nothing through any more, and answer nothing."""
        self._is_cut.set()

    def restore(self) -> None:
        """Let new connections through again."""
        self._is_cut.clear()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Cut"]:
        """Accept connections until the end."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (folder,) = parse_qs(urlsplit(address_of_session()).query)["host"]
        back_reader, back_writer = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        self._writers += [writer, back_writer]
        await asyncio.gather(self._copy(reader, back_writer), self._copy(back_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if self._is_cut.is_set():
                    return
                writer.write(data)
        except ConnectionError:
            return
        if not self._is_cut.is_set():
            writer.close()


def through(relay: Cut, folder: Path) -> LedgerLocation:
    """Return the address of a job by the relay."""
    job = KIND.location(folder).postgres_address().job
    return LedgerLocation(f"postgresql://postgres@127.0.0.1:{relay.port}/postgres?sslmode=disable&job={job}")


async def test_a_worker_whose_network_is_cut_stops_sending_and_the_others_go_on(tmp_path: Path) -> None:
    """Its lease is over before anybody fences it; then its rows are another one's, and it gives up in the end."""
    relay = Cut()
    async with (
        coordinator(tmp_path, 8, lease_s=SHORT_LEASE_S),
        worker(tmp_path) as other,
        relay.open(),
        open_worker_ledger(through(relay, tmp_path), version="1", give_up_s=6.0) as cut_off,
    ):
        await send_task(cut_off)
        claims = await cut_off.claim(8)
        await cut_off.begin(claims[0].id)
        relay.cut()
        waiting = asyncio.create_task(send_task(other))
        await until(lambda: not cut_off.lease.is_held() or waiting.done())
        was_free_early = waiting.done()
        await asyncio.wait_for(waiting, PATIENCE_S)
        taken = await claim_rest(other)
        await cut_off.lease.lost()
        with pytest.raises(UnreachableError, match="the connection was lost"):
            await cut_off.begin(claims[1].id)

    assert not was_free_early
    assert [claim.row for claim in taken] == [2, 3, 4, 5, 6, 7, 8]
    assert statuses(tmp_path)[Status.UNKNOWN] == 1


async def test_leases_outlive_a_server_that_ends_all_connections(tmp_path: Path) -> None:
    """As at a restart: workers connect again, nobody is fenced, and the run goes on."""
    async with coordinator(tmp_path, 20) as ledger, worker(tmp_path) as one, worker(tmp_path) as two:
        await asyncio.gather(send_task(one), send_task(two))
        async with database(tmp_path) as connection:
            for _ in range(3):
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'provisioner' AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.3)
        claims = [await claim_rest(one), await claim_rest(two)]
        await create(one, claims[0])
        await create(two, claims[1])
        states = await shared(ledger).workers()

    assert sorted(claim.row for each in claims for claim in each) == [*range(1, 21)]
    assert not any(each.is_fenced for each in states)
    assert statuses(tmp_path) == {Status.CREATED: 20}


async def test_nobody_is_fenced_because_the_server_was_away_for_all(tmp_path: Path) -> None:
    """Whoever is back first finds the leases of the others over, and gives them the time to renew theirs."""
    relay = Cut()
    async with (
        coordinator(tmp_path, 20, lease_s=SHORT_LEASE_S),
        worker(tmp_path) as one,
        relay.open(),
        open_worker_ledger(through(relay, tmp_path), version="1") as two,
    ):
        await asyncio.sleep(1.2 * SHORT_LEASE_S)
        relay.cut()
        await asyncio.to_thread(write_nothing, "on")
        try:
            await asyncio.sleep(1.5 * SHORT_LEASE_S)
            over = ask(tmp_path, "SELECT count(*) FROM workers WHERE lease_until < clock_timestamp()")
        finally:
            await asyncio.to_thread(write_nothing, "off")
        await one.lease.held()
        await asyncio.sleep(0.3)
        relay.restore()
        await two.lease.held()
        fenced = ask(tmp_path, "SELECT count(*) FROM workers WHERE fenced_at IS NOT NULL")

    assert over == [(2,)]
    assert fenced == [(0,)]


async def test_a_new_run_takes_over_what_nobody_has_any_more(tmp_path: Path) -> None:
    """What a live worker has in flight stays its own; what lost ones had is unknown, and counted."""
    async with coordinator(tmp_path, 8), worker(tmp_path) as lost:
        await send_task(lost)
        claims = await lost.claim(8)
        await lost.begin(claims[0].id)
        await fence(tmp_path, lost.number)
    async with worker(tmp_path) as live:
        await send_task(live)
        left = await live.claim(8)
        await live.begin(left[0].id)
        async with open_ledger(KIND.location(tmp_path), SETTINGS, version="1") as ledger:
            interrupted = await ledger.recover()
            rows = await begin(ledger)
            await live.settle_created(left[0].id, result(left[0]), may_share=False)
            counts = await ledger.counts()

    assert interrupted == 0
    assert rows == 6
    assert (counts.unknown, counts.created, counts.in_flight) == (1, 1, 0)


async def test_a_reader_tells_the_workers_of_the_run(tmp_path: Path) -> None:
    """For ``status``: those of the current run, with their figures."""
    async with coordinator(tmp_path, 8) as ledger, worker(tmp_path) as one:
        one.set_figures(WorkerFigures(sent=3, rate=2.5))
        await until(lambda: '"sent":3' in str(ask(tmp_path, "SELECT figures FROM workers WHERE generation = 1")))
        with open_reader(KIND.location(tmp_path)) as reader:
            found = await asyncio.to_thread(reader.workers)
        await one.end_run(RunEnd())
        await begin(ledger)
        later = await shared(ledger).workers()

    assert [(each.number, each.figures.sent, each.figures.rate) for each in found] == [(one.number, 3, 2.5)]
    assert later == []
