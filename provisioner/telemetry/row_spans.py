"""Spans of a row: one for the row, and one below it for each of its requests.

The times are those that were measured with the requests. Names and attributes follow the conventions for HTTP
clients, https://opentelemetry.io/docs/specs/semconv/http/http-spans/: each request that is sent again has a span
of its own. No attribute holds anything of the customer's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_REQUEST_RESEND_COUNT,
    HTTP_RESPONSE_STATUS_CODE,
)
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_FULL
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from provisioner.models import AttemptResult, Step
from provisioner.ports.telemetry import Endpoint, ObservedAccount

Attributes = dict[str, str | int | float | bool]

ACCOUNT, SIMULATED, STEP = "provisioner.account_sid", "provisioner.simulated", "provisioner.step"
"""Attributes of spans and metrics."""
_ROW, _REQUESTS = "provisioner.row", "provisioner.requests"
_TWILIO_CODE, _TWILIO_REQUEST = "provisioner.error_code", "provisioner.twilio_request_id"
_VERDICT, _DELAY = "provisioner.verdict", "provisioner.delay_s"
_US, _NS_PER_US = 1_000_000, 1_000
_PORTS = {"http": 80, "https": 443}
_LEAST_ERROR = 400
DONE = {"created", "posted", "set"}
"""Statuses of steps that are done."""
_NO_PARENT = Context()
"""A row begins a trace of its own: a trace of all rows of a run would be larger than any backend takes."""


class RequestRecord(NamedTuple):
    """Result of the ``attempt``-th request (counted from 1) of a step of a row."""

    step: Step
    result: AttemptResult
    attempt: int


@dataclass(slots=True)
class RowRecord:
    """What became of a row so far. ``row`` is its number in the input.

    ``statuses`` are the outcomes of its steps, and ``error_code`` is that of the last one that is not done.
    ``waits`` says that the last result has no outcome yet; ``is_left`` that nothing more is done with the row.
    """

    row: int
    requests: list[RequestRecord] = field(default_factory=list)
    statuses: dict[Step, str] = field(default_factory=dict)
    error_code: str = ""
    waits: bool = False
    is_left: bool = False

    def settle(self, step: Step, status: str, error_code: str) -> None:
        """Note the outcome of a step."""
        self.statuses[step] = status
        self.waits = False
        if status not in DONE:
            self.error_code = error_code or status


def request_attributes(endpoint: Endpoint, step: Step) -> Attributes:
    """Return the attributes that all requests to an endpoint have in common."""
    url = urlsplit(endpoint.url)
    return {
        HTTP_REQUEST_METHOD: endpoint.method,
        SERVER_ADDRESS: url.hostname or "",
        SERVER_PORT: url.port or _PORTS[url.scheme],
        STEP: step.value,
    }


def error_type(result: AttemptResult) -> str:
    """Return why a request failed, empty if it did not: the HTTP status, or the word of this program for it."""
    if result.http_status is not None and result.http_status >= _LEAST_ERROR:
        return str(result.http_status)
    return result.error_code


class RowSpans:
    """Makes the spans of the rows of one account. ``made`` counts those that are exported."""

    def __init__(self, tracer: Tracer, account: ObservedAccount) -> None:
        self._tracer = tracer
        self._common: Attributes = {ACCOUNT: account.account_sid, SIMULATED: account.is_simulated}
        self._requests: Mapping[Step, tuple[str, Attributes]] = {
            step: (_name(endpoint), {**request_attributes(endpoint, step), URL_FULL: endpoint.url})
            for step, endpoint in account.endpoints.items()
        }
        self.made = 0

    def make(self, record: RowRecord) -> None:
        """Make the spans of a row and of its requests; a row without a request has none."""
        requests = record.requests
        if not requests:
            return
        attributes = {**self._common, _ROW: record.row, _REQUESTS: len(requests)}
        attributes |= {f"provisioner.{step.value}.status": status for step, status in record.statuses.items()}
        if record.error_code:
            attributes[ERROR_TYPE] = record.error_code
        span = self._tracer.start_span(
            "row", context=_NO_PARENT, attributes=attributes, start_time=_start_ns(requests)
        )
        if span.is_recording():
            self._make_below(span, requests)
            self.made += (1 + len(requests)) if span.get_span_context().trace_flags.sampled else 0
        if record.error_code:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end_time=_ns(max(each.result.ended for each in requests)))

    def _make_below(self, row: Span, requests: Sequence[RequestRecord]) -> None:
        context = set_span_in_context(row, _NO_PARENT)
        for each in requests:
            result = each.result
            name, attributes = self._requests[each.step]
            span = self._tracer.start_span(
                name,
                context=context,
                kind=SpanKind.CLIENT,
                attributes={**attributes, **_result_attributes(each)},
                start_time=_ns(result.due if result.sent is None else result.sent),
            )
            if error_type(result):
                span.set_status(Status(StatusCode.ERROR))
            span.end(end_time=_ns(result.ended))


def _result_attributes(record: RequestRecord) -> Attributes:
    result = record.result
    attributes: Attributes = {_VERDICT: result.verdict.value}
    if result.http_status is not None:
        attributes[HTTP_RESPONSE_STATUS_CODE] = result.http_status
    if record.attempt > 1:
        attributes[HTTP_REQUEST_RESEND_COUNT] = record.attempt - 1
    if kind := error_type(result):
        attributes[ERROR_TYPE] = kind
    if result.error_code:
        attributes[_TWILIO_CODE] = result.error_code
    if result.twilio_request_id:
        attributes[_TWILIO_REQUEST] = result.twilio_request_id
    if result.sent is not None:
        attributes[_DELAY] = max(result.sent - result.due, 0.0)
    return attributes


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {urlsplit(endpoint.url).path}"


def _start_ns(requests: Sequence[RequestRecord]) -> int:
    """Return when the first request was due: waiting for one's turn is part of how long a row takes."""
    first = requests[0].result
    return _ns(first.due if first.sent is None else min(first.due, first.sent))


def _ns(unix_s: float) -> int:
    """Return nanoseconds; a float of Unix seconds is precise to a quarter of a microsecond."""
    return round(unix_s * _US) * _NS_PER_US
