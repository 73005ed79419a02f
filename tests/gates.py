"""Gates for tests that have no pacer."""

import asyncio
import time

from provisioner.ports.sending import GateClosed


class OpenGate:
    """Lets everyone through at once, and counts them."""

    def __init__(self) -> None:
        self.passed = 0

    async def wait(self) -> float:
        """Return now."""
        self.passed += 1
        return time.time()


class ClosedGate:
    """Lets no one through: the run is stopping."""

    async def wait(self) -> float:
        """Raise ``GateClosed``."""
        raise GateClosed


class HeldGate:
    """Holds everyone until it is opened; ``reached`` tells when the first one stands at it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> float:
        """Return the time at which it was opened."""
        self.reached.set()
        await self.opened.wait()
        return time.time()
