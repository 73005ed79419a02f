"""Figures of all workers of a shared run, as the process sees them that was typed."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from msgspec import structs

from provisioner.errors import ProvisionerError
from provisioner.ledger.sharing import SharedRun, WorkerFigures, WorkerState
from provisioner.models import Status
from provisioner.models.progress import DONE, LOOKING_UP, Progress, WorkerProgress, draining_state
from provisioner.monitor import RunFigures
from provisioner.monitor.shared_figures import added_figures, combined_rate, combined_state, decode_figures
from provisioner.runs.open_sending import StartingPoint
from provisioner.system.event_log import event_logger

REFRESH_S = 0.5
"""Seconds between two looks into the ledger."""


class RunBoard:
    """Figures of all workers of a run, which ``refreshed`` reads again and again.

    ``rate_asked`` is the rate of the run in starts per second. ``shows_workers`` adds a line for each worker to
    the progress of the display.
    """

    def __init__(
        self, shared: SharedRun, start: StartingPoint, *, rate_asked: float, shows_workers: bool = False
    ) -> None:
        self._shared, self._start, self._rate_asked = shared, start, rate_asked
        self._shows_workers = shows_workers
        self._began = time.monotonic()
        self._log = event_logger()
        self._drains_until: float | None = None
        self._known: dict[int, WorkerState] = {}
        self._own: tuple[int, Callable[[], WorkerFigures], Callable[[], Progress]] | None = None

    def set_own(self, number: int, figures: Callable[[], WorkerFigures], progress: Callable[[], Progress]) -> None:
        """Take the figures of this process's own worker from here, not from the ledger, which has older ones."""
        self._own = number, figures, progress

    def drain(self, limit_s: float = math.inf) -> None:
        """Show from now on that the run is stopping, and for how many seconds at most."""
        self._drains_until = min(self._drains_until or math.inf, time.monotonic() + limit_s)

    @property
    def is_draining(self) -> bool:
        """Whether this process has asked the run to stop."""
        return self._drains_until is not None

    @property
    def workers(self) -> Sequence[WorkerState]:
        """The workers of the run, in the order in which they joined."""
        return [*self._known.values()]

    def others_at_work(self) -> bool:
        """Return whether a worker of another process still takes part, as of the last look."""
        own = self._own[0] if self._own else None
        return any(not (each.is_ended or each.is_fenced) and number != own for number, each in self._known.items())

    @asynccontextmanager
    async def refreshed(self) -> AsyncIterator[None]:
        """Read the figures every half a second inside the context."""
        task = asyncio.create_task(self._refresh_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def refresh(self) -> None:
        """Read the figures, and log which workers have joined and which were fenced."""
        for each in await self._shared.workers():
            before = self._known.get(each.number)
            if before is None:
                self._log.info("worker.joined", worker=each.number, host=each.host, pid=each.pid)
            if each.is_fenced and not (before and before.is_fenced):
                self._log.warning("worker.fenced", worker=each.number, host=each.host, pid=each.pid)
            elif each.is_ended and not (before and before.is_ended):
                self._log.info("worker.left", worker=each.number, host=each.host, pid=each.pid)
            self._known[each.number] = each

    async def _refresh_on(self) -> None:
        while True:
            try:
                await self.refresh()
            except ProvisionerError:
                return  # whoever waits for the end of the run gets the same error
            await asyncio.sleep(REFRESH_S)

    def figures(self) -> RunFigures:
        """Return the figures of the run so far, over all of its workers."""
        parts = [decode_figures(each.run_figures) for _, each in self._current()]
        sending = [each for each in parts if each.sent]
        if len(sending) == 1:
            rate = sending[0].rate_achieved
        else:
            sent = sum(each.sent for each in sending)
            rate = sent / (time.monotonic() - self._began) if sent else None
        return added_figures(parts, rate_achieved=rate)

    def traffic(self) -> tuple[int, int]:
        """Return the bytes of request bodies sent and of reply bodies received, over all workers."""
        figures = [each for _, each in self._current()]
        return sum(each.bytes_sent for each in figures), sum(each.bytes_received for each in figures)

    def progress(self) -> Progress:
        """Return the progress of the run for the display, over all of its workers."""
        told = self.progress_with_workers()
        return told if self._shows_workers else structs.replace(told, workers=())

    def progress_with_workers(self) -> Progress:
        """Return the progress of the run over all of its workers, with the figures of each."""
        figures, start = self.figures(), self._start
        settled, before = figures.settled, start.counts
        done = sum(settled.values())
        left_out = max(before.pending + before.unsent - start.to_send, 0)
        at_work = [(state, each) for state, each in self._current() if not (state.is_ended or state.is_fenced)]
        rate = combined_rate([(each.rate, each.rate_span_s) for _, each in at_work])
        is_over = done >= start.to_send and not at_work
        state = DONE if is_over else combined_state([each.state for _, each in at_work])
        if self._drains_until is not None and not is_over:
            state = draining_state(self._drains_until - time.monotonic())
        own = self._own[2]() if self._own else None
        return Progress(
            total=before.input - left_out,
            left_out=left_out,
            done=before.input - left_out - start.to_send + done,
            created=before.created + settled.get(Status.CREATED, 0),
            rejected=before.rejected + settled.get(Status.REJECTED, 0),
            unknown=before.unknown + settled.get(Status.UNKNOWN, 0),
            unsent=settled.get(Status.UNSENT, 0),
            invalid=before.invalid,
            in_flight=sum(each.in_flight for _, each in at_work),
            throttled=figures.throttled,
            messages=figures.messages,
            rate_now=rate,
            rate_asked=own.rate_asked if own else self._rate_asked,
            elapsed_s=time.monotonic() - self._began,
            eta_s=(start.to_send - done) / min(rate, self._rate_asked) if rate and state != LOOKING_UP else None,
            state=state,
            workers=[_line(*each) for each in at_work],
        )

    def _current(self) -> Sequence[tuple[WorkerState, WorkerFigures]]:
        """Return each worker with its newest figures."""
        own = self._own
        return [
            (each, own[1]() if own and own[0] == number else each.figures) for number, each in self._known.items()
        ]


def _line(state: WorkerState, figures: WorkerFigures) -> WorkerProgress:
    return WorkerProgress(
        number=state.number,
        host=state.host,
        pid=state.pid,
        done=figures.done,
        in_flight=figures.in_flight,
        rate_now=figures.rate,
        lease_left_s=state.lease_left_s,
    )
