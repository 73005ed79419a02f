"""Lease of a worker, renewed in the background on a connection of its own."""

import asyncio
import time
from collections.abc import Callable

from provisioner.errors import ProvisionerError

_MARGIN_S = 1.0
"""Most seconds before the deadline at which the lease counts as over: what lies between looking and sending."""


def boot_time() -> float:
    """Return the seconds since the machine was started, in which it may have slept."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class PostgresLease:
    """``Lease`` of a worker of a PostgreSQL ledger: its deadline, and whether it was lost for good.

    ``clock`` returns seconds and goes on while the machine sleeps.
    """

    def __init__(self, length_s: float, asked_at: float, *, clock: Callable[[], float] = boot_time) -> None:
        self.length_s, self._clock = length_s, clock
        self._margin_s = min(_MARGIN_S, length_s / 8)
        self._deadline = asked_at + length_s
        self._changed = asyncio.Event()
        self.error: ProvisionerError | None = None

    def renew(self, asked_at: float) -> None:
        """Move the deadline: the renewal that has succeeded was asked for at ``asked_at``."""
        self._deadline = max(self._deadline, asked_at + self.length_s)
        self._tell()

    def lose(self, error: ProvisionerError) -> None:
        """Give the lease up for good, because of ``error``."""
        if self.error is None:
            self.error = error
            self._tell()

    def is_held(self) -> bool:
        """Return whether a request may leave now: the deadline, less a margin, is not over."""
        return self.error is None and self._clock() < self._deadline - self._margin_s

    async def held(self) -> None:
        """Return when the lease is held. Raise ``LeaseLostError`` when this worker was fenced."""
        while not self.is_held():
            if self.error is not None:
                raise self.error
            await self._changed.wait()

    async def lost(self) -> None:
        """Return when this worker was fenced, or can never renew its lease."""
        while self.error is None:
            await self._changed.wait()

    def _tell(self) -> None:
        """Wake all who wait; they look again."""
        self._changed.set()
        self._changed = asyncio.Event()
