"""Live page of a run (``--dashboard``), and the controls of the run that it offers."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from provisioner.errors import UsageError
from provisioner.models import AttemptResult, Row, Step
from provisioner.monitor import RunMonitor
from provisioner.options import RATES, parse_rate
from provisioner.pacing import Pacer
from provisioner.report.dashboard import open_dashboard, parse_listen_address
from provisioner.report.live_recorder import LiveRecorder


class LivePage:
    """Web page that shows the progress of a run at ``address``, the value of ``--dashboard``.

    With ``is_public``, other machines may connect. The constructor raises ``UsageError`` for an invalid address.
    """

    def __init__(self, address: str, title: str, *, is_public: bool) -> None:
        self._address, self._title = parse_listen_address(address, is_public=is_public), title

    @property
    def caution(self) -> str:
        """Warning when other machines can reach the page; empty when they cannot."""
        return self._address.caution

    @asynccontextmanager
    async def served(self, monitor: RunMonitor, pacer: Pacer) -> AsyncIterator[str]:
        """Serve the page inside the context; yield its URL, which includes the token for the controls."""
        recorder = LiveRecorder(time.time)

        def record(step: Step, _: Row, result: AttemptResult) -> None:
            if step is Step.CREATE:  # this request is no longer counted as in flight, so add 1
                recorder.record(result)
                recorder.note_in_flight(monitor.in_flight + 1)

        monitor.listeners.append(record)
        async with open_dashboard(
            self._address, self._title, monitor.snapshot, recorder, PacerControls(pacer)
        ) as url:
            yield url


class PacerControls:
    """Controls of a run that the live page offers: pause, resume, and change the rate."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    def pause(self) -> None:
        """Start no new requests until ``resume``."""
        self._pacer.pause("from the dashboard")

    def resume(self) -> None:
        """Start requests again."""
        self._pacer.resume()

    def set_rate(self, rate: str) -> None:
        """Change the requested rate, written such as ``4/s``.

        Raise ``UsageError`` for an invalid rate, for ``auto``, and for ``0`` (no limit).
        """
        asked = parse_rate(rate)
        if asked.is_auto or math.isinf(asked.per_second):
            raise UsageError(f"{rate} is not a valid rate", cure=f"name one from {RATES}, e.g. 4/s")
        self._pacer.set_rate(asked)
