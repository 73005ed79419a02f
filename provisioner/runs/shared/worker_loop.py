"""What a worker of a shared run does: take rows, look unknown ones up, and stop when the run does."""

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from provisioner.http_client.transport import Traffic
from provisioner.ledger import WorkerLedger, follow_up_counts
from provisioner.ledger.sharing import LookUpTask, RunEnd, SendTask, Task, WorkerFigures
from provisioner.models import Counts, MessageStatus, SettingsStatus, Status
from provisioner.monitor import SPAN_S
from provisioner.monitor.shared_figures import FiguresSource, encode_figures
from provisioner.runs.look_ups import RunLookUps
from provisioner.runs.open_sending import OpenSending
from provisioner.runs.run_end import run_end
from provisioner.sending import Dispatcher, Stop, StopKind
from provisioner.system.event_log import event_logger

from .run_ends import end_of

PULSE_S = 0.2
"""Seconds between two looks at whether the run stops; the figures for the next beat are renewed as often."""
AHEAD_S, MOST_AHEAD = 0.25, 64
"""Seconds, at the asked rate, whose rows are prepared before their turn, and the most rows."""
_ALONE = {StopKind.ASKED, StopKind.UNREACHABLE}
"""Stops of this worker only: the others may go on."""


class WorkerEnd(NamedTuple):
    """How a worker ended: by the ``end`` of the run, or, if that is None, by a ``stop`` of its own."""

    end: RunEnd | None
    stop: Stop | None


