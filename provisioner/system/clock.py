"""Clock and sleep functions that can be replaced in tests."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec


def boottime() -> float:
    """Return a time in seconds that goes on while the machine sleeps; where there is none, monotonic seconds."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that return the time or wait; the defaults are those of this machine. All values are seconds."""

    monotonic: Callable[[], float] = time.monotonic
    """Return a time that never goes backwards; only differences have a meaning."""
    boottime: Callable[[], float] = boottime
    """Return a time as above that goes on while the machine sleeps, for deadlines that others rely on."""
    wall: Callable[[], float] = time.time
    """Return the Unix time, which may jump when the system clock is set."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Wait without blocking the event loop."""
    nap: Callable[[float], None] = time.sleep
    """Wait and block the event loop."""


SYSTEM_CLOCK = Clock()
"""The clock of this machine."""
