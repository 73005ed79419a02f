"""Pacers of several workers that share a rate, in virtual time; a test says how the database deals it out."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from provisioner.ledger.shared_rate import AccountRate, RateMember, ShareGrant, ShareRequest
from provisioner.options import Rate
from provisioner.pacing import SharedPacer
from provisioner.pacing.adaptive_rate import STEP
from provisioner.system.clock import Clock
from tests.clock import VirtualLoop, now, run_virtually

AHEAD = 1e9
"""Seconds by which the database's clock is ahead of that of the workers."""


class Database:
    """Rate of one account that answers at once, and deals out what ``held`` says by place of the member."""

    def __init__(self, held: Sequence[int]) -> None:
        self.held, self.members = held, list[RateMember]()
        self.requests: list[ShareRequest] = []
        self.account = AccountRate(now() + AHEAD, 0, "", None, 0)
        self.lowest = math.inf
        self.is_away = False

    def join(self, member: RateMember) -> Callable[[], None]:
        """Keep a member; it is renewed when it asks, and once at the beginning."""
        self.members.append(member)

        def renew() -> None:
            asyncio.get_running_loop().call_soon(self.renew, member)

        renew()
        return renew

    def renew(self, member: RateMember) -> None:
        """Store a change of a member, tell it to the others, and grant what is missing."""
        if self.is_away:
            return
        if self.account.epoch and (change := member.take_change()) is not None:
            self.account = AccountRate(
                now() + AHEAD,
                self.account.epoch + 1,
                change.state,
                None if change.since_s is None else now() + AHEAD + change.since_s,
                max(self.account.paused_until, now() + AHEAD + change.pause_s),
            )
            for each in self.members:
                each.on_account(self.account)
        request = member.request(3.0)
        self.requests.append(request)
        if not self.account.epoch:
            self.account = AccountRate(now() + AHEAD, 1, request.state, None, 0)
        missing = max(self.held[self.members.index(member)] - request.held, 0)
        since = (self.account.state, self.account.since, self.account.paused_until)
        member.on_grant(
            ShareGrant(
                account=AccountRate(now() + AHEAD, self.account.epoch, *since),
                asked=min(self.lowest, request.asked),
                total=request.total,
                kept=request.held,
                last_uses=(0.0,) * missing,
                release=0,
            )
        )


def nap(seconds: float) -> None:
    """Let virtual time pass while nobody runs."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._virtual.now += seconds


def pacer_of(database: Database, per_second: float = 4) -> SharedPacer:
    """Return the pacer of one more worker, without jitter."""
    clock = Clock(monotonic=now, boottime=now, wall=lambda: now() + AHEAD, nap=nap)
    return SharedPacer(Rate(per_second=per_second), database, clock=clock, jitter=lambda low, _: low)


async def start(pacer: SharedPacer, starts: list[float], count: int = 1) -> None:
    """Pass the gate several times and note when."""
    for _ in range(count):
        async with pacer.reserve() as gate:
            await gate.wait()
            starts.append(now())


def in_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Turn an async test into one that runs in virtual time."""

    def run() -> None:
        with patch("asyncio_throttle.throttler.time", SimpleNamespace(monotonic=now)):
            run_virtually(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_virtual_time
async def test_a_worker_starts_its_part_of_the_rate() -> None:
    """One with three of four shares starts three requests while the other starts one."""
    database, starts, others = Database([3, 1]), list[float](), list[float]()

    await asyncio.gather(start(pacer_of(database), starts, 31), start(pacer_of(database), others, 11))

    assert 10 < starts[-1] - starts[0] < 10.1
    assert 10 < others[-1] - others[0] < 10.1


@in_virtual_time
async def test_who_has_no_share_waits_and_asks_at_once() -> None:
    """It says that it waits, and starts as soon as it is given a share."""
    database, starts = Database([0]), list[float]()
    pacer, begun = pacer_of(database), now()
    waiting = asyncio.create_task(start(pacer, starts))
    await asyncio.sleep(2)
    asked = database.requests[-1]

    database.held = [1]
    database.renew(database.members[0])
    await waiting

    assert asked.is_waiting
    assert asked.held == 0
    assert 2 <= starts[0] - begun < 2.01


@in_virtual_time
async def test_without_renewal_nothing_starts_after_the_term() -> None:
    """A database that is away stops all requests within three seconds."""
    database, starts = Database([4]), list[float]()
    pacer, begun = pacer_of(database), now()
    sending = asyncio.create_task(start(pacer, starts, 100))
    await asyncio.sleep(0)

    await asyncio.sleep(2.5)
    database.is_away = True
    await asyncio.sleep(20)
    sending.cancel()

    assert len(starts) > 8
    assert starts[-1] - begun < 3


@in_virtual_time
async def test_a_429_pauses_all_workers_and_cuts_one_rate_once() -> None:
    """Both get one in the same moment: nobody starts in the pause, and the rate is that after one 429."""
    database, starts = Database([2, 2]), list[float]()
    pacers = [pacer_of(database), pacer_of(database)]
    await asyncio.gather(*(start(pacer, [], 5) for pacer in pacers))
    await asyncio.sleep(60)

    pause_s = pacers[0].on_throttled(retry_after_s=7)
    pacers[1].on_throttled()
    refused = now()
    await asyncio.sleep(0.1)
    rates = [pacer.rate for pacer in pacers]
    database.renew(database.members[0])
    database.renew(database.members[1])
    await asyncio.gather(*(start(pacer, starts) for pacer in pacers))

    assert pause_s == 7
    assert min(starts) - refused > 6.999
    assert rates == [4 * (1 - STEP)] * 2


@in_virtual_time
async def test_all_keep_the_lowest_rate() -> None:
    """A worker of a slower job slows the others down; once it is gone, they go as fast as they were asked to."""
    database = Database([4])
    pacer = pacer_of(database)
    await start(pacer, [])

    database.lowest = 2.0
    database.renew(database.members[0])
    await asyncio.sleep(0.1)
    slow = pacer.rate
    database.lowest = math.inf
    database.renew(database.members[0])
    await asyncio.sleep(0.1)

    assert (slow, pacer.rate) == (2.0, 4.0)
