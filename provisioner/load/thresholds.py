"""What makes a load test fail: ``p95(create.due) > 2s``, ``rate(error) > 1%``, ``achieved < 95%``. Pure."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.system.printable import quoted

from .percentiles import rank
from .step_metrics import StepMetrics

STEPS = ("create", "message")
SINCE = ("due", "sent")
SHARES = ("error", "429")

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
"""How many of a unit make a second, or a whole."""
_CURE = "write it like 'p95(create.due) > 2s', 'rate(error) > 1%' or 'achieved < 95%'"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition under which a test fails.

    ``figure`` is ``p95`` (any percentile), ``mean``, ``min``, ``max`` of the latencies of ``step`` from ``since``,
    or ``rate(error)``, ``rate(429)``, ``achieved``, which are shares from 0 to 1 and have neither. ``bound`` is in
    seconds or a share.
    """

    text: str
    figure: str
    sign: str
    bound: float
    step: str = ""
    since: str = ""

    def is_met(self, value: float | None) -> bool:
        """Say whether the test fails by this figure; one that was not measured fails nothing."""
        return value is not None and _SIGNS[self.sign](value, self.bound)

    def rank(self, count: int) -> int:
        """Return which of ``count`` latencies it is about, from 1, the shortest first; 0 for the mean of all."""
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
    """What came of one threshold; ``value`` is None where nothing was measured."""

    threshold: Threshold
    value: float | None

    @property
    def has_failed(self) -> bool:
        """Say whether the test fails by it."""
        return self.threshold.is_met(self.value)

    def __str__(self) -> str:
        """Render the condition with its figure."""
        if self.value is None:
            return f"{self.threshold.text} (nothing was measured)"
        figure = f"{self.value:.3g} s" if self.threshold.step else f"{self.value * 100:.2f} %"
        return f"{self.threshold.text} ({figure})"


def parse_threshold(text: str, flag: str) -> Threshold:
    """Read one condition; ``flag`` is named in a ``UsageError``."""
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
    """Rule on every threshold by what was measured of each step."""
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
