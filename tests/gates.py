"""Gates for tests that have no pacer."""

import asyncio
import time

from provisioner.ports.sending import GateClosed


class OpenGate:
    """Gate that admits every request at once and counts them."""

    def __init__(self) -> None:
        self.passed = 0

    async def wait(self) -> float:
        """Return the current time."""
        self.passed += 1
        return time.time()


class ClosedGate:
    """Gate that admits no request, as in a run that stops."""

    async def wait(self) -> float:
        """Raise ``GateClosed``."""
        raise GateClosed


class HeldGate:
    """Gate at which all requests wait until it is opened; ``reached`` is set when the first one waits."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> float:
        """Wait until the gate is opened, and return that time."""
        self.reached.set()
        await self.opened.wait()
        return time.time()
