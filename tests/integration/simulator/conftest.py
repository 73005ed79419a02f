"""Fixture of simulators on real sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from provisioner.simulator import SimulatorSettings, open_simulator
from tests.integration.simulator.caller import Caller, Simulate


@pytest.fixture
async def simulate() -> AsyncIterator[Simulate]:
    """Yield a function that starts a simulator, without a rate limit by default, and returns its caller."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Caller:
            chosen = SimulatorSettings(**({"rate_limit": 0, "action_limit": 0, "inspect": True} | settings))
            running = await stack.enter_async_context(open_simulator(chosen))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            return Caller(running, session)

        yield start
