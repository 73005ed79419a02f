"""Option that turns OpenTelemetry on."""

from dataclasses import dataclass

from .declaration import option


@dataclass(frozen=True, kw_only=True)
class TelemetryOptions:
    """Traces and metrics."""

    otel: bool = option(
        default=False,
        help_text="Export traces and metrics by OpenTelemetry to the collector of OTEL_EXPORTER_OTLP_ENDPOINT; "
        "without names or data. Needs the extra otel.",
    )
