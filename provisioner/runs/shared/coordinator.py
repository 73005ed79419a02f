"""What the process does that was typed: begin a shared run, place workers or be one, and wait for the end."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from provisioner import __version__
from provisioner.errors import LeaseLostError, ProvisionerError
from provisioner.ledger import open_worker_ledger
from provisioner.ledger.sharing import RunEnd, SharedRun
from provisioner.ports.engine import Engine, WorkerPlacement
from provisioner.rows import IdentityPolicy
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import SendConfig, StartingPoint
from provisioner.runs.run_watch import WatchedRun
from provisioner.runs.sending_context import SendingContext
from provisioner.runs.supervisor import RunSupervisor
from provisioner.runs.work_stop import draining_note
from provisioner.sending import Stop, StopKind
from provisioner.system.event_log import event_logger

from .account_loops import open_account_loops
from .board import RunBoard
from .run_ends import end_of

LOOK_S = 0.3
"""Seconds between two looks at whether the run has ended."""
FAREWELL_S = 5.0
"""Seconds in which workers hear that the run ends, and leave."""


class Coordinator:
    """One shared run, as the process sees it that was typed. ``board`` has the figures of all workers.

    ``sendings`` are the configurations of the accounts by SID.

    ``unreachable_s`` is how long this process, as a worker, could not reach Twilio, in seconds; ``error`` is what
    has stopped it.
    """

    def __init__(
        self,
        job: OpenJob,
        shared: SharedRun,
        sendings: Mapping[str, SendConfig],
        board: RunBoard,
        *,
        identity_policy: IdentityPolicy,
        supervisor: RunSupervisor,
    ) -> None:
        self._job, self._shared, self._board = job, shared, board
        self._sendings, self._config = sendings, next(iter(sendings.values()))
        self._identity_policy, self._supervisor = identity_policy, supervisor
        self._ending: asyncio.Task[None] | None = None
        self._is_cancelled = False
        self.unreachable_s = 0.0
        self.error: ProvisionerError | None = None

    async def work_here(self, start: StartingPoint) -> None:
        """Be one worker of the run until it ends; join again after the lease was lost.

        Raise ``ProvisionerError`` when the input cannot be read or the ledger cannot be written.
        """
        while True:
            try:
                await self._work_once(start)
            except LeaseLostError as lost:
                if await self._shared.end() is None:
                    self._job.ui.print_status(f"note: {lost.message}; it joins again")
                    continue
            return

    async def _work_once(self, start: StartingPoint) -> None:
        job = self._job
        opened_ledger = open_worker_ledger(
            job.ledger.location, version=__version__, give_up_s=self._config.give_up_s
        )
        async with opened_ledger as ledger:
            opened = open_account_loops(job, ledger, self._sendings, self._identity_policy, start)
            async with opened as loops:
                self._board.set_own(ledger.number, loops.figures, loops.monitor.snapshot)
                job.stop.on_stop(lambda: self._stop_all(loops.drain), loops.cancel)
                supervised = self._supervisor.open(self._watched(loops.only), job.ui, loops.drain)
                async with supervised, job.ui.progress(self._board.progress):
                    ended = await loops.run()
                self.unreachable_s += loops.unreachable_s
        if ended.stop is not None:
            self.error = ended.stop.error
            if ended.end is None:
                await self._shared.end_run(end_of(ended.stop, job.stop.exit_code))

    async def place(self, engine: Engine, placement: WorkerPlacement) -> None:
        """Let ``engine`` keep workers until the run ends, and they have left.

        Raise ``ProvisionerError`` when they cannot be started, or the ledger cannot be read.
        """
        keeping = asyncio.ensure_future(engine.keep_workers(placement))
        watching = asyncio.ensure_future(self._until_ended())
        self._job.stop.on_stop(lambda: self._stop_all(_do_nothing), lambda: _cancel(keeping, watching))
        try:
            supervised = self._supervisor.open(self._watched(), self._job.ui, self._end_soon)
            async with supervised, self._job.ui.progress(self._board.progress):
                await asyncio.wait({keeping, watching}, return_when=asyncio.FIRST_EXCEPTION)
            for task in (keeping, watching):
                if task.done() and not task.cancelled():
                    task.result()
        except ProvisionerError as error:
            await self._end_run(end_of(Stop(StopKind.FAULT, error)))
            raise
        finally:
            _cancel(keeping, watching)
            await asyncio.gather(keeping, watching, return_exceptions=True)

    async def farewell(self) -> None:
        """Wait until all workers have left, or were fenced."""
        self._job.stop.on_stop(_do_nothing, self._stop_waiting)
        end = await self._shared.end()
        until = time.monotonic() + FAREWELL_S + (self._config.drain_s if end and end.kind else 0.0)
        while not self._is_cancelled:
            await self._shared.fence_expired()
            await self._board.refresh()
            if not self._board.others_at_work() or time.monotonic() > until:
                break
            await asyncio.sleep(LOOK_S)

    def _watched(self, own: SendingContext | None = None) -> WatchedRun:
        """Return what can be watched of the run; ``own`` is what this process sends with, None for nothing."""
        board = self._board
        return WatchedRun(
            progress=board.progress_with_workers,
            figures=board.figures,
            stop=self._job.stop,
            is_stopping=lambda: board.is_draining,
            monitor=None if own is None else own.monitor,
            pacer=None if own is None else own.clients.pacer,
            has_others=board.others_at_work,
        )

    async def is_over(self) -> bool:
        """Return whether the run has ended or is stopping."""
        return await self._shared.end() is not None

    async def _until_ended(self) -> None:
        while not await self.is_over():
            await self._shared.fence_expired()
            await asyncio.sleep(LOOK_S)

    def _stop_all(self, drain: Callable[[], None]) -> None:
        """Stop the run for all of its workers, because this process was asked to stop."""
        self._board.drain(self._config.drain_s)
        drain()
        self._job.ui.print_status(draining_note("nothing new is sent", self._config.drain_s))
        self._end_soon(Stop(StopKind.ASKED))

    def _end_soon(self, stop: Stop) -> None:
        self._board.drain()
        self._ending = asyncio.ensure_future(self._end_run(end_of(stop, self._job.stop.exit_code)))

    async def _end_run(self, end: RunEnd) -> None:
        with suppress(ProvisionerError):  # whoever waits for the end gets the same error
            await self._shared.end_run(end)
            event_logger().info("run.stopping", kind=end.kind)

    def _stop_waiting(self) -> None:
        self._is_cancelled = True


def _do_nothing() -> None:
    """Do nothing: workers in other processes hear of the stop by the ledger."""


def _cancel(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
