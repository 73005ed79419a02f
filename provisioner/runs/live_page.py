"""The live page of a run: what it shows, and what it may do to the run."""

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
    """The page at ``address``, as ``--dashboard`` has it; ``is_public`` lets other machines in.

    Raise ``UsageError`` for an address that cannot be used.
    """

    def __init__(self, address: str, title: str, *, is_public: bool) -> None:
        self._address, self._title = parse_listen_address(address, is_public=is_public), title

    @property
    def caution(self) -> str:
        """What to know before others can reach the page; empty where they cannot."""
        return self._address.caution

    @asynccontextmanager
    async def served(self, monitor: RunMonitor, pacer: Pacer) -> AsyncIterator[str]:
        """Serve the page while the context lasts, and yield its address with the token of its controls."""
        recorder = LiveRecorder(time.time)

        def record(step: Step, _: Row, result: AttemptResult) -> None:
            if step is Step.CREATE:  # its own request has landed already, and was in flight until now
                recorder.record(result)
                recorder.note_in_flight(monitor.in_flight + 1)

        monitor.listeners.append(record)
        async with open_dashboard(
            self._address, self._title, monitor.snapshot, recorder, PacerControls(pacer)
        ) as url:
            yield url


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
