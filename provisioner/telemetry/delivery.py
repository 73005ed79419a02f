"""Exporters that count what has arrived, and say once that a collector does not take anything.

They run in the threads of the SDK, never on the event loop.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from provisioner.system.event_log import event_logger


class _OwnRecords(logging.Filter):
    """Filter that keeps what the SDK logs about an export of ours from the log, where ``Delivery`` tells it once.

    Records of other threads pass: an application that calls this program may have exporters of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_thread = threading.local()

    def filter(self, _record: logging.LogRecord) -> bool:
        """Return whether a record may pass."""
        return not getattr(self.of_thread, "exports", False)


_OWN_RECORDS = _OwnRecords()


class Delivery:
    """What became of the exports of one signal; ``of`` names it, and ``collector`` is where it goes, for people.

    ``delivered`` is the number of items that have arrived. ``str()`` is the collector, and why something did not
    reach it.
    """

    def __init__(self, of: str, collector: str) -> None:
        self._of, self._collector = of, collector
        self._context: Context = copy_context()  # the events name the run
        self._log = event_logger()
        self._failure = self._reason = ""
        self._is_over = self._was_cut = False
        self._going = 0
        self.delivered = 0

    @property
    def is_complete(self) -> bool:
        """Whether the last export has arrived."""
        return not self._failure and not self._was_cut

    def __str__(self) -> str:
        """Return the collector, and the reason of the last failure."""
        usual = "it did not take them in time" if self._was_cut else "it took them too slowly"
        return f"{self._collector}: {self._failure or self._reason or usual}"

    def abandon(self) -> None:
        """Make every export fail at once from now on."""
        self._is_over = True
        self._was_cut = self._going > 0

    def export(self, send: Callable[[], bool], items: int) -> bool:
        """Call ``send``, which returns whether ``items`` items have arrived; log the first failure of several."""
        if self._is_over:
            self._was_cut = True
            return False
        _OWN_RECORDS.of_thread.exports = True
        self._going += 1
        self._reason = ""
        try:
            has_arrived = send()
        except Exception as error:  # noqa: BLE001 - whatever the libraries raise, the run goes on
            has_arrived, self._reason = False, type(error).__name__
        _OWN_RECORDS.of_thread.exports = False
        self._going -= 1
        if not self._is_over:
            self._note(items, "" if has_arrived else self._reason or "it was not accepted")
        return has_arrived

    def session(self) -> Any:
        """Return a session of requests for one exporter, which notes why a request fails.

        It sends the headers of OTEL_EXPORTER_OTLP_HEADERS: without an ``auth`` of its own, requests replaces
        ``authorization`` among them by what ``~/.netrc`` has for the host.
        """
        session = requests.Session()
        session.auth = _unchanged
        send = session.request

        def request(*arguments: Any, **more: Any) -> Any:
            try:
                response = send(*arguments, **more)
            except Exception as error:
                self._reason = type(error).__name__
                raise
            self._reason = "" if response.ok else f"HTTP {response.status_code}"
            return response

        session.request = request  # type: ignore[method-assign]  # the exporter takes no other kind of session
        return session

    def _note(self, items: int, failure: str) -> None:
        if not failure:
            self.delivered += items
        elif not self._failure:
            told = {"of": self._of, "collector": self._collector, "error": failure}
            self._context.copy().run(self._log.warning, "telemetry.failed", **told)
        self._failure = failure


def _unchanged(request: Any) -> Any:
    return request


class CountedSpanExporter(OTLPSpanExporter):
    """Exporter of spans that counts those that have arrived."""

    def __init__(self, delivery: Delivery, session: Any) -> None:
        super().__init__(session=session)
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_OWN_RECORDS)
        self._delivery, self._is_closed = delivery, False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans; failures are results, too."""
        send = super().export
        is_done = self._delivery.export(lambda: send(spans) is SpanExportResult.SUCCESS, len(spans))
        return SpanExportResult.SUCCESS if is_done else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """End a wait of the exporter, and close its connections; do nothing the second time."""
        if not self._is_closed:
            self._is_closed = True
            super().shutdown()  # type: ignore[no-untyped-call]  # not annotated there


class CountedMetricExporter(OTLPMetricExporter):
    """Exporter of metrics that knows whether the last ones have arrived."""

    def __init__(self, delivery: Delivery, session: Any) -> None:
        super().__init__(session=session)
        logging.getLogger(OTLPMetricExporter.__module__).addFilter(_OWN_RECORDS)
        self._delivery, self._is_closed = delivery, False

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **more: Any
    ) -> MetricExportResult:
        """Export the metrics; failures are results, too."""
        send = super().export
        is_done = self._delivery.export(
            lambda: send(metrics_data, timeout_millis, **more) is MetricExportResult.SUCCESS, 1
        )
        return MetricExportResult.SUCCESS if is_done else MetricExportResult.FAILURE

    def shutdown(self, timeout_millis: float = 30_000, **more: Any) -> None:
        """End a wait of the exporter, and close its connections; do nothing the second time."""
        if not self._is_closed:
            self._is_closed = True
            super().shutdown(timeout_millis, **more)
