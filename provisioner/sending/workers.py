"""Tasks that do the same work side by side, and how they are stopped; sending and closing run in them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from provisioner.errors import ungrouped
from provisioner.ports.sending import RateLimiter


class WorkerTasks:
    """Runs workers and stops them; ``stopping`` is set when nothing new may be started at these paces."""

    def __init__(self, *paces: RateLimiter) -> None:
        self._paces = paces
        self._tasks: set[asyncio.Task[None]] = set()
        self.stopping = asyncio.Event()

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]], *, workers: int) -> None:
        """Do the work in so many tasks until each returns; raise what one of them raises."""
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    task = group.create_task(work())
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    def drain(self) -> None:
        """Start nothing new and let finish what is in flight."""
        self.stopping.set()
        for pace in self._paces:
            pace.close()

    def cancel(self) -> None:
        """Wait no longer for what is in flight."""
        for task in self._tasks:
            task.cancel()
