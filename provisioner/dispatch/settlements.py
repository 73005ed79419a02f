"""Outcomes on their way to the disk."""

import asyncio
from collections.abc import Callable
from functools import partial

from provisioner.models import Answer, Row, Status

from .legs import Leg


class Settlements:
    """Lets the next row go on while an outcome is written, and tells of it once it is there.

    The ledger keeps the order in which it was asked, so no intent is on disk before an outcome that came earlier.
    ``fail`` is called when one could not be written; ``failure`` says why.
    """

    def __init__(self, fail: Callable[[], None]) -> None:
        self._fail = fail
        self._last: asyncio.Future[None] | None = None
        self.failure: BaseException | None = None

    def follow(self, recorded: asyncio.Future[None], leg: Leg, end: tuple[Row, Status, Answer]) -> None:
        """Tell of the outcome of a step when it is recorded."""
        recorded.add_done_callback(partial(self._end, leg, end))
        self._last = recorded

    def _end(self, leg: Leg, end: tuple[Row, Status, Answer], recorded: asyncio.Future[None]) -> None:
        failure = recorded.exception()
        if failure is None:
            leg.settled(*end)
        elif self.failure is None:
            self.failure = failure
            self._fail()

    async def all_told(self) -> None:
        """Wait until every outcome is recorded and told; the last one asked for is the last one written."""
        if self._last is not None:
            await asyncio.wait([self._last])
