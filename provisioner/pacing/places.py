"""How many may be near the front: a semaphore whose size can change while tasks wait for it."""

import asyncio
from collections import deque


class Places:
    """Lets at most ``most`` tasks in at a time, in the order they came.

    Changing ``most`` takes the same time whatever the number is. After a reduction, those who are in stay until
    they leave.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

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
            if not admission.cancelled():  # let in and cancelled at the same moment
                self.give_back()
            raise

    def give_back(self) -> None:
        """Leave a place to the next one who waits."""
        self._taken -= 1
        self._admit()

    def resize(self, most: int) -> None:
        """Let so many in from now on."""
        self._most = most
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._taken < self._most:
            admission = self._waiting.popleft()
            if not admission.done():  # else its task was cancelled
                self._taken += 1
                admission.set_result(None)
