"""Looks on while a run sends: measures it, aborts it when it fails, shows it in a browser."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from provisioner.errors import GuardError, ThresholdError, UsageError
from provisioner.load import AbortCondition, StepMetrics, Threshold, evaluate_thresholds
from provisioner.models import AttemptRecord, AttemptResult, Row, Step
from provisioner.monitor import RunMonitor
from provisioner.options import RATES, parse_rate
from provisioner.pacing import Pacer
from provisioner.ports.user_interface import UserInterface
from provisioner.report.live_recorder import LiveRecorder
from provisioner.sending import Stop, StopKind

CHECK_S = 1.0
"""How often ``--abort-if`` is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorConfig:
    """How a run is looked on at.

    ``dashboard`` is where the live page is served, empty for nowhere, and ``title`` its title. ``max_duration`` is
    the time after which the run is stopped, in the user's words; ``max_duration_s`` in seconds, None for never.
    """

    dashboard: str
    is_dashboard_public: bool
    title: str
    max_duration: str = ""
    max_duration_s: float | None = None


class RunSupervisor:
    """What looks on at one run, from its making on. ``abort_if`` are conditions that stop the run early."""

    def __init__(self, config: SupervisorConfig, abort_if: Sequence[Threshold] = ()) -> None:
        self._page = _page_of(config) if config.dashboard else None
        self._config, self._began = config, time.monotonic()
        self._abort_conditions = [AbortCondition(each) for each in abort_if]
        self._metrics: dict[str, StepMetrics] = {Step.CREATE: StepMetrics(), Step.MESSAGE: StepMetrics()}

    @asynccontextmanager
    async def open(
        self, monitor: RunMonitor, pacer: Pacer, ui: UserInterface, stop: Callable[[Stop], None]
    ) -> AsyncIterator[None]:
        """Look on while the context lasts; ``stop`` ends the run early."""
        async with AsyncExitStack() as stack:
            if self._page is not None:
                recorder = LiveRecorder(time.time)
                monitor.listeners.append(lambda step, _, result: _record(recorder, monitor, step, result))
                page = self._page.serve(monitor.snapshot, recorder, PacerControls(pacer))
                ui.print_status(f"dashboard: {await stack.enter_async_context(page)}")
                if self._page.caution:
                    ui.print_status(f"note: {self._page.caution}")
            if self._abort_conditions:
                monitor.listeners.append(self._measure)
                checking = asyncio.create_task(self._check(stop))
                stack.callback(checking.cancel)
            if self._config.max_duration_s is not None:
                left_s = self._began + self._config.max_duration_s - time.monotonic()
                alarm = asyncio.get_running_loop().call_later(max(left_s, 0.0), lambda: stop(self._time_is_up()))
                stack.callback(alarm.cancel)
            yield

    def _time_is_up(self) -> Stop:
        error = GuardError(
            f"--max-duration {self._config.max_duration} is over",
            cure="run the same command again to go on",
        )
        return Stop(StopKind.ASKED, error)

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
                    (result,) = evaluate_thresholds([condition.threshold], self._metrics)
                    stop(Stop(StopKind.FAILURES, ThresholdError(f"--abort-if came true: {result}")))
                    return


class _Page(NamedTuple):
    """The live page: how it is served, and what to know before others can reach it."""

    serve: Callable[[Callable[[], Any], LiveRecorder, "PacerControls"], AbstractAsyncContextManager[str]]
    caution: str


def _page_of(config: SupervisorConfig) -> _Page:
    from provisioner.report.dashboard import open_dashboard, parse_listen_address  # noqa: PLC0415 - few runs load a server

    listen_address = parse_listen_address(config.dashboard, is_public=config.is_dashboard_public)
    return _Page(partial(open_dashboard, listen_address, config.title), listen_address.caution)


def _record(recorder: LiveRecorder, monitor: RunMonitor, step: Step, result: AttemptResult) -> None:
    """Note an answer to a creation; its own request has landed already, and was in flight until now."""
    if step is Step.CREATE:
        recorder.record(result)
        recorder.note_in_flight(monitor.in_flight + 1)


class PacerControls:
    """What the live page may do to a run: the pacer's, and no more."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    def pause(self) -> None:
        """Start nothing new until ``resume``."""
        self._pacer.pause("from the dashboard")

    def resume(self) -> None:
        """Go on."""
        self._pacer.resume()

    def set_rate(self, rate: str) -> None:
        """Change the pace asked for; raise ``UsageError`` for what is none, and for no limit at all."""
        asked = parse_rate(rate)
        if asked.is_auto or math.isinf(asked.per_second):
            raise UsageError(f"{rate} is not a valid rate", cure=f"name one from {RATES}, e.g. 4/s")
        self._pacer.set_rate(asked)
