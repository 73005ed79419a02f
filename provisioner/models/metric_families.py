"""Metric families, and their text in Prometheus's exposition format.

Source: Prometheus, https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Value of the ``Content-Type`` header of this text."""


class MetricKind(StrEnum):
    """Type of a metric family."""

    GAUGE = "gauge"
    """A value that may rise and fall."""
    COUNTER = "counter"
    """A number that only grows during a run; its name ends in ``_total``."""
    HISTOGRAM = "histogram"
    """Numbers of observations up to bounds; its samples have the suffixes ``_bucket``, ``_sum`` and ``_count``."""


class MetricSample(msgspec.Struct, frozen=True):
    """One value of a family. ``suffix`` follows the family's name; a value of None is not written."""

    value: float | None
    labels: Mapping[str, object] = msgspec.field(default_factory=dict)
    suffix: str = ""


class MetricFamily(msgspec.Struct, frozen=True):
    """Samples of one metric. ``text`` describes it in a sentence; a family without values is not written."""

    name: str
    text: str
    samples: Sequence[MetricSample]
    kind: MetricKind = MetricKind.GAUGE


def metrics_text(families: Iterable[MetricFamily]) -> str:
    """Return the families as text, one line for each sample."""
    return "".join(f"{line}\n" for each in families for line in _lines(each))


def _lines(family: MetricFamily) -> Iterator[str]:
    name = family.name
    lines = [
        f"{name}{each.suffix}{_labels(each.labels)} {_number(each.value)}"
        for each in family.samples
        if each.value is not None
    ]
    if lines:
        yield from (f"# HELP {name} {family.text}", f"# TYPE {name} {family.kind}", *lines)


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else f"{value:.12g}"


def _labels(labels: Mapping[str, object]) -> str:
    written = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{{{written}}}" if written else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
