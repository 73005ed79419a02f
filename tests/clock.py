"""Virtual time: it advances only when all tasks wait, so that a test of minutes takes milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Selector that never blocks: instead of waiting for a timer, it sets the clock forward to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise AssertionError("everybody waits and no timer is set")
            self.now += max(timeout, 0.0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Event loop whose ``time`` starts at 1,000 seconds and advances only from timer to timer."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._virtual.now


@dataclass
class StillClock:
    """Clock that returns the same time until a test sets another."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time that was set, in seconds."""
        return self.now


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the running loop's time in seconds."""
    return asyncio.get_running_loop().time()
