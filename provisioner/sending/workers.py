"""Concurrent worker tasks and how they are stopped; used for sending and for closing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from provisioner.errors import ungrouped
from provisioner.ports.sending import RateLimiter


class WorkerTasks:
    """Group of worker tasks. ``drain`` sets ``stopping`` and closes the given rate limiters."""

    def __init__(self, *paces: RateLimiter) -> None:
        self._paces = paces
        self._tasks: set[asyncio.Task[object]] = set()
        self.stopping = asyncio.Event()

    async def run(self, work: Callable[[], Coroutine[Any, Any, object]], *, workers: int) -> None:
        """Run ``work()`` in ``workers`` tasks and wait for all of them; raise the first exception of a task."""
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    task = group.create_task(work())
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    def drain(self) -> None:
        """Start nothing new, and let requests in flight finish."""
        self.stopping.set()
        for pace in self._paces:
            pace.close()

    def cancel(self) -> None:
        """Cancel all tasks."""
        for task in self._tasks:
            task.cancel()
