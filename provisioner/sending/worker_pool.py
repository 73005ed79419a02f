"""Pool of workers that send rows."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from provisioner.errors import InputError
from provisioner.ledger import RowStore
from provisioner.models import Row
from provisioner.pacing.attempts import AttemptRunner
from provisioner.ports.sending import Admission, Observer, RowLoader

from .follow_ups import FollowUp, SingleRequest
from .guards import FailureGuard, Stop, StopKind
from .history_step import HistoryFollowUp, HistoryStep
from .limits import DispatchLimits
from .pending_writes import PendingWrites
from .prefetch import BATCH, RowPrefetcher, UnhurriedTaker
from .row_processor import RowProcessor
from .settings_step import SettingsStep
from .step_runner import RowOutcome, StepRunner
from .steps import CreateStep, MessageStep, SendStep, TwilioCalls
from .workers import WorkerTasks

Process = Callable[[Row], Awaitable[RowOutcome | None]]
"""Function that does all that is to be done with one row."""


class Dispatcher:
    """Pool of workers that sends and settles every row that the ledger lets it claim.

    ``limits.canary`` rows are sent alone first, one after the other. ``calls`` are the clients for Twilio. With
    ``admission``, a row that is to be created waits for a place there first. ``traced`` returns a function that
    does what the given one does with a row, and traces that; without it, nothing does.
    """

    def __init__(
        self,
        *,
        ledger: RowStore,
        row_loader: RowLoader,
        calls: TwilioCalls,
        observer: Observer,
        limits: DispatchLimits,
        admission: Admission | None = None,
        traced: Callable[[Process], Process] | None = None,
    ) -> None:
        self._limits, self._admission, self._traced = limits, admission, traced
        self._workers = WorkerTasks(calls.pace, calls.message_pace)
        self._pending_writes = PendingWrites(self.drain, self._count_doubt)
        run_step = partial(
            StepRunner,
            runner=AttemptRunner(self._workers.stopping),
            pending_writes=self._pending_writes,
            max_attempts=limits.max_attempts,
        )
        create = CreateStep(calls, ledger=ledger, observer=observer, may_share=limits.may_share)
        message = MessageStep(calls, ledger=ledger, observer=observer)
        follow_ups: list[FollowUp] = []
        if calls.settings is not None:
            settings = SettingsStep(calls.settings, ledger=ledger, observer=observer)
            # What was just created when a stop comes still gets its settings, so this loop does not end at a stop.
            unstopped = run_step(settings, runner=AttemptRunner(), resends_unknown=True)
            follow_ups.append(SingleRequest(settings, unstopped))
        follow_ups += self._histories(calls, ledger, observer, run_step)
        follow_ups.append(SingleRequest(message, run_step(message)))
        self._processor = RowProcessor(run_step(create, resends_unknown=limits.resends_unknown), follow_ups)
        self._failure_guard = FailureGuard(limits)
        self._prefetcher = RowPrefetcher(ledger, row_loader, ahead=limits.ahead)
        self._next_row = (
            self._prefetcher.next_row
            if limits.ahead >= BATCH
            else UnhurriedTaker(self._prefetcher, calls.pace).next_row
        )
        self._stop: Stop | None = None

    def _histories(
        self, calls: TwilioCalls, ledger: RowStore, observer: Observer, run_step: Callable[[SendStep], StepRunner]
    ) -> Iterator[FollowUp]:
        """Yield what posts the histories of rows, if there are any; half of the workers go on creating rows.

        Where open conversations are limited, all may post: a chat that waits for its message would stay open.
        """
        if calls.history is None:
            return
        new_step = partial(HistoryStep, calls.history.messenger, calls, ledger=ledger.histories, observer=observer)
        at_once = self._limits.concurrency // (2 if self._admission is None else 1)
        yield HistoryFollowUp(calls.history.loader, new_step, run_step, at_once=at_once)

    @property
    def failed(self) -> int:
        """Number of rows that failed so far, as ``limits.failures`` counts them."""
        return self._failure_guard.failed

    async def run(self) -> Stop | None:
        """Send rows until none is left or the run is stopped; return the reason, None when no row is left.

        All rows that were started are settled on return. Raise ``StorageError`` when an outcome cannot be written,
        and any other exception of claiming or rebuilding rows except ``InputError``, which is a reason to stop.
        """
        async with self._prefetcher:
            if self._limits.canary:
                await self._work(workers=1, most=self._limits.canary)
                if self._stop is None and (stop := self._failure_guard.check_canary()):
                    self.drain(stop)
            await self._work(workers=self._limits.concurrency)
            if self._prefetcher.failure is not None:
                self._run_dry(self._prefetcher.failure)
        return self._stop

    def drain(self, stop: Stop | None = None) -> None:
        """Start no more rows, and let those in flight finish. The first reason that is given counts."""
        if self._stop is None:
            self._stop = stop or Stop(StopKind.ASKED)
        self._workers.drain()
        if self._admission is not None:
            self._admission.close()

    def cancel(self) -> None:
        """Cancel the rows in flight, which become *unknown* when the ledger is recovered."""
        self.drain()
        self._workers.cancel()

    async def _work(self, *, workers: int, most: int = 0) -> None:
        try:
            await self._workers.run(partial(self._send_rows, most), workers=workers)
        finally:
            await self._pending_writes.all_recorded()
        if self._pending_writes.failure is not None:
            raise self._pending_writes.failure

    async def _send_rows(self, most: int) -> None:
        sent = 0
        process: Process = self._processor.process if self._admission is None else self._process_admitted
        if self._traced is not None:
            process = self._traced(process)
        while not self._workers.stopping.is_set() and (not most or sent < most):
            row = await self._next_row()
            if row is None:
                return
            sent += 1
            outcome = await process(row)
            if outcome and (stop := self._failure_guard.count(outcome)):
                self.drain(stop)

    async def _process_admitted(self, row: Row) -> RowOutcome | None:
        """Process a row, with a place of ``admission`` where a conversation is to be created."""
        admission = self._admission
        if admission is None or row.conversation_sid:
            return await self._processor.process(row)
        if not await admission.admit():
            return None
        is_open = False
        try:
            outcome = await self._processor.process(row)
            is_open = outcome is not None and await outcome.leaves_open()
        finally:
            admission.leave(is_open=is_open)
        return outcome

    def _count_doubt(self) -> None:
        """Count a row as failed that was counted as created, and has the conversation of another row."""
        if stop := self._failure_guard.count_doubt():
            self.drain(stop)

    def _run_dry(self, failure: BaseException) -> None:
        """Stop for an ``InputError`` of the prefetcher, whose earlier rows have been sent; raise any other."""
        if not isinstance(failure, InputError):
            raise failure
        self.drain(Stop(StopKind.INPUT, failure))
