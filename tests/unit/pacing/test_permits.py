"""Requests wait for the right to send, such as the lease of a worker."""

import asyncio
from dataclasses import dataclass, field

import pytest

from provisioner.errors import LeaseLostError
from provisioner.options import Rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.sending import GateClosed
from tests.clock import run_virtually


@dataclass
class Permit:
    """Right that is held or not, as the test says; ``lost`` is what ends the wait for it."""

    is_given: bool = False
    change: asyncio.Event = field(default_factory=asyncio.Event)
    lost: Exception | None = None

    def is_held(self) -> bool:
        """Return what the test says."""
        return self.is_given

    async def held(self) -> None:
        """Wait for the change."""
        await self.change.wait()
        if self.lost is not None:
            raise self.lost


def pacer_with(permit: Permit, rate: Rate) -> Pacer:
    """Return a pacer whose host can be reached, and whose requests need ``permit``."""
    reachability = Reachability(give_up_s=60.0, concurrency=16, stop=print, tell=print, permit=permit)
    return Pacer(rate, host=reachability.host_of("https://flex-api.twilio.com"))


def test_a_request_waits_until_the_permit_is_held() -> None:
    """It begins no connection before; with and without a rate."""

    async def started(rate: Rate) -> list[str]:
        permit, events = Permit(), []
        pacer = pacer_with(permit, rate)

        async def request() -> None:
            async with pacer.reserve() as turn:
                events.append("entered")
                await turn.wait()

        task = asyncio.ensure_future(request())
        await asyncio.sleep(1.0)
        events.append("held")
        permit.change.set()
        await task
        return events

    for rate in (Rate(per_second=5.0), Rate(per_second=float("inf"))):
        assert run_virtually(started(rate)) == ["held", "entered"]


def test_a_stop_ends_the_wait_for_the_permit() -> None:
    """A drain does not wait for a lease that may never come back."""

    async def closed() -> None:
        pacer = pacer_with(Permit(), Rate(per_second=5.0))

        async def request() -> None:
            async with pacer.reserve():
                pass

        task = asyncio.ensure_future(request())
        await asyncio.sleep(1.0)
        pacer.close()
        with pytest.raises(GateClosed):
            await task

    run_virtually(closed())


def test_a_permit_that_is_lost_for_good_ends_the_request_with_its_error() -> None:
    """The worker ends; nothing is sent."""

    async def lost() -> None:
        permit = Permit(lost=LeaseLostError("the lease was lost"))
        pacer = pacer_with(permit, Rate(per_second=5.0))
        permit.change.set()
        with pytest.raises(LeaseLostError):
            async with pacer.reserve():
                pass

    run_virtually(lost())
