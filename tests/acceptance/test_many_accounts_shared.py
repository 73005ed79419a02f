"""Jobs for many accounts that several processes share, with a ledger in a real PostgreSQL."""

import asyncio
import signal
from collections import Counter

import pytest

from tests.acceptance.program import Program
from tests.acceptance.simulator_process import SimulatorMaker
from tests.acceptance.test_many_accounts import ACCOUNTS, RUN, TOKENS, created_in, write_job
from tests.postgres_server import address_of_session
from tests.stub_twilio import Answer, Call, StubMaker, StubTwilio, error, holding

pytestmark = pytest.mark.acceptance


def ledger(name: str) -> str:
    """Return the address of the ledger of a job."""
    return f"{address_of_session()}&job={name}"


async def test_workers_send_each_row_in_its_account(program: Program, simulator: SimulatorMaker) -> None:
    """A worker reads the same accounts with its own keys; when it is killed, the others take its rows over."""
    server, where = await simulator("--rate-limit", "0", "--latency", "50ms"), ledger("accounts-killed")
    write_job(program, 150, rate="3/s")
    timing = ("--timeout", "3", "--lease", "2s", "--canary", "0")

    run = await program.start(*RUN, "--base-url", server.url, "--ledger", where, *timing, env=TOKENS)
    await server.has_seen(12)
    worker = await program.start("worker", where, env=TOKENS)
    await worker.says("worker ")
    await server.has_seen(60)
    worker.signal(signal.SIGKILL)
    await worker.end()
    ended = await run.end()

    assert (ended.code, ended.counts) == (0, {"created": 150}), ended.stderr
    assert await created_in(server) == dict.fromkeys(ACCOUNTS.values(), 50)


async def test_a_refused_account_stops_no_other_at_any_worker(program: Program, twilio: StubMaker) -> None:
    """It is tried once, its rows stay unsent, and each process says which account it was."""

    def script(stub: StubTwilio, call: Call) -> Answer:
        if call.credentials.startswith(ACCOUNTS["South"]):
            return error(401, 20003)
        return stub.create(call)

    server, where = await twilio(script), ledger("accounts-refused")
    write_job(program, 90, rate="2/s")

    run = await program.start(*RUN, "--base-url", server.url, "--ledger", where, env=TOKENS)
    await server.called(12)
    worker = await program.start("worker", where, env=TOKENS)
    told, ended = await worker.end(), await run.end()

    asked = Counter(call.credentials.partition(":")[0] for call in server.calls)
    assert (ended.code, ended.counts) == (6, {"created": 60, "unsent": 30}), ended.stderr
    assert told.code == 6, told.stderr
    assert asked == {ACCOUNTS["North"]: 30, ACCOUNTS["East"]: 30, ACCOUNTS["South"]: 1}
    for each in (ended, told):
        assert f"account {ACCOUNTS['South']}: " in each.stderr


async def test_a_worker_with_another_file_of_accounts_sends_nothing(program: Program, twilio: StubMaker) -> None:
    """Its names would lead rows to other accounts; the message names that file."""
    is_free = asyncio.Event()
    server, where = await twilio(holding(is_free)), ledger("accounts-differ")
    write_job(program, 9)
    accounts = program.folder / "accounts.csv"

    run = await program.start(*RUN, "--base-url", server.url, "--ledger", where, env=TOKENS)
    await server.called(3)
    accounts.write_text(accounts.read_text().replace(",South,", ",Sud,"))
    worker = await program("worker", where, env=TOKENS)
    is_free.set()
    ended = await run.end()

    assert worker.code == 2
    assert "accounts.csv as the run had it" in worker.stderr
    assert (ended.code, ended.counts) == (0, {"created": 9}), ended.stderr