class WorkerLoop:
    """Loop of one worker of a shared run, in one account. ``ledger`` is that of ``opened``.

    ``context`` is what sends its rows.
    """

    def __init__(self, ledger: WorkerLedger, opened: OpenSending) -> None:
        self._ledger, self._opened, self.context = ledger, opened, opened.context
        self._look_ups = RunLookUps(opened.context)
        self._dispatcher: Dispatcher | None = None
        self._failed_before = self._posted = 0
        self._is_lost = False
        self._log = event_logger()

    @property
    def failed(self) -> int:
        """Number of rows that failed at this worker, as ``--max-failures`` counts them."""
        return self._failed_before + (self._dispatcher.failed if self._dispatcher else 0)

    @property
    def unreachable_s(self) -> float:
        """How long Twilio could not be reached, in seconds."""
        return self._opened.reachability.out_s

    @property
    def traffic(self) -> Traffic:
        """Bytes of bodies that were sent and received."""
        return self._opened.transport.traffic

    def figures(self) -> WorkerFigures:
        """Return the figures of this worker so far."""
        return worker_figures(self.context.monitor, [self])

    async def run(self) -> WorkerEnd:
        """Work until the run ends here or this worker is stopped; its rows are settled and given back then.

        Raise ``LeaseLostError`` when this worker was fenced, and any other ``ProvisionerError`` when the input
        cannot be read or the ledger cannot be written.
        """
        async with self._watched():
            while True:
                task = await self._next_task()
                match task:
                    case None:
                        if self._is_lost:
                            await self._ledger.lease.held()  # raises its error
                        return WorkerEnd(None, self.context.stop.reason or Stop(StopKind.ASKED))
                    case RunEnd():
                        return WorkerEnd(task, self.context.stop.reason)
                    case SendTask():
                        await self._send(task)
                    case LookUpTask():
                        await self._look_up(task)

    async def _next_task(self) -> Task | None:
        """Wait for a task; return None when this worker is stopped before there is one, and its run is not."""
        if self._is_stopped_alone():
            return None
        waiting: asyncio.Future[Task] = asyncio.ensure_future(self._ledger.next_task())

        def leave(_reason: Stop | None = None) -> None:
            if self._ledger.stop is None:
                waiting.cancel()

        with self.context.stop.work(leave, leave):
            try:
                return await waiting
            except asyncio.CancelledError:
                if not self._is_stopped_alone():
                    raise
                return None
            finally:
                waiting.cancel()

    def _is_stopped_alone(self) -> bool:
        return self.context.stop.is_stopped and self._ledger.stop is None

    async def _send(self, task: SendTask) -> None:
        canary = self._ledger.spec.canary if task.is_canary else 0
        dispatcher = self._dispatcher = self.context.dispatcher(
            task.to_send,
            canary=canary,
            failed_elsewhere=lambda: self._failed_before + self._ledger.failed_elsewhere,
            ahead=self._rows_ahead(),
        )
        self._log.info("shard.taken", worker=self._ledger.number, canary=task.is_canary)
        try:
            with self.context.stop.work(dispatcher.drain, dispatcher.cancel):
                stop = await dispatcher.run()
        finally:
            self._failed_before, self._dispatcher = self.failed, None
        if task.is_canary and stop is None:
            await self._ledger.pass_canary()
        if stop is not None and stop.kind not in _ALONE and self._ledger.stop is None:
            await self._ledger.end_run(end_of(stop))
        await self._ledger.give_back()
        self._log.info("shard.given_back", worker=self._ledger.number)

    def _rows_ahead(self) -> int:
        """Return how many rows to prepare before their turn; the others are left to other workers."""
        return max(1, math.ceil(min(self.context.clients.pacer.target_rate * AHEAD_S, MOST_AHEAD)))

    async def _look_up(self, task: LookUpTask) -> None:
        """Look unknown rows up; then hand out all rows that can go on, or end the run.

        Rows that a worker of an earlier run had begun when this run was cut into shards, and gave up after that,
        are in no shard: they wait, although no look-up has found them.
        """
        if task.wait_s:
            await self._wait(task.wait_s)
        again = await self._look_ups.run(None)
        if self.context.stop.is_stopped:
            await self._ledger.give_back()
            return
        posted = (await self._ledger.histories.counts()).posted if self.context.clients.calls.history else 0
        goes_on = task.number < self.context.config.retry.max_attempts or posted > self._posted
        self._posted = posted
        counts = await self._ledger.counts()
        if goes_on and (again or await self._waiting(counts)) and await self._open_sweep():
            return
        await self._ledger.end_run(await self._end_by_counts(counts))

    async def _waiting(self, counts: Counts) -> int:
        """Return how many rows wait to be sent, or for what follows; those behind a limit are among them."""
        return counts.pending + await self._look_ups.owed()

    async def _open_sweep(self) -> int:
        pending = {Status.PENDING}, {MessageStatus.PENDING}, {SettingsStatus.PENDING}
        return await self._ledger.open_sweep(pending[0], messages=pending[1], settings=pending[2])

    async def _wait(self, seconds: float) -> None:
        """Wait until nothing of a fenced worker may be on its way any more, or the run stops."""
        self._log.info("lookup.waits", seconds=round(seconds, 1))
        self.context.monitor.is_looking = True
        stopping = asyncio.Event()
        with self.context.stop.work(lambda _: stopping.set()), suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
        self.context.monitor.is_looking = False

    async def _end_by_counts(self, counts: Counts) -> RunEnd:
        """Return the end of a run in which no row is left to send: its exit code is that of the counts."""
        limit = self.context.config.limit
        end = run_end(
            counts,
            left=counts.pending if limit else 0,
            error=None,
            signal_exit=None,
            is_limited=bool(limit),
            is_unsent=bool(counts.unsent),
            follow_ups=await follow_up_counts(self._ledger),
        )
        return RunEnd(exit_code=int(end.exit_code), unlooked=self._look_ups.unlooked)

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Inside the context, stop the work when the run stops, and cancel it when the lease is lost."""
        tasks = [asyncio.create_task(self._pulse()), asyncio.create_task(self._cancel_when_lost())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pulse(self) -> None:
        stop = self.context.stop
        while True:
            if self._ledger.stop is not None and not stop.is_stopped:
                stop.drain()
            await asyncio.sleep(PULSE_S)

    async def _cancel_when_lost(self) -> None:
        await self._ledger.lease.lost()
        self._is_lost = True
        self._log.warning("worker.fenced", worker=self._ledger.number)
        self.context.stop.drain()
        self.context.stop.cancel()


def worker_figures(
    monitor: FiguresSource, loops: Collection[WorkerLoop], failed_in: Mapping[str, int] | None = None
) -> WorkerFigures:
    """Return the figures of a worker with these loops so far; ``monitor`` is that of all of them.

    ``failed_in`` are the rows that failed in each account of a job for many, by SID.
    """
    told, progress = monitor.figures(), monitor.snapshot()
    return WorkerFigures(
        sent=told.sent,
        done=told.done,
        failed=sum(each.failed for each in loops),
        throttled=told.throttled,
        in_flight=progress.in_flight,
        rate=progress.rate_now,
        rate_span_s=min(progress.elapsed_s, SPAN_S),
        bytes_sent=sum(each.traffic.sent for each in loops),
        bytes_received=sum(each.traffic.received for each in loops),
        run_figures=encode_figures(told),
        state=progress.state,
        failed_in=failed_in or {},
    )
