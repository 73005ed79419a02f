"""Figures as Prometheus text, as the node exporter's textfile collector reads it."""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.models import Counts

_PREFIX = "provisioner_load"
_QUANTILES = {"p50": "0.5", "p90": "0.9", "p95": "0.95", "p99": "0.99", "p999": "0.999", "max": "1"}
_OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")


def prometheus_text(details: Mapping[str, Any], counts: Counts | None) -> str:
    """Write what a load test's summary tells, one sample a line; latencies in seconds."""
    return "".join(f"{line}\n" for line in _lines(details, counts))


def _lines(details: Mapping[str, Any], counts: Counts | None) -> Iterator[str]:
    yield from _family("rows", "gauge", "Input rows by outcome.")
    for name in _OUTCOMES if counts else ():
        yield f'{_PREFIX}_rows{{outcome="{name}"}} {getattr(counts, name)}'
    yield from _one("offered_rows", "Rows that were due.", details.get("offered"))
    yield from _one("achieved_ratio", "Rate of successes as a share of the rate offered.", details.get("achieved"))
    for name in ("requests", "succeeded", "throttled", "late"):
        yield from _family(name, "gauge", f"Of the requests of a step: {name}.")
        for step, figures in details.get("steps", {}).items():
            yield f'{_PREFIX}_{name}{{step="{step}"}} {figures[name]}'
    yield from _latencies(details)
    yield from _family("threshold_passed", "gauge", "1 where a condition of --fail-if did not come true.")
    for ruling in details.get("thresholds", ()):
        label = _label(ruling["condition"])
        yield f'{_PREFIX}_threshold_passed{{condition="{label}"}} {int(ruling["passed"])}'


def _latencies(details: Mapping[str, Any]) -> Iterator[str]:
    yield from _family("latency_seconds", "gauge", "Latency of a step, since it was due and since it was sent.")
    for step, figures in details.get("steps", {}).items():
        for since in ("due", "sent"):
            found = figures[f"from_{since}"]
            for name, quantile in _QUANTILES.items():
                if found[name] is not None:
                    labels = f'step="{step}",since="{since}",quantile="{quantile}"'
                    yield f"{_PREFIX}_latency_seconds{{{labels}}} {found[name]:.6f}"


def _family(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {text}"
    yield f"# TYPE {_PREFIX}_{name} {kind}"


def _one(name: str, text: str, value: float | None) -> Iterator[str]:
    if value is not None:
        yield from _family(name, "gauge", text)
        yield f"{_PREFIX}_{name} {value}"


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
