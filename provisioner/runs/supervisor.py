"""Supervision of a run: ``--max-duration``, ``--abort-if``, the live page, and the metrics file."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from provisioner.errors import ThresholdError
from provisioner.load import AbortCondition, StepMetrics
from provisioner.models import AttemptRecord, AttemptResult, Row, Step
from provisioner.models.summary import Summary
from provisioner.monitor.run_status import RunFacts
from provisioner.ports.user_interface import UserInterface
from provisioner.sending import Stop, StopKind

from .metrics_file import MetricsFile
from .run_watch import RunWatch, WatchedRun

if TYPE_CHECKING:
    from .live_page import LivePage

CHECK_S = 1.0
"""Seconds between two checks of ``--abort-if``."""


class SupervisorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Configuration of the supervision of a run.

    ``facts`` is what is known of the run from its start. ``dashboard`` is the address of the live page, empty for
    no page, and ``metrics_file`` the path of ``--metrics-file``. ``max_duration_s`` is the time in seconds after
    which the run is stopped, None for no such time.
    """

    facts: RunFacts
    dashboard: str = ""
    is_dashboard_public: bool = False
    metrics_file: Path | None = None
    max_duration_s: float | None = None


class RunSupervisor:
    """Supervisor of one run. The time of ``--max-duration`` starts with the constructor.

    ``abort_if`` are the conditions of ``--abort-if``, which stop the run early. The constructor raises
    ``UsageError`` when the address of the live page is invalid, or no metrics file could be written.
    """

    def __init__(self, config: SupervisorConfig, abort_if: Sequence[AbortCondition] = ()) -> None:
        self._watch = RunWatch(config.facts)
        self._page = _live_page(config, self._watch) if config.dashboard else None
        self._metrics_file = MetricsFile(config.metrics_file) if config.metrics_file else None
        self._config, self._began = config, time.monotonic()
        self._abort_conditions = abort_if
        self._metrics: dict[str, StepMetrics] = {Step.CREATE: StepMetrics(), Step.MESSAGE: StepMetrics()}
        self._until_end = AsyncExitStack()
        self._is_shown = False

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[None]:
        """Keep the live page and the metrics file until the context ends: they show the run from ``open`` on."""
        async with self._until_end:
            try:
                yield
            finally:
                self._watch.close()

    @asynccontextmanager
    async def open(
        self, watched: WatchedRun, ui: UserInterface, stop: Callable[[Stop], None]
    ) -> AsyncIterator[None]:
        """Supervise the run inside the context; call ``stop`` with the reason to end the run early."""
        self._watch.follow(watched)
        await self._show(ui)
        async with AsyncExitStack() as stack:
            stack.callback(self._watch.settle)
            if watched.monitor is not None:
                if self._page is not None:
                    self._page.record(watched.monitor)
                if self._abort_conditions:
                    watched.monitor.listeners.append(self._measure)
                    checking = asyncio.create_task(self._check(stop))
                    stack.callback(checking.cancel)
            await stack.enter_async_context(self.alarm(stop))
            yield

    async def _show(self, ui: UserInterface) -> None:
        """Open the live page and begin the metrics file, once: a worker that joins again has them already."""
        if self._is_shown:
            return
        self._is_shown = True
        if self._metrics_file is not None:
            await self._until_end.enter_async_context(self._metrics_file.kept(self._watch.status))
        if self._page is not None:
            url = await self._until_end.enter_async_context(self._page.served())
            ui.print_address(f"dashboard: {url}")
            if self._page.caution:
                ui.print_status(f"note: {self._page.caution}")

    async def finish(self, summary: Summary) -> Summary:
        """Show the result of the run on the live page and in the metrics file; return it, noting a failure."""
        self._watch.finish(summary)
        if self._metrics_file is None:
            return summary
        return await self._metrics_file.write_result(self._watch.status(), summary)

    @asynccontextmanager
    async def alarm(self, stop: Callable[[Stop], None]) -> AsyncIterator[None]:
        """Call ``stop`` inside the context when the time of ``--max-duration`` is over."""
        if self._config.max_duration_s is None:
            yield
            return
        left_s = self._began + self._config.max_duration_s - time.monotonic()
        alarm = asyncio.get_running_loop().call_later(max(left_s, 0.0), lambda: stop(Stop(StopKind.TIME_UP)))
        try:
            yield
        finally:
            alarm.cancel()

    def _measure(self, step: Step, row: Row, result: AttemptResult) -> None:
        self._metrics[step].add(
            AttemptRecord(
                row_id=row.id,
                number=1,
                verdict=result.verdict,
                due=result.due,
                sent=result.sent,
                ended=result.ended,
                http_status=result.http_status,
                error_code=result.error_code,
            )
        )

    async def _check(self, stop: Callable[[Stop], None]) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            for condition in self._abort_conditions:
                if condition.is_met(self._metrics):
                    result = condition.trip(self._metrics)
                    stop(Stop(StopKind.FAILURES, ThresholdError(f"--abort-if came true: {result}")))
                    return


def _live_page(config: SupervisorConfig, watch: RunWatch) -> "LivePage":
    from .live_page import LivePage  # noqa: PLC0415 - few runs have a page, and a server takes long to load

    return LivePage(config.dashboard, watch, is_public=config.is_dashboard_public)
