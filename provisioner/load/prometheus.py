"""Figures of a load test in Prometheus's text format, for the node exporter's textfile collector."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.models.summary import Summary

_PREFIX = "provisioner_load"
_QUANTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99", "p999": "0.999", "max": "1"}
_OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")
_OF_A_STEP = {
    "requests": "Requests of a step that were sent.",
    "succeeded": "Rows whose step succeeded in the end, retries and look-ups included.",
    "throttled": "Requests of a step that were answered 429.",
    "late": "Requests of a step that were sent more than 100 ms after they were due.",
}

_Sample = tuple[Mapping[str, object], float | None]


def prometheus_text(summary: Summary) -> str:
    """Return the figures of a load test's summary as Prometheus text: one sample per line, times in seconds."""
    return "".join(f"{line}\n" for line in _lines(summary))


def _lines(summary: Summary) -> Iterator[str]:
    details, counts = summary.details, summary.counts
    yield from _family("exit_code", "Exit code; 99: a condition of --fail-if was met.", summary.exit_code)
    by_outcome = [({"outcome": name}, getattr(counts, name)) for name in _OUTCOMES if counts]
    yield from _samples("rows", "Input rows by outcome.", by_outcome)
    yield from _family("offered_rows", "Rows that were due.", details["offered"])
    yield from _family("achieved_ratio", "Rate of successes as a share of the rate offered.", details["achieved"])
    yield from _family("in_flight_peak", "Most requests in flight at once.", details["most_in_flight"])
    for name in ("bytes_sent", "bytes_received"):
        yield from _family(name, "Bytes of HTTP bodies.", details[name])
    for name, text in _OF_A_STEP.items():
        of_steps = [({"step": step}, figures[name]) for step, figures in details["steps"].items()]
        yield from _samples(name, text, of_steps)
    yield from _samples("failures", "Requests that did not succeed, by their code.", _failures(details))
    yield from _samples("latency_seconds", "Latency of a step, since due and since sent.", _latencies(details))
    measured = [each for each in details["thresholds"] if each["passed"] is not None]
    rulings = [({"condition": each["condition"]}, float(each["passed"])) for each in measured]
    yield from _samples(
        "threshold_passed", "1 if a condition of --fail-if was not met; none if it was not measured.", rulings
    )


def _failures(details: Mapping[str, Any]) -> Iterator[_Sample]:
    for step, figures in details["steps"].items():
        for code, count in sorted(figures["failures"].items()):
            yield {"step": step, "code": code}, count


def _latencies(details: Mapping[str, Any]) -> Iterator[_Sample]:
    for step, figures in details["steps"].items():
        for since in ("due", "sent"):
            for name, quantile in _QUANTILES.items():
                yield {"step": step, "since": since, "quantile": quantile}, figures[f"from_{since}"][name]


def _family(name: str, text: str, value: float | None) -> Iterator[str]:
    yield from _samples(name, text, [({}, value)])


def _samples(name: str, text: str, samples: Iterable[_Sample]) -> Iterator[str]:
    """Yield the lines of one metric family; a value of None has no sample."""
    lines = [f"{_PREFIX}_{name}{_labels(labels)} {value:.12g}" for labels, value in samples if value is not None]
    if lines:
        yield from (f"# HELP {_PREFIX}_{name} {text}", f"# TYPE {_PREFIX}_{name} gauge", *lines)


def _labels(labels: Mapping[str, object]) -> str:
    written = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{{{written}}}" if written else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
