"""The right of a worker to send, until its deadline."""

import asyncio
import time

import pytest

from provisioner.errors import LeaseLostError
from provisioner.ledger.postgres.lease import PostgresLease, boot_time


class Now:
    """Clock that is set by the test, in seconds."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


async def test_a_lease_is_counted_from_before_it_was_asked_for() -> None:
    """It is over a margin before its end, and no renewal shortens it."""
    now = Now()
    lease = PostgresLease(8.0, asked_at=99.0, clock=now)
    held = []
    for now.seconds in (100.0, 105.9, 106.1):
        held.append(lease.is_held())
    lease.renew(105.0)
    for now.seconds in (111.9, 112.1):
        held.append(lease.is_held())
    lease.renew(101.0)
    now.seconds = 111.9
    assert held == [True, True, False, True, False]
    assert lease.is_held()


async def test_who_waits_for_the_lease_goes_on_with_its_renewal() -> None:
    """Or with the error, when it is lost; so does who waits for its loss."""
    now = Now()
    lease = PostgresLease(8.0, asked_at=0.0, clock=now)
    waiting = [asyncio.create_task(lease.held()) for _ in range(2)]
    lost = asyncio.create_task(lease.lost())
    await asyncio.sleep(0)
    lease.renew(100.0)
    await asyncio.gather(*waiting)
    await lease.held()
    now.seconds = 200.0
    late = asyncio.create_task(lease.held())
    await asyncio.sleep(0)
    lease.lose(LeaseLostError("first"))
    lease.lose(LeaseLostError("second"))
    lease.renew(200.0)
    await lost
    with pytest.raises(LeaseLostError, match="first"):
        await late
    with pytest.raises(LeaseLostError, match="first"):
        await lease.held()
    assert not lease.is_held()


def test_the_clock_of_a_lease_counts_the_sleep_of_the_machine() -> None:
    """It is Linux's clock that does; elsewhere it is the monotonic one."""
    assert abs(boot_time() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
