"""The figures of a load test for Prometheus."""

from msgspec import structs

from provisioner.errors import ExitCode
from provisioner.load import collect_metrics, load_families
from provisioner.models import AttemptRecord, Counts
from provisioner.models.metric_families import metrics_text
from provisioner.models.summary import Summary
from tests.prometheus_text import parse

CONDITION = 'p95(create.due) > 2s "or\\so"'
DETAILS = {
    "offered": 3,
    "achieved": 0.5,
    "most_in_flight": 2,
    "bytes_sent": 1_234_567,
    "bytes_received": 890,
    "steps": {
        "create": collect_metrics(
            [
                AttemptRecord(1, 1, "created", 10.0, 10.25, 11.0, 201, ""),
                AttemptRecord(2, 1, "not_processed", 10.5, 10.5, 10.6, 429, "45780"),
            ]
        ).summary()
    },
    "thresholds": [{"condition": CONDITION, "passed": False}],
}
SUMMARY = Summary(
    command="load",
    exit_code=ExitCode.THRESHOLDS,
    counts=Counts(input=4, created=1, unsent=2, invalid=1),
    details=DETAILS,
)


def value(name: str, **labels: str) -> float:
    """Return one sample of the example."""
    return parse(metrics_text(load_families(SUMMARY)))[f"provisioner_load_{name}", frozenset(labels.items())]


def test_every_figure_has_its_sample() -> None:
    """Outcomes, counts of a step, codes, both latencies, bytes to the last digit, and what came of conditions."""
    assert value("exit_code") == 99
    assert value("rows", outcome="created") == 1
    assert value("rows", outcome="unsent") == 2
    assert value("offered_rows") == 3
    assert value("achieved_ratio") == 0.5
    assert value("in_flight_peak") == 2
    assert value("bytes_sent") == 1_234_567
    assert value("requests", step="create") == 2
    assert value("succeeded", step="create") == 1
    assert value("throttled", step="create") == 1
    assert value("late", step="create") == 1
    assert value("failures", step="create", code="45780") == 1
    assert value("latency_seconds", step="create", since="due", quantile="0.95") == 1.0
    assert value("latency_seconds", step="create", since="sent", quantile="1") == 0.75
    assert value("threshold_passed", condition=CONDITION) == 0


def test_what_was_not_measured_has_no_sample() -> None:
    """A test of which nothing left still writes a sound file, without families that are empty."""
    details = DETAILS | {"achieved": None, "steps": {}, "thresholds": [{"condition": CONDITION, "passed": None}]}

    text = metrics_text(load_families(structs.replace(SUMMARY, counts=None, details=details)))

    assert {name for name, _ in parse(text)} == {
        f"provisioner_load_{name}"
        for name in ("exit_code", "offered_rows", "in_flight_peak", "bytes_sent", "bytes_received")
    }
