"""Semaphore whose size can change while tasks wait for it."""

import asyncio
from collections import deque


class Places:
    """Semaphore with ``most`` places, which tasks take in the order in which they asked.

    After ``resize`` to a smaller size, tasks that have a place keep it until they give it back.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_vacant = asyncio.Event()

    async def take(self) -> None:
        """Wait for a place and take it."""
        if self._taken < self._most:
            self._taken += 1
            return
        admission = asyncio.get_running_loop().create_future()
        self._waiting.append(admission)
        try:
            await admission
        except asyncio.CancelledError:
            if not admission.cancelled():  # the task got a place and was cancelled at the same time
                self.give_back()
            raise

    async def vacancy(self) -> None:
        """Wait until no task waits for a place."""
        while self._waiting:
            self._is_vacant.clear()
            await self._is_vacant.wait()

    def give_back(self) -> None:
        """Give a place back, to the next waiting task."""
        self._taken -= 1
        self._admit()

    def resize(self, most: int) -> None:
        """Change the number of places to ``most``."""
        self._most = most
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._taken < self._most:
            admission = self._waiting.popleft()
            if not admission.done():  # a done one belongs to a cancelled task
                self._taken += 1
                admission.set_result(None)
        if not self._waiting:
            self._is_vacant.set()
