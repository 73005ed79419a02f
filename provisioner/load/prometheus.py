"""Figures of a load test as metric families, for the node exporter's textfile collector."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.models.metric_families import MetricFamily, MetricSample
from provisioner.models.summary import Summary

_QUANTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99", "p999": "0.999", "max": "1"}
_OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")
_OF_A_STEP = {
    "requests": "Requests of a step that were sent.",
    "succeeded": "Rows whose step succeeded in the end, retries and look-ups included.",
    "throttled": "Requests of a step that were answered 429.",
    "late": "Requests of a step that were sent more than 100 ms after they were due.",
}


def load_families(summary: Summary) -> Iterator[MetricFamily]:
    """Yield the figures of a load test's summary; times are in seconds, what was not measured has no sample."""
    details, counts = summary.details, summary.counts
    yield _family("exit_code", "Exit code; 99: a condition was met.", [MetricSample(summary.exit_code)])
    by_outcome = [MetricSample(getattr(counts, name), {"outcome": name}) for name in _OUTCOMES if counts]
    yield _family("rows", "Input rows by outcome.", by_outcome)
    yield _family("offered_rows", "Rows that were due.", [MetricSample(details["offered"])])
    yield _family(
        "achieved_ratio", "Rate of successes as a share of the rate offered.", [MetricSample(details["achieved"])]
    )
    yield _family("in_flight_peak", "Most requests in flight at once.", [MetricSample(details["most_in_flight"])])
    for name in ("bytes_sent", "bytes_received"):
        yield _family(name, "Bytes of HTTP bodies.", [MetricSample(details[name])])
    for name, text in _OF_A_STEP.items():
        of_steps = [MetricSample(figures[name], {"step": step}) for step, figures in details["steps"].items()]
        yield _family(name, text, of_steps)
    yield _family("failures", "Requests that did not succeed, by their code.", _failures(details))
    yield _family("latency_seconds", "Latency of a step, since due and since sent.", _latencies(details))
    measured = [each for each in details["thresholds"] if each["passed"] is not None]
    rulings = [MetricSample(float(each["passed"]), {"condition": each["condition"]}) for each in measured]
    yield _family(
        "threshold_passed", "1 if a condition of --fail-if was not met; none if it was not measured.", rulings
    )


def _family(name: str, text: str, samples: Iterable[MetricSample]) -> MetricFamily:
    return MetricFamily(f"provisioner_load_{name}", text, [*samples])


def _failures(details: Mapping[str, Any]) -> Iterator[MetricSample]:
    for step, figures in details["steps"].items():
        for code, count in sorted(figures["failures"].items()):
            yield MetricSample(count, {"step": step, "code": code})


def _latencies(details: Mapping[str, Any]) -> Iterator[MetricSample]:
    for step, figures in details["steps"].items():
        for since in ("due", "sent"):
            for name, quantile in _QUANTILES.items():
                labels = {"step": step, "since": since, "quantile": quantile}
                yield MetricSample(figures[f"from_{since}"][name], labels)
