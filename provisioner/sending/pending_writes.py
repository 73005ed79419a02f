"""Outcomes on their way to the disk."""

import asyncio
from collections.abc import Callable

from provisioner.models import AttemptResult, Row, Status

from .steps import SendStep


class PendingWrites:
    """Lets the next row go on while an outcome is written, and tells of it once it is there.

    The ledger keeps the order in which it was asked, so no intent is on disk before an outcome that came earlier.
    ``fail`` is called when one could not be written; ``failure`` says why.
    """

    def __init__(self, fail: Callable[[], None]) -> None:
        self._fail = fail
        self._last: asyncio.Future[None] | None = None
        self.failure: BaseException | None = None

    def follow(
        self, recorded: asyncio.Future[None], step: SendStep, end: tuple[Row, Status, AttemptResult]
    ) -> None:
        """Tell of the outcome of a step when it is recorded."""
        recorded.add_done_callback(_OnRecorded(self, step, end))
        self._last = recorded

    def fail(self, failure: BaseException) -> None:
        """Take account of an outcome that could not be recorded, or not be told of; the first one counts."""
        if self.failure is None:
            self.failure = failure
            self._fail()

    async def all_recorded(self) -> bool:
        """Wait until every outcome so far is recorded and told; return whether all went well.

        The last one asked for is the last one written.
        """
        if self._last is not None:
            await asyncio.wait([self._last])
        return self.failure is None


class _OnRecorded:
    """Done-callback of a ledger write.

    A class and not a closure, so that the event loop's error report does not print customers' data through repr().
    """

    __slots__ = ("_end", "_pending_writes", "_step")

    def __init__(
        self, pending_writes: PendingWrites, step: SendStep, end: tuple[Row, Status, AttemptResult]
    ) -> None:
        self._pending_writes, self._step, self._end = pending_writes, step, end

    def __call__(self, recorded: asyncio.Future[None]) -> None:
        try:
            recorded.result()
            self._step.settled(*self._end)
        except BaseException as error:  # noqa: BLE001 - whoever runs the dispatcher gets it
            self._pending_writes.fail(error)
