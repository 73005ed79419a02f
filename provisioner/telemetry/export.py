"""Export of telemetry to a collector by OTLP/HTTP, which never disturbs the run.

Spans wait in a queue of bounded length, and threads of the SDK export them. Where they cannot, spans are lost and
counted. At the end the command waits a limited time for what is left.
"""

import asyncio
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from provisioner.errors import UsageError
from provisioner.models.text import pluralize
from provisioner.ports.telemetry import MonitoredRun, ObservedAccount
from provisioner.signals import StopSignals

from .delivery import CountedMetricExporter, CountedSpanExporter, Delivery
from .environment import collector_of, exports, has_credential_provider
from .instruments import AccountInstruments, Instruments
from .observer import TracedRows
from .resource import NAME, process_resource
from .row_spans import RowSpans

FLUSH_S = 5.0
"""Longest wait in seconds, at the end of a command, for a collector to take what is left."""
SAMPLE_S = 1.0
"""Seconds between two samples of the rate and of the requests in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What exports one signal (``spans`` or ``metrics``): what became of it, and what ends the exporter."""

    delivery: Delivery
    close: Callable[[], None]


class TelemetryExport:
    """Telemetry of one command; implements ``Telemetry``.

    ``signals`` are those that are exported to a collector. ``processors`` get the spans and ``readers`` the
    metrics; without them there are none.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        version: str,
        processors: tuple[SpanProcessor, ...] = (),
        readers: tuple[MetricReader, ...] = (),
        signals: Mapping[str, Signal] | None = None,
    ) -> None:
        self._signals, self._rows = dict(signals or {}), list[TracedRows]()
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        for processor in processors:
            self._tracers.add_span_processor(processor)
        self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer(NAME, version)
        self._instruments = Instruments(self._meters.get_meter(NAME, version))
        self._unfinished = {self._tracers.shutdown, self._meters.shutdown}
        """What exports the last spans and metrics, until it has."""

    @contextmanager
    def observing(self, monitor: MonitoredRun, account: ObservedAccount) -> Iterator[TracedRows]:
        """Yield what observes the rows of an account, in place of ``monitor``."""
        spans = RowSpans(self._tracer, account)
        rows = TracedRows(monitor, spans, AccountInstruments(self._instruments, account))
        self._rows.append(rows)
        sampling = asyncio.create_task(_sample(rows))
        try:
            yield rows
        finally:
            sampling.cancel()
            rows.close()

    async def close(self, stop: StopSignals) -> str:
        """Export what is left within ``FLUSH_S``, or until a signal; return what was lost, for people.

        A signal that has stopped the run does not count, another one does.
        """
        over = asyncio.Event()
        try:
            with stop.active(drain_s=math.inf):
                stop.on_stop(_do_nothing if stop.exit_code is not None else over.set, over.set)
                self._shut_down(asyncio.get_running_loop(), over)
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), FLUSH_S)
        finally:
            self.abandon()
        return self._lost()

    def abandon(self) -> None:
        """Export nothing any more."""
        for signal in self._signals.values():
            signal.delivery.abandon()
            signal.close()

    def _shut_down(self, loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
        """Export what is left, on daemon threads: neither this command nor the interpreter waits for them."""

        def shut_down(end: Callable[[], None]) -> None:
            with suppress(Exception):  # the SDK raises what its exporters raise
                end()
            self._unfinished.discard(end)
            with suppress(RuntimeError):  # the loop is closed: the command has ended
                loop.call_soon_threadsafe(look)

        def look() -> None:
            if not self._unfinished:
                over.set()

        for each in tuple(self._unfinished):
            threading.Thread(target=shut_down, args=(each,), name="telemetry-flush", daemon=True).start()

    def _lost(self) -> str:
        """Return what did not reach the collector; empty when all did."""
        parts = []
        if spans := self._signals.get("spans"):
            made = sum(each.spans_made for each in self._rows)
            if lost := made - spans.delivery.delivered:
                parts.append(f"{lost:,} of {pluralize('span', made)} did not reach {spans.delivery}")
        is_cut = self._meters.shutdown in self._unfinished  # perhaps before it has begun
        if (metrics := self._signals.get("metrics")) and (is_cut or not metrics.delivery.is_complete):
            parts.append(f"the last metrics did not reach {metrics.delivery}")
        return f"OpenTelemetry: {'; '.join(parts)}" if parts else ""


def open_export(command: str, *, version: str) -> TelemetryExport:
    """Open what exports the telemetry of ``command``, as the variables OTEL_… of this process say.

    Raise ``UsageError`` for a variable that the SDK or this program does not accept.
    """
    environ, resource = os.environ, process_resource(command, version)
    has_provider = has_credential_provider(environ)
    processors: tuple[SpanProcessor, ...] = ()
    readers: tuple[MetricReader, ...] = ()
    signals: dict[str, Signal] = {}
    try:
        if exports(environ, "traces"):
            delivery = Delivery("spans", collector_of(environ, "traces"))
            spans = CountedSpanExporter(delivery, None if has_provider else delivery.session())
            processors = (BatchSpanProcessor(spans),)
            signals["spans"] = Signal(delivery=delivery, close=spans.shutdown)
        if exports(environ, "metrics"):
            delivery = Delivery("metrics", collector_of(environ, "metrics"))
            metrics = CountedMetricExporter(delivery, None if has_provider else delivery.session())
            readers = (PeriodicExportingMetricReader(metrics),)
            signals["metrics"] = Signal(delivery=delivery, close=metrics.shutdown)
        return TelemetryExport(resource, version=version, processors=processors, readers=readers, signals=signals)
    except (ValueError, RuntimeError, ImportError) as error:
        raise UsageError(f"--otel: {error}", cure="correct the variables OTEL_… of the environment") from error


def _do_nothing() -> None:
    """Do nothing: this signal has stopped the run already."""


async def _sample(rows: TracedRows) -> None:
    while True:
        rows.sample()
        await asyncio.sleep(SAMPLE_S)
