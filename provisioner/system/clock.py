"""Where time comes from."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time of this machine, unless somebody hands in another; everything is in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    """Never set back; what it counts from is unspecified."""
    wall: Callable[[], float] = time.time
    """Unix time; it may be set while it is used."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    nap: Callable[[float], None] = time.sleep
    """Blocks the event loop."""


SYSTEM_CLOCK = Clock()
