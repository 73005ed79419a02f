"""Live page of a run (``--dashboard``)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from provisioner.models import AttemptResult, Row, Step
from provisioner.monitor import RunMonitor
from provisioner.report.dashboard import open_dashboard
from provisioner.report.listen_address import parse_listen_address
from provisioner.report.live_recorder import LiveRecorder

from .run_controls import RunControls
from .run_watch import RunWatch

FOLLOW_S = 1.0
"""Seconds between two looks at the progress of a run."""


class LivePage:
    """Web page that shows the run that ``watch`` follows at ``address``, the value of ``--dashboard``.

    With ``is_public``, other machines may connect. The constructor raises ``UsageError`` for an invalid address.
    """

    def __init__(self, address: str, watch: RunWatch, *, is_public: bool) -> None:
        self._address, self._watch = parse_listen_address(address, is_public=is_public), watch
        self._recorder = LiveRecorder(time.time)

    @property
    def caution(self) -> str:
        """Warning when other machines can reach the page; empty when they cannot."""
        return self._address.caution

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve the page inside the context; yield its URL, which includes the token for the controls."""
        controls = RunControls(self._watch)
        async with open_dashboard(self._address, self._watch.status, self._recorder, controls) as url:
            following = asyncio.create_task(self._follow())
            try:
                yield url
            finally:
                following.cancel()

    async def _follow(self) -> None:
        """Record the progress of the run for the charts, whether or not somebody looks at them."""
        while True:
            if self._watch.watched is not None:
                self._recorder.note_progress(self._watch.status().progress)
            await asyncio.sleep(FOLLOW_S)

    def record(self, monitor: RunMonitor) -> None:
        """Draw the requests of ``monitor`` from now on."""

        def record(step: Step, _: Row, result: AttemptResult) -> None:
            if step is Step.CREATE:  # this request is no longer counted as in flight, so add 1
                self._recorder.record(result)
                self._recorder.note_in_flight(monitor.in_flight + 1)

        monitor.listeners.append(record)
