"""The variables of OpenTelemetry that decide which exporters there are."""

import pytest

from provisioner.errors import UsageError
from provisioner.telemetry.environment import collector_of, exports, has_credential_provider


def test_both_signals_are_exported_unless_the_environment_turns_one_off() -> None:
    """``none`` is the word for that; ``otlp`` is the usual exporter."""
    environ = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "otlp"}

    assert [exports({}, signal) for signal in ("traces", "metrics")] == [True, True]
    assert [exports(environ, signal) for signal in ("traces", "metrics")] == [False, True]


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin': --otel exports by OTLP only"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc': --otel exports by http/protobuf only",
        ),
    ],
)
def test_an_exporter_that_this_program_does_not_have_is_an_error(environ: dict[str, str], told: str) -> None:
    """The variable is named."""
    with pytest.raises(UsageError) as caught:
        exports(environ, "traces")

    assert caught.value.message == told


def test_the_protocol_of_a_signal_goes_before_the_general_one() -> None:
    """A machine may have exporters of both kinds."""
    environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}

    assert exports(environ, "traces")


def test_the_collector_is_named_without_secrets() -> None:
    """A path may be a token, and a user name, too."""
    secret = "https://user:secret@otel.example:4318/secret/v1/traces"

    assert collector_of({}, "traces") == "http://localhost:4318"
    assert collector_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"}, "metrics") == "http://a:1"
    assert (
        collector_of({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": secret}, "traces") == "https://otel.example:4318/***"
    )
    assert collector_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "user:secret@host:4318"}, "traces") == "host:4318"


def test_a_credential_provider_of_the_sdk_is_left_to_it() -> None:
    """It opens the sessions of the exporters itself."""
    assert has_credential_provider({"OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER": "gcp"})
    assert not has_credential_provider({"OTEL_EXPORTER_OTLP_HEADERS": "a=b"})
