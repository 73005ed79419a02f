"""Option that turns OpenTelemetry on."""

from .declaration import Options, option


class TelemetryOptions(Options):
    """Traces and metrics."""

    otel: bool = option(
        default=False,
        help_text="Export traces and metrics by OpenTelemetry to the collector of OTEL_EXPORTER_OTLP_ENDPOINT; "
        "without names or data. Needs the extra otel.",
    )
