"""Latest status of a run, as the live page and the metrics file show it."""

import time
from collections.abc import Callable

import msgspec
from msgspec import structs

from provisioner.models import AttemptResult, Row, Step
from provisioner.models.progress import Progress
from provisioner.models.summary import Summary
from provisioner.monitor import RunFigures, RunMonitor
from provisioner.monitor.request_durations import RequestDurations
from provisioner.monitor.run_status import RunFacts, RunStatus
from provisioner.pacing import Pacer
from provisioner.signals import StopSignals

WRITING = "writing the results"
"""State of a run that has sent everything and is not over yet."""
ENDED_EARLY = "ended early: its terminal and its log say why"
"""State of a run that an error has ended."""


def _never() -> bool:
    return False


class WatchedRun(msgspec.Struct, frozen=True, kw_only=True):
    """What can be watched of a run that sends, and what stops it.

    ``progress`` and ``figures`` return those of the whole run. ``stop`` takes a request to stop it, and
    ``is_stopping`` returns whether it stops already. ``monitor`` and ``pacer`` are those of the requests of this
    process, None where other processes send all of them; ``has_others`` returns whether others send, too.
    """

    progress: Callable[[], Progress]
    figures: Callable[[], RunFigures]
    stop: StopSignals
    is_stopping: Callable[[], bool]
    monitor: RunMonitor | None = None
    pacer: Pacer | None = None
    has_others: Callable[[], bool] = _never


class RunWatch:
    """Status of one run from its start to its end; ``clock`` returns Unix seconds."""

    def __init__(self, facts: RunFacts, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._durations = RequestDurations()
        self._watched: WatchedRun | None = None
        self._last = RunStatus(facts=facts, progress=Progress(total=0), now=clock())

    @property
    def watched(self) -> WatchedRun | None:
        """The run while it sends; None before and after."""
        return self._watched

    def follow(self, watched: WatchedRun) -> None:
        """Take the status from ``watched`` from now on."""
        self._watched = watched
        self._last = structs.replace(self._last, began=self._last.began or self._clock())
        if watched.monitor is not None:
            watched.monitor.listeners.append(self._record)

    def settle(self) -> None:
        """Keep the present figures: nothing is sent any more, and the results are being written."""
        told = self.status()
        progress = structs.replace(told.progress, state=WRITING, in_flight=0, rate_now=0.0, eta_s=None)
        self._last, self._watched = structs.replace(told, progress=progress), None

    def finish(self, summary: Summary) -> None:
        """Keep the result of the run."""
        self._last = structs.replace(self.status(), summary=summary)

    def close(self) -> None:
        """Show that the run is over; without a result, an error ended it."""
        if self._last.summary is None:
            told = self.status()
            self._last, self._watched = (
                structs.replace(told, progress=structs.replace(told.progress, state=ENDED_EARLY)),
                None,
            )

    def status(self) -> RunStatus:
        """Return the state of the run now; after its end, that of its end."""
        if self._last.summary is not None:
            return self._last
        now, watched = self._clock(), self._watched
        if watched is None:
            return structs.replace(self._last, now=now)
        if watched.monitor is None or watched.has_others():
            self._last = structs.replace(self._last, has_unseen=True)
        return structs.replace(
            self._last,
            now=now,
            progress=watched.progress(),
            figures=watched.figures(),
            is_stopping=watched.is_stopping(),
            durations=self._durations.samples(),
        )

    def _record(self, step: Step, _: Row, result: AttemptResult) -> None:
        self._durations.record(step, result)
