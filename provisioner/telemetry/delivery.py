"""Exporters that count what has arrived, and say once that a collector does not take anything.

They run in the threads of the SDK, never on the event loop.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from provisioner.system.event_log import event_logger

_HTTP_STATUSES = range(100, 600)


class _FailureRecords(logging.Filter):
    """Filter that keeps the reason of what the SDK logs about an export of ours, and the record from the log.

    Records of other threads pass: an application that calls this program may have exporters of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def listen(self) -> None:
        """Keep what this thread logs from now on."""
        self._of_thread.reason = ""

    def heard(self) -> str:
        """Return the last reason since ``listen``, empty for none, and let records of this thread pass again."""
        reason: str = self._of_thread.reason
        del self._of_thread.reason
        return reason

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the reason of a record from its values: the text may quote the collector's reply."""
        if not hasattr(self._of_thread, "reason"):
            return True
        values = record.args if isinstance(record.args, tuple) else ()
        error = record.exc_info[1] if record.exc_info else None
        for value in (*values, error):
            if isinstance(value, BaseException):
                self._of_thread.reason = type(value).__name__
            elif isinstance(value, int) and value in _HTTP_STATUSES:
                self._of_thread.reason = f"HTTP {value}"
        return False


_FAILURES = _FailureRecords()


class Delivery:
    """What became of the exports of one signal; ``of`` names it, and ``collector`` is where it goes, for people.

    ``delivered`` is the number of items that have arrived. ``str()`` is the collector, and why something did not
    reach it.
    """

    def __init__(self, of: str, collector: str) -> None:
        self._of, self._collector = of, collector
        self._context: Context = copy_context()  # the events name the run
        self._log = event_logger()
        self._failure = ""
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
        return f"{self._collector}: {self._failure or usual}"

    def abandon(self) -> None:
        """Make every export fail at once from now on."""
        self._is_over = True
        self._was_cut = self._going > 0

    def export(self, send: Callable[[], bool], items: int) -> bool:
        """Call ``send``, which returns whether ``items`` items have arrived; log the first failure of several."""
        if self._is_over:
            self._was_cut = True
            return False
        _FAILURES.listen()
        self._going += 1
        try:
            has_arrived, failure = send(), ""
        except Exception as error:  # noqa: BLE001 - whatever the libraries raise, the run goes on
            has_arrived, failure = False, type(error).__name__
        failure = _FAILURES.heard() or failure or "it was not accepted"
        self._going -= 1
        if not self._is_over:
            self._note(items, "" if has_arrived else failure)
        return has_arrived

    def _note(self, items: int, failure: str) -> None:
        if not failure:
            self.delivered += items
        elif not self._failure:
            told = {"of": self._of, "collector": self._collector, "error": failure}
            self._context.copy().run(self._log.warning, "telemetry.failed", **told)
        self._failure = failure


class CountedSpanExporter(OTLPSpanExporter):
    """Exporter of spans that counts those that have arrived."""

    def __init__(self, delivery: Delivery, session: Any) -> None:
        super().__init__(session=session)
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(_FAILURES)
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
        logging.getLogger(OTLPMetricExporter.__module__).addFilter(_FAILURES)
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
