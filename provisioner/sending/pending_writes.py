"""Outcomes whose writes to the ledger are not complete yet."""

import asyncio
from collections.abc import Callable

from provisioner.models import AttemptResult, Row, SharedConversation, Status

from .steps import Recorded, SendStep


class PendingWrites:
    """Outcomes that are being written while the workers go on with other rows.

    The observer is notified of an outcome when it is on disk. The ledger keeps the order of writes, so no intent
    is on disk before an earlier outcome. After the first failed write, ``fail`` is called, and ``failure`` is the
    exception. ``on_doubt`` is called for each created row that was recorded as unknown, because its conversation
    belongs to another row.
    """

    def __init__(self, fail: Callable[[], None], on_doubt: Callable[[], None]) -> None:
        self._fail, self._on_doubt = fail, on_doubt
        self._last: Recorded | None = None
        self.failure: BaseException | None = None

    def follow(self, recorded: Recorded, step: SendStep, end: tuple[Row, Status, AttemptResult]) -> None:
        """Notify the observer of a step's outcome ``end`` when the write ``recorded`` is complete."""
        recorded.add_done_callback(_OnRecorded(self, step, end))
        self._last = recorded

    def count_doubt(self) -> None:
        """Note that a created row was recorded as unknown."""
        self._on_doubt()

    def fail(self, failure: BaseException) -> None:
        """Store the exception of a failed write or notification, and call ``fail``; ignore all but the first."""
        if self.failure is None:
            self.failure = failure
            self._fail()

    async def all_recorded(self) -> bool:
        """Wait until all outcomes so far are on disk; return True when no write has failed.

        It waits for the last one only, because the ledger writes in order.
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

    def __call__(self, recorded: asyncio.Future[SharedConversation | None] | asyncio.Future[None]) -> None:
        try:
            shared: SharedConversation | None = recorded.result()
            if shared is None:
                self._step.settled(*self._end)
                return
            row, _, result = self._end
            self._step.settled(row, shared.status, shared.applied_to(result))
            if shared.status is Status.UNKNOWN:
                self._pending_writes.count_doubt()
        except BaseException as error:  # noqa: BLE001 - ``Dispatcher.run`` raises it
            self._pending_writes.fail(error)
