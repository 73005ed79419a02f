"""A collector of OpenTelemetry: an aiohttp server that decodes what comes by OTLP/HTTP as protobuf."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PROTOBUF = "application/x-protobuf"


def values_of(attributes: Any) -> dict[str, Any]:
    """Return attributes, such as those of a span, as a dict."""
    return {each.key: _value(each) for each in attributes}


def _value(attribute: KeyValue) -> Any:
    return getattr(attribute.value, attribute.value.WhichOneof("value") or "string_value")


@dataclass
class Collector:
    """A running collector: its address, and what has come to it so far.

    ``status`` is what it answers with; anything but 200 takes nothing. With ``is_silent`` it answers nothing
    before ``is_over``. ``is_asked`` is set when the first export comes.
    """

    url: str = ""
    status: int = 200
    is_silent: bool = False
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    traces: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """Return the variables that lead to this collector."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url}

    @property
    def resources(self) -> list[dict[str, Any]]:
        """Return the attributes of the processes that have sent anything, each once."""
        told = [each.resource for came in self.traces for each in came.resource_spans]
        told += [each.resource for came in self.metrics for each in came.resource_metrics]
        found = [values_of(each.attributes) for each in told]
        return [each for number, each in enumerate(found) if each not in found[:number]]

    def spans(self) -> Iterator[Span]:
        """Yield the spans that have come."""
        for came in self.traces:
            for resource in came.resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans

    def rows(self) -> dict[int, Span]:
        """Return the spans of rows by the number of the row; fail if a row has two."""
        rows = [span for span in self.spans() if span.name == "row"]
        by_number = {values_of(span.attributes)["provisioner.row"]: span for span in rows}
        assert len(by_number) == len(rows)
        return by_number

    def below(self, row: Span) -> list[Span]:
        """Return the spans of a row's requests in their order."""
        found = [span for span in self.spans() if span.parent_span_id == row.span_id]
        assert {span.trace_id for span in found} <= {row.trace_id}
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def last_metrics(self) -> dict[str, Metric]:
        """Return the metrics of the last export by name."""
        return {
            metric.name: metric
            for resource in self.metrics[-1].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    async def take_traces(self, request: web.Request) -> web.Response:
        """Take spans."""
        return await self._take(request, ExportTraceServiceRequest, self.traces, ExportTraceServiceResponse())

    async def take_metrics(self, request: web.Request) -> web.Response:
        """Take metrics."""
        return await self._take(request, ExportMetricsServiceRequest, self.metrics, ExportMetricsServiceResponse())

    async def _take(self, request: web.Request, kind: Any, taken: list[Any], answer: Any) -> web.Response:
        body = await request.read()
        self.is_asked.set()
        if self.is_silent:
            await self.is_over.wait()
        if self.status == 200:
            assert request.content_type == PROTOBUF
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            self.bodies.append(body)
            taken.append(kind.FromString(body))
        return web.Response(status=self.status, body=answer.SerializeToString(), content_type=PROTOBUF)


@asynccontextmanager
async def open_collector(collector: Collector | None = None) -> AsyncIterator[Collector]:
    """Serve a collector on this machine inside the context."""
    collector = collector or Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take_traces)
    app.router.add_post("/v1/metrics", collector.take_metrics)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield collector
    finally:
        collector.is_over.set()
        await runner.cleanup()
