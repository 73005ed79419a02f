"""The main job as it is really done: over TLS 1.3 and 1.2, directly and through a proxy, on both event loops."""

import asyncio
import importlib.util
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import pytest

from tests.acceptance.program import CREDENTIALS, Ended, Program
from tests.acceptance.simulator_process import Simulator, SimulatorMaker
from tests.acceptance.test_many_accounts import ACCOUNTS, RUN, TOKENS, created_in, write_job
from tests.relays import connect_proxy, tls_relay
from tests.tls import Authority

pytestmark = pytest.mark.acceptance

LOOPS = ("asyncio", "uvloop") if importlib.util.find_spec("uvloop") else ("asyncio",)


@dataclass(frozen=True)
class Way:
    """One way to do the job."""

    version: ssl.TLSVersion
    loop: str
    is_by_proxy: bool

    @property
    def name(self) -> str:
        """Name its files."""
        return f"{self.version.name}-{self.loop}-{'proxy' if self.is_by_proxy else 'direct'}"


TLS13 = ssl.TLSVersion.TLSv1_3
AT_ONCE = 3
WAYS = [Way(*each) for each in product((TLS13, ssl.TLSVersion.TLSv1_2), LOOPS, (False, True))]
PAIRS = [way for way in WAYS if (way.version is TLS13) is ((way.loop == "uvloop") is not way.is_by_proxy)]
"""A half of them, in which every two choices still meet."""


@asynccontextmanager
async def reached(way: Way, server: Simulator, authority: Authority) -> AsyncIterator[Sequence[str]]:
    """Put TLS, and a proxy, before a simulator, and yield the flags that lead to it."""
    async with tls_relay(server.port, authority.server(way.version)) as url, connect_proxy() as proxy:
        yield ("--base-url", url, *(("--proxy", proxy.url) if way.is_by_proxy else ()))
        assert bool(proxy.requests) == way.is_by_proxy


Done = TypeVar("Done")


async def over_all(pool_keys: Sequence[Way], work: Callable[[Way], Awaitable[Done]]) -> dict[str, Done]:
    """Do the same work over all ways, a few at a time, and return what came of each."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def take_turn(way: Way) -> Done:
        async with turns:
            return await work(way)

    done = await asyncio.gather(*map(take_turn, pool_keys))
    return {way.name: each for way, each in zip(pool_keys, done, strict=True)}


@pytest.mark.parametrize(("rows", "flags"), [(3, ()), (25, ("--rate", "50/s"))], ids=["as it comes", "faster"])
async def test_every_row_is_created_in_the_first_run(
    program: Program, simulator: SimulatorMaker, authority: Authority, rows: int, flags: tuple[str, ...]
) -> None:
    """The first request over a connection leaves like every other, and none waits for a second run."""
    server = await simulator("--rate-limit", "0")
    program.write_customers("customers.csv", rows)
    trusting = program.trusting(authority.bundle)

    async def run(way: Way) -> Ended:
        async with reached(way, server, authority) as place:
            command = ("run", "customers.csv", "-o", f"{way.name}.csv", "--loop", way.loop, *place, *flags)
            return await trusting(*command, env=CREDENTIALS)

    ended = await over_all(WAYS, run)

    assert {name: (each.code, each.counts) for name, each in ended.items()} == {
        way.name: (0, {"created": rows}) for way in WAYS
    }
    assert len(await server.conversations()) == rows * len(WAYS)


async def test_lost_replies_are_looked_up_messages_posted_and_all_is_closed(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """Everything that calls does so over TLS: in the end each row has one conversation, closed, one message."""
    faults = ("--fault", "reset_after_create=20", "--fault", "message_reset_after_create=20")
    server, rows = await simulator("--rate-limit", "0", "--seed", "3", *faults), 15
    program.write_customers("customers.csv", rows)
    trusting, pace = program.trusting(authority.bundle), ("--rate", "25/s")

    async def do(way: Way) -> tuple[Ended, Ended]:
        async with reached(way, server, authority) as place:
            output, common = f"{way.name}.csv", ("--loop", way.loop, *place, *pace)
            ask = ("--settle-delay", "0.3", "--first-message", "Hello")
            run = ("run", "customers.csv", "-o", output, "--key", "crm_id", *common, *ask)
            close = ("close", f"{output}.ledger", "--yes", *common)
            return await trusting(*run, env=CREDENTIALS), await trusting(*close, env=CREDENTIALS)

    ended = await over_all(PAIRS, do)

    state, conversations = await server.state(), await server.conversations()
    assert {name: (run.code, run.counts, close.code) for name, (run, close) in ended.items()} == {
        way.name: (0, {"created": rows}, 0) for way in PAIRS
    }
    assert min(state["faults"][name] for name in ("reset_after_create", "message_reset_after_create")) > 0
    assert len(conversations) == state["conversations"]["closed"] == rows * len(PAIRS)
    assert {each["messages"] for each in conversations} == {1}


async def test_many_accounts_are_called_over_connections_of_their_own(
    program: Program, simulator: SimulatorMaker, authority: Authority
) -> None:
    """Each row is created in the account that it names, with the key of that one."""
    server = await simulator("--rate-limit", "0")
    write_job(program)
    trusting = program.trusting(authority.bundle)

    async def run(way: Way) -> Ended:
        async with reached(way, server, authority) as place:
            command = (*RUN, "--loop", way.loop, *place, "-o", f"{way.name}.csv")
            return await trusting(*command, env=TOKENS)

    ended = await over_all([way for way in PAIRS if not way.is_by_proxy], run)

    assert {(each.code, each.counts["created"]) for each in ended.values()} == {(0, 30)}
    assert await created_in(server) == dict.fromkeys(ACCOUNTS.values(), 10 * len(ended))
