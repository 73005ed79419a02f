"""Cost of a piece of work in counts that do not depend on the clock or the machine."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp

import provisioner

OURS, AIOHTTP = (str(Path(package.__file__ or "").parent) for package in (provisioner, aiohttp))
"""Folders whose functions are counted."""

Work = Callable[[int], Coroutine[Any, Any, None]]
"""Function that does a piece of work over the given number of rows."""


class _Counted(Coroutine[Any, Any, Any]):
    """Coroutine that counts how often it is resumed."""

    def __init__(self, inner: Coroutine[Any, Any, Any], counter: "Steps") -> None:
        self._inner, self._counter = inner, counter

    def send(self, value: Any) -> Any:
        self._counter.count += 1
        return self._inner.send(value)

    def throw(self, *details: Any) -> Any:
        return self._inner.throw(*details)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


class Steps:
    """Counter of how often the tasks of an event loop were resumed."""

    def __init__(self) -> None:
        self.count = 0

    def task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **details: Any) -> asyncio.Task[Any]:
        """Return a task whose steps are counted; this is a task factory."""
        return asyncio.Task(_Counted(coroutine, self), loop=loop, **details)


def wakes(work: Work, rows: int) -> int:
    """Return how often tasks are resumed for ``rows`` rows."""
    steps = Steps()

    async def counted() -> None:
        asyncio.get_running_loop().set_task_factory(steps.task)
        await work(rows)

    asyncio.run(counted())
    return steps.count


def calls(work: Work, rows: int, *, of: tuple[str, ...] = (OURS,)) -> int:
    """Return how many functions of the folders ``of`` are called for ``rows`` rows, with resumed coroutines."""
    count = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith(of)

    async def counted() -> None:
        sys.setprofile(profile)
        try:
            await work(rows)
        finally:
            sys.setprofile(None)

    asyncio.run(counted())
    return count


def blocks(work: Work, rows: int) -> int:
    """Return how many memory blocks are still allocated after ``rows`` rows."""
    left = 0

    async def counted() -> None:
        nonlocal left
        gc.collect()
        before = sys.getallocatedblocks()
        await work(rows)
        gc.collect()
        left = sys.getallocatedblocks() - before

    asyncio.run(counted())
    return left


def per_row(measure: Callable[[Work, int], int], work: Work) -> float:
    """Return the additional cost of one row, without the cost of start-up."""
    few, many = 100, 500
    measure(work, few)  # so that objects which are created once and cached are not counted
    return (measure(work, many) - measure(work, few)) / (many - few)
