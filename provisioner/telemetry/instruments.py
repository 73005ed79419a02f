"""Metrics of a run. Those of requests follow the conventions for HTTP clients, the others are this program's own.

Source: OpenTelemetry, https://opentelemetry.io/docs/specs/semconv/http/http-metrics/.
"""

import math

from opentelemetry.metrics import Meter
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.metrics.http_metrics import HTTP_CLIENT_REQUEST_DURATION

from provisioner.models import AttemptResult, Step
from provisioner.models.progress import Progress
from provisioner.ports.telemetry import ObservedAccount

from .row_spans import ACCOUNT, DONE, SIMULATED, STEP, Attributes, error_type, request_attributes

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0)
"""Upper bounds of the histograms in seconds: those of the conventions, and the usual timeout."""
_STATUS = "provisioner.status"


class Instruments:
    """Instruments of this program, made of one ``meter``."""

    def __init__(self, meter: Meter) -> None:
        self.duration = meter.create_histogram(
            HTTP_CLIENT_REQUEST_DURATION,
            "s",
            "Seconds from sending a request to the end of its answer or failure.",
            explicit_bucket_boundaries_advisory=BOUNDS_S,
        )
        self.delay = meter.create_histogram(
            "provisioner.request.delay",
            "s",
            "Seconds from when a request was due until it was sent.",
            explicit_bucket_boundaries_advisory=BOUNDS_S,
        )
        self.throttled = meter.create_counter(
            "provisioner.request.throttled", "{request}", "Requests that were answered 429."
        )
        self.outcomes = meter.create_counter(
            "provisioner.step.outcomes", "{row}", "Outcomes of the steps of rows, such as create."
        )
        self.look_ups = meter.create_counter(
            "provisioner.row.lookups", "{row}", "Unknown rows that were looked up, by what they are since."
        )
        self.in_flight = meter.create_gauge("provisioner.request.in_flight", "{request}", "Requests in flight.")
        self.rate = meter.create_gauge(
            "provisioner.request.rate", "{request}/s", "Requests to create a WebChat started per second, recently."
        )
        self.rate_limit = meter.create_gauge(
            "provisioner.request.rate_limit", "{request}/s", "Starts per second that are allowed at present."
        )


class AccountInstruments:
    """Records the metrics of one account."""

    def __init__(self, instruments: Instruments, account: ObservedAccount) -> None:
        self._instruments = instruments
        self._common: Attributes = {ACCOUNT: account.account_sid, SIMULATED: account.is_simulated}
        self._requests = {
            step: {**self._common, **request_attributes(endpoint, step)}
            for step, endpoint in account.endpoints.items()
        }
        self._steps = {step: {**self._common, STEP: step.value} for step in account.endpoints}

    def answered(self, step: Step, result: AttemptResult) -> None:
        """Record the result of a request; one that was never sent has no duration."""
        if result.is_throttled:
            self._instruments.throttled.add(1, self._steps[step])
        if result.sent is None:
            return
        attributes = self._requests[step]
        self._instruments.delay.record(max(result.sent - result.due, 0.0), self._steps[step])
        if result.http_status is not None:
            attributes = {**attributes, HTTP_RESPONSE_STATUS_CODE: result.http_status}
        if kind := error_type(result):
            attributes = {**attributes, ERROR_TYPE: kind}
        self._instruments.duration.record(max(result.ended - result.sent, 0.0), attributes)

    def settled(self, step: Step, status: str, error_code: str) -> None:
        """Count the outcome of a step of a row."""
        attributes = {**self._steps[step], _STATUS: status}
        if error_code and status not in DONE:
            attributes[ERROR_TYPE] = error_code
        self._instruments.outcomes.add(1, attributes)

    def resolved(self, status: str) -> None:
        """Count an unknown row that was looked up."""
        self._instruments.look_ups.add(1, {**self._common, _STATUS: status})

    def sample(self, progress: Progress) -> None:
        """Record the present rate and what is in flight."""
        self._tell(progress.in_flight, progress.rate_now)
        if math.isfinite(progress.rate_asked):
            self._instruments.rate_limit.set(progress.rate_asked, self._common)

    def end(self) -> None:
        """Record that nothing is sent any more: a gauge keeps its last value."""
        self._tell(0, 0.0)

    def _tell(self, in_flight: int, rate: float) -> None:
        self._instruments.in_flight.set(in_flight, self._common)
        self._instruments.rate.set(rate, self._common)
