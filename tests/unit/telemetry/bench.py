"""Test bench of an observer of rows: the real SDK of OpenTelemetry, with exporters in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from provisioner.models import AttemptResult, Counts, Row, Step, Verdict, WebChatRequest
from provisioner.monitor import RunMonitor
from provisioner.ports.telemetry import Endpoint, ObservedAccount
from provisioner.telemetry.export import TelemetryExport
from provisioner.telemetry.observer import TracedRows
from tests.sids import sid

HOST = "https://flex-api.twilio.com"
ACCOUNT = ObservedAccount(
    account_sid=sid("AC", 1),
    is_simulated=False,
    endpoints={
        Step.CREATE: Endpoint("POST", f"{HOST}/v2/WebChats"),
        Step.SETTINGS: Endpoint("POST", f"{HOST}/v1/Conversations/REDACTED"),
        Step.HISTORY: Endpoint("POST", f"{HOST}/v1/Conversations/REDACTED/Messages"),
        Step.MESSAGE: Endpoint("POST", f"{HOST}/v1/Conversations/REDACTED/Messages"),
    },
)
ROW = Row(7, 3, "key-of-Ada", WebChatRequest(customer_friendly_name="Ada", identity="ada@example.org"))
_NS = 1_000_000_000


class _Pacer:
    rate, paused_for, pause_reason = 4.0, 0.0, ""


def answer(due: float, *, took_s: float = 0.5, late_s: float = 0.25, **more: Any) -> AttemptResult:
    """Return the result of a request that was ``late_s`` seconds late, and took ``took_s`` seconds."""
    given = {"verdict": Verdict.CREATED, "http_status": 201, "sent": due + late_s, **more}
    return AttemptResult(due=due, ended=due + late_s + took_s, **given)


@dataclass
class Bench:
    """Exporters in memory, and the monitor of a run beneath the observer."""

    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    monitor: RunMonitor = field(
        default_factory=lambda: RunMonitor(Counts(input=1, pending=1), to_send=1, pacer_status=_Pacer())
    )

    def observe(self, work: Callable[[TracedRows], Any], processor: SpanProcessor | None = None) -> None:
        """Let ``work``, a coroutine function, tell an observer what happens."""
        processor = processor or SimpleSpanProcessor(self.spans)
        export = TelemetryExport(Resource({}), version="1", processors=(processor,), readers=(self.reader,))

        async def observed() -> None:
            with export.observing(self.monitor, ACCOUNT) as rows:
                await asyncio.sleep(0)  # a first sample
                await work(rows)

        asyncio.run(observed())

    @property
    def rows(self) -> list[ReadableSpan]:
        """Return the spans of rows, in the order in which they were made."""
        return [span for span in self.spans.get_finished_spans() if span.name == "row"]

    def below(self, row: ReadableSpan) -> list[ReadableSpan]:
        """Return the spans of a row's requests."""
        found = self.spans.get_finished_spans()
        return [each for each in found if each.parent is not None and each.parent.span_id == id_of(row)]

    def points(self) -> dict[str, list[Any]]:
        """Return the data points of every metric by its name."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def id_of(span: ReadableSpan) -> int:
    """Return the ID of a span."""
    assert span.context is not None
    return int(span.context.span_id)


def times_of(span: ReadableSpan) -> tuple[float, float]:
    """Return start and end of a span, in Unix seconds."""
    return (span.start_time or 0) / _NS, (span.end_time or 0) / _NS


def told(span: ReadableSpan) -> dict[str, Any]:
    """Return the attributes of a span."""
    return dict(span.attributes or {})
