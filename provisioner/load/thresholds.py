"""Conditions under which a load test fails, such as ``p95(create.due) > 2s`` or ``rate(error) > 1%``. Pure."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.system.printable import quoted

from .percentiles import rank
from .step_metrics import StepMetrics

_TEST = re.compile(
    r"\s*(?:(?P<share>rate)\((?P<of>error|429)\)|(?P<achieved>achieved)"
    r"|(?P<figure>p\d{1,2}(?:\.\d+)?|max|mean|min)\((?P<step>create|message)\.(?P<since>due|sent)\))"
    r"\s*(?P<sign><=|>=|<|>)\s*(?P<bound>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>ms|s|m|%)?\s*"
)
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNITS = {"ms": 1000.0, "s": 1.0, "m": 1 / 60, "%": 100.0}
"""Number of each unit in one second, or in a share of 1."""
_CURE = "write it like 'p95(create.due) > 2s', 'rate(error) > 1%' or 'achieved < 95%'"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition under which a load test fails: a figure, a comparison and a bound.

    ``figure`` is a percentile such as ``p95``, or ``mean``, ``min`` or ``max``, of the latencies of ``step``
    (``create`` or ``message``) from ``since`` (``due`` or ``sent``); ``bound`` is then in seconds. Or ``figure``
    is ``rate(error)``, ``rate(429)`` or ``achieved``; ``bound`` is then a share from 0 to 1, and ``step`` and
    ``since`` are empty. ``text`` is the condition as the user wrote it.
    """

    text: str
    figure: str
    sign: str
    bound: float
    step: str = ""
    since: str = ""

    def is_met(self, value: float | None) -> bool:
        """Return whether ``value`` meets the condition, so that the test fails; None (not measured) does not."""
        return value is not None and _SIGNS[self.sign](value, self.bound)

    def rank(self, count: int) -> int:
        """Return the rank of the figure among ``count`` latencies in ascending order, from 1; 0 for the mean."""
        match self.figure:
            case "mean":
                return 0
            case "min":
                return 1
            case "max":
                return count
            case _:
                return rank(count, float(self.figure.removeprefix("p")) / 100)


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """Result of one threshold; ``value`` is the measured figure, None if nothing was measured."""

    threshold: Threshold
    value: float | None

    @property
    def has_failed(self) -> bool:
        """Whether the test fails by this threshold."""
        return self.threshold.is_met(self.value)

    def __str__(self) -> str:
        """Return the condition with the measured value in brackets."""
        if self.value is None:
            return f"{self.threshold.text} (nothing was measured)"
        figure = f"{self.value:.3g} s" if self.threshold.step else f"{self.value * 100:.2f} %"
        return f"{self.threshold.text} ({figure})"


def parse_threshold(text: str, flag: str) -> Threshold:
    """Parse a condition such as ``p95(create.due) > 2s``. ``flag`` is the option that it came from, for messages.

    Raise ``UsageError`` when ``text`` is not a condition or the bound has the wrong unit.
    """
    found = _TEST.fullmatch(text)
    if found is None:
        raise UsageError(f"{flag} {quoted(text)} is not a condition", cure=_CURE)
    is_share = not found["figure"]
    if is_share != (found["unit"] == "%") and not (found["unit"] is None and float(found["bound"]) == 0):
        wanted = "a share, as 1%" if is_share else "a time, as 2s or 500ms"
        raise UsageError(f"{flag} {quoted(text)}: the bound has to be {wanted}", cure=_CURE)
    figure = found["figure"] or found["achieved"] or f"rate({found['of']})"
    bound = float(found["bound"]) / _UNITS[found["unit"] or "s"]
    return Threshold(text.strip(), figure, found["sign"], bound, found["step"] or "", found["since"] or "")


def evaluate_thresholds(
    thresholds: Sequence[Threshold], metrics: Mapping[str, StepMetrics], *, achieved: float | None = None
) -> tuple[ThresholdResult, ...]:
    """Return the result of every threshold, in order.

    ``metrics`` maps each step to its measurements; ``create`` is required. ``achieved`` is the achieved share of
    the rate (0 to 1), None when it was not measured; see ``achieved_share``.
    """
    return tuple(ThresholdResult(each, _figure(each, metrics, achieved)) for each in thresholds)


def _figure(threshold: Threshold, metrics: Mapping[str, StepMetrics], achieved: float | None) -> float | None:
    creation = metrics["create"]
    match threshold.figure:
        case "achieved":
            return achieved
        case "rate(error)":
            return creation.error_share
        case "rate(429)":
            return creation.throttled_share
    latencies = sorted(metrics[threshold.step].latencies(threshold.since))
    if not latencies:
        return None
    place = threshold.rank(len(latencies))
    return latencies[place - 1] if place else math.fsum(latencies) / len(latencies)
