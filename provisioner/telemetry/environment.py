"""Variables of OpenTelemetry that decide which exporters there are; its SDK reads all others by itself.

Source: OpenTelemetry, https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from collections.abc import Mapping

from provisioner.errors import UsageError
from provisioner.system.addresses import masked_address, masked_links
from provisioner.system.printable import quoted

_USUAL_ENDPOINT = "http://localhost:4318"
_PROTOCOL = "http/protobuf"
_OTLP, _NONE = "otlp", "none"


def exports(environ: Mapping[str, str], signal: str) -> bool:
    """Return whether a signal (``traces`` or ``metrics``) is exported; ``none`` turns it off.

    Raise ``UsageError`` for an exporter or a protocol that this program does not have.
    """
    exporter = f"OTEL_{signal.upper()}_EXPORTER"
    value = environ.get(exporter, "").strip() or _OTLP
    if value not in {_OTLP, _NONE}:
        raise UsageError(
            f"{exporter} is {quoted(value)}: --otel exports by OTLP only",
            cure=f"unset it, or set it to {_OTLP} or {_NONE}",
        )
    if value == _OTLP:
        _require_protocol(environ, signal)
    return value == _OTLP


def collector_of(environ: Mapping[str, str], signal: str) -> str:
    """Return the address to which a signal is exported, without secrets."""
    own = environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    address = own or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or _USUAL_ENDPOINT
    shown = masked_links(masked_address(address))
    return shown if "://" in shown else shown.rpartition("@")[2]


def has_credential_provider(environ: Mapping[str, str]) -> bool:
    """Return whether a plug-in of the SDK opens the sessions of the exporters."""
    names = (name for name, value in environ.items() if value)
    return any(name.startswith("OTEL_PYTHON_EXPORTER_OTLP_HTTP_") and "CREDENTIAL" in name for name in names)


def _require_protocol(environ: Mapping[str, str], signal: str) -> None:
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if value := environ.get(name, "").strip():
            if value == _PROTOCOL:
                return
            raise UsageError(
                f"{name} is {quoted(value)}: --otel exports by {_PROTOCOL} only",
                cure="unset it, and give the collector's endpoint for OTLP/HTTP, which usually has port 4318",
            )
