"""Live page of a run (``--dashboard``)."""

import time
from contextlib import AbstractAsyncContextManager

from provisioner.models import AttemptResult, Row, Step
from provisioner.monitor import RunMonitor
from provisioner.report.dashboard import open_dashboard
from provisioner.report.listen_address import parse_listen_address
from provisioner.report.live_recorder import LiveRecorder

from .run_controls import RunControls
from .run_watch import RunWatch


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

    def served(self) -> AbstractAsyncContextManager[str]:
        """Serve the page inside the context; yield its URL, which includes the token for the controls."""
        controls = RunControls(self._watch)
        return open_dashboard(self._address, self._watch.status, self._recorder, controls)

    def record(self, monitor: RunMonitor) -> None:
        """Draw the requests of ``monitor`` from now on."""

        def record(step: Step, _: Row, result: AttemptResult) -> None:
            if step is Step.CREATE:  # this request is no longer counted as in flight, so add 1
                self._recorder.record(result)
                self._recorder.note_in_flight(monitor.in_flight + 1)

        monitor.listeners.append(record)
