"""The loop of every engine: keeps a number of workers until their run is over."""

import asyncio
from collections.abc import Awaitable, Callable

from provisioner.errors import GuardError, ungrouped
from provisioner.ports.engine import WorkerPlacement
from provisioner.system.event_log import event_logger

from .replacement import Replacement, WorkerExit

ASK_S = 1.0
"""Seconds between two questions whether the run is over."""
LAST_WORKERS_S = 40.0
"""Longest wait in seconds for the workers of a run that is over; a suspended one would never end."""

RunWorker = Callable[[], Awaitable[WorkerExit]]
"""Starts a worker and returns how it ended. When it is cancelled, the worker is left alone."""


class WorkerKeeper:
    """Keeps the workers of one ``placement``. ``run_worker`` is how the engine runs one of them.

    ``last_s`` is the longest wait for the workers of a run that is over, in seconds.
    """

    def __init__(
        self, placement: WorkerPlacement, run_worker: RunWorker, *, last_s: float = LAST_WORKERS_S
    ) -> None:
        self._placement, self._run_worker, self._last_s = placement, run_worker, last_s
        self._log = event_logger()
        self._over = asyncio.Event()
        self._replacements = [Replacement() for _ in range(placement.count)]
        self._alive: set[int] = set()

    async def keep(self) -> None:
        """Keep the workers until the run is over and they have ended.

        Raise ``GuardError`` when every worker failed at its start, again and again, and what ``is_over`` raises.
        """
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                places = [group.create_task(self._keep_place(index)) for index in range(self._placement.count)]
                await self._wait_for_end(places)
                _, left = await asyncio.wait(places, timeout=self._last_s)
                for place in left:
                    place.cancel()
        if left:
            self._placement.tell(
                f"{len(left)} of {self._placement.count} workers did not end with the run, and are left alone"
            )

    async def _wait_for_end(self, places: list[asyncio.Task[None]]) -> None:
        """Return when the run is over, of which all places hear."""
        while not await self._is_over():
            _, working = await asyncio.wait(places, timeout=ASK_S)
            if not working:
                return

    async def _keep_place(self, index: int) -> None:
        replacement = self._replacements[index]
        while True:
            self._alive.add(index)
            ended = await self._run_worker()
            self._alive.discard(index)
            self._log.info("worker.exited", place=index + 1, exit_code=ended.code, lived_s=round(ended.lived_s, 1))
            if await self._is_over():
                return
            pause_s = replacement.pause_s(ended)
            if not self._alive and all(each.is_hopeless for each in self._replacements):
                raise GuardError(
                    f"no worker stays alive: the last one {ended}",
                    cure=ended.cure or "fix that, then run the same command again",
                )
            # Its place has no number here: the one that users know is that of the worker in the job.
            which = f"one of {self._placement.count} workers" if self._placement.count > 1 else "the worker"
            self._placement.tell(f"{which} {ended}; the next one starts in {pause_s:.1f} s")
            if await self._is_over_within(pause_s):
                return

    async def _is_over_within(self, seconds: float) -> bool:
        """Wait, and return whether the run is over after so many seconds; return at once when it is."""
        try:
            await asyncio.wait_for(self._over.wait(), seconds)
        except TimeoutError:
            return await self._is_over()
        return True

    async def _is_over(self) -> bool:
        if not self._over.is_set() and await self._placement.is_over():
            self._over.set()
        return self._over.is_set()
