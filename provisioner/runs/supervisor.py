"""Supervision of a run while it sends: ``--max-duration``, ``--abort-if``, and the live page."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import ThresholdError
from provisioner.load import AbortCondition, StepMetrics
from provisioner.models import AttemptRecord, AttemptResult, Row, Step
from provisioner.monitor import RunMonitor
from provisioner.pacing import Pacer
from provisioner.ports.user_interface import UserInterface
from provisioner.sending import Stop, StopKind

if TYPE_CHECKING:
    from .live_page import LivePage

CHECK_S = 1.0
"""Seconds between two checks of ``--abort-if``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorConfig:
    """Configuration of the supervision of a run.

    ``dashboard`` is the address of the live page, empty for no page, and ``title`` its title. ``max_duration_s``
    is the time in seconds after which the run is stopped, None for no such time.
    """

    dashboard: str
    is_dashboard_public: bool
    title: str
    max_duration_s: float | None = None


class RunSupervisor:
    """Supervisor of one run. The time of ``--max-duration`` starts with the constructor.

    ``abort_if`` are the conditions of ``--abort-if``, which stop the run early. The constructor raises
    ``UsageError`` when the address of the live page is invalid.
    """

    def __init__(self, config: SupervisorConfig, abort_if: Sequence[AbortCondition] = ()) -> None:
        self._page = _live_page(config) if config.dashboard else None
        self._config, self._began = config, time.monotonic()
        self._abort_conditions = abort_if
        self._metrics: dict[str, StepMetrics] = {Step.CREATE: StepMetrics(), Step.MESSAGE: StepMetrics()}

    @asynccontextmanager
    async def open(
        self, monitor: RunMonitor, pacer: Pacer, ui: UserInterface, stop: Callable[[Stop], None]
    ) -> AsyncIterator[None]:
        """Supervise the run inside the context; call ``stop`` with the reason to end the run early."""
        async with AsyncExitStack() as stack:
            if self._page is not None:
                url = await stack.enter_async_context(self._page.served(monitor, pacer))
                ui.print_status(f"dashboard: {url}")
                if self._page.caution:
                    ui.print_status(f"note: {self._page.caution}")
            if self._abort_conditions:
                monitor.listeners.append(self._measure)
                checking = asyncio.create_task(self._check(stop))
                stack.callback(checking.cancel)
            await stack.enter_async_context(self.alarm(stop))
            yield

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


def _live_page(config: SupervisorConfig) -> "LivePage":
    from .live_page import LivePage  # noqa: PLC0415 - few runs have a page, and a server takes long to load

    return LivePage(config.dashboard, config.title, is_public=config.is_dashboard_public)
