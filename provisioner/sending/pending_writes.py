"""Outcomes whose writes to the ledger are not complete yet."""

import asyncio
from collections import deque
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
        self._pending: deque[tuple[Recorded, SendStep, Row, Status, AttemptResult]] = deque()
        self._last: Recorded | None = None
        self.failure: BaseException | None = None

    def follow(self, recorded: Recorded, step: SendStep, row: Row, status: Status, result: AttemptResult) -> None:
        """Notify the observer of a step's outcome when the write ``recorded`` is complete."""
        if not self._pending:
            recorded.add_done_callback(self._notify)
        self._pending.append((recorded, step, row, status, result))
        self._last = recorded

    async def all_recorded(self) -> bool:
        """Wait until all outcomes so far are on disk; return True when no write has failed.

        It waits for the last one only, because the ledger writes in order.
        """
        if self._last is not None:
            await asyncio.wait([self._last])
        return self.failure is None

    def _notify(self, _: Recorded) -> None:
        """Notify the observer of the outcomes that are on disk, many after each commit, and wait for the next one.

        A method and not a closure, so that the event loop's error report does not print customers' data through
        repr().
        """
        while self._pending and self._pending[0][0].done():
            try:
                self._settle(*self._pending.popleft())
            except BaseException as error:  # noqa: BLE001 - ``Dispatcher.run`` raises it
                if self.failure is None:
                    self.failure = error
                    self._fail()
        if self._pending:
            self._pending[0][0].add_done_callback(self._notify)

    def _settle(self, recorded: Recorded, step: SendStep, row: Row, status: Status, result: AttemptResult) -> None:
        shared: SharedConversation | None = recorded.result()
        if shared is None:
            step.settled(row, status, result)
            return
        step.settled(row, shared.status, shared.applied_to(result))
        if shared.status is Status.UNKNOWN:
            self._on_doubt()
