"""Conditions under which a load test fails, such as ``p95(create.due) > 2s`` or ``rate(error) > 1%``. Pure."""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

from .percentiles import rank
from .step_metrics import StepMetrics

_TEST = late_pattern(
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
_WITHOUT_STEP = late_pattern(
    r"\s*(?P<figure>p\d{1,2}(?:\.\d+)?|max|mean|min)\s*(?P<step>\([^()]*\))?\s*(?P<test>[<>].*)", re.DOTALL
)
"""A latency whose step is missing or unknown."""
_CURE = "write it like 'p95(create.due) > 2s', 'rate(error) > 1%' or 'achieved < 95%'"
_EXAMPLE = "p95(create.due) > 2s"


_FAILS = {"<": "below {}", "<=": "at {} and below", ">": "above {}", ">=": "at {} and above"}
MOST_DIGITS = 12
"""Digits that are added to a figure to tell it from its bound."""


class Threshold(msgspec.Struct, frozen=True):
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

    @property
    def name(self) -> str:
        """Name of the figure, such as ``p95(create.due)`` or ``rate(error)``."""
        return f"{self.figure}({self.step}.{self.since})" if self.step else self.figure

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


class ThresholdResult(msgspec.Struct, frozen=True):
    """Result of one threshold; ``value`` is the measured figure, None if nothing was measured."""

    threshold: Threshold
    value: float | None

    @property
    def has_failed(self) -> bool:
        """Whether the test fails by this threshold."""
        return self.threshold.is_met(self.value)

    @property
    def has_passed(self) -> bool | None:
        """Whether the test passes by this threshold; None when the figure was not measured."""
        return None if self.value is None else not self.has_failed

    def __str__(self) -> str:
        """Return the condition with the measured value in brackets."""
        return f"{self.threshold.text} ({self._value_text})"

    @property
    def sentence(self) -> str:
        """The measured figure with the bound, such as ``p95(create.due) 19 ms (fails above 2 s)``."""
        threshold = self.threshold
        bound = _FAILS[threshold.sign].format(_written(threshold.bound, is_time=bool(threshold.step)))
        return f"{threshold.name} {self._value_text} (fails {bound})"

    @property
    def _value_text(self) -> str:
        if self.value is None:
            return "not measured"
        is_time = bool(self.threshold.step)
        texts = [_written(self.value, is_time=is_time, more=more) for more in range(MOST_DIGITS)]
        bound = _written(self.threshold.bound, is_time=is_time)
        # A figure just beyond its bound is not to look like the bound.
        return next((text for text in texts if text != bound), texts[0])


def parse_threshold(text: str, flag: str) -> Threshold:
    """Parse a condition such as ``p95(create.due) > 2s``. ``flag`` is the option that it came from, for messages.

    Raise ``UsageError`` when ``text`` is not a condition or the bound has the wrong unit.
    """
    found = _TEST.fullmatch(text)
    if found is None:
        raise _not_a_condition(text, flag)
    is_share = not found["figure"]
    if is_share != (found["unit"] == "%") and not (found["unit"] is None and float(found["bound"]) == 0):
        wanted = "a share, as 1%" if is_share else "a time, as 2s or 500ms"
        raise UsageError(f"{flag} {quoted(text)}: the bound has to be {wanted}", cure=_CURE)
    figure = found["figure"] or found["achieved"] or f"rate({found['of']})"
    bound = float(found["bound"]) / _UNITS[found["unit"] or "s"]
    return Threshold(text.strip(), figure, found["sign"], bound, found["step"] or "", found["since"] or "")


def describe_result(condition: str, value: float | None) -> str:
    """Return the sentence of a stored result; only its condition when this version does not know that."""
    try:
        return ThresholdResult(parse_threshold(condition, "--fail-if"), value).sentence
    except UsageError:
        return condition


def _not_a_condition(text: str, flag: str) -> UsageError:
    found = _WITHOUT_STEP.fullmatch(text)
    if found is None:
        return UsageError(f"{flag} {quoted(text)} is not a condition", cure=_CURE)
    own = f"{found['figure']}(create.due) {found['test'].strip()}"
    is_example = _TEST.fullmatch(own) and "%" not in own and "." not in (found["step"] or "")
    return UsageError(
        f"{flag} {quoted(text)} names none of the steps: create or message, each from due or from sent",
        cure=f"write it like '{own if is_example else _EXAMPLE}', or with create.sent, message.due, message.sent",
    )


def _written(value: float, *, is_time: bool, more: int = 0) -> str:
    """Return a latency (seconds) or a share (0 to 1) as text, with ``more`` decimals than usual."""
    if not is_time:
        number, unit, decimals = value * 100, "%", 2
    elif value < 1:
        number, unit = value * 1000, "ms"
        decimals = max(0, 2 - _digits_before_point(number))
    else:
        number, unit = value, "s"
        decimals = max(0, 3 - _digits_before_point(number))
    text = f"{number:,.{decimals + more}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def _digits_before_point(number: float) -> int:
    """Return how many digits a number has before its decimal point; below 0.1 it is negative, for the zeros."""
    return math.floor(math.log10(number)) + 1 if number else 1


def evaluate_thresholds(
    thresholds: Sequence[Threshold],
    metrics: Mapping[str, StepMetrics],
    *,
    achieved: float | None = None,
    is_over: bool = True,
) -> tuple[ThresholdResult, ...]:
    """Return the result of every threshold, in order.

    ``metrics`` maps each step to its measurements; ``create`` is required. ``achieved`` is the achieved share of
    the rate (0 to 1), None when it was not measured; see ``achieved_share``. While the test runs (``is_over`` is
    False), rows that will be sent again are no errors yet.
    """
    return tuple(ThresholdResult(each, _figure(each, metrics, achieved, is_over=is_over)) for each in thresholds)


def _figure(
    threshold: Threshold, metrics: Mapping[str, StepMetrics], achieved: float | None, *, is_over: bool
) -> float | None:
    creation = metrics["create"]
    match threshold.figure:
        case "achieved":
            return achieved
        case "rate(error)":
            return creation.error_share if is_over else creation.error_share_so_far
        case "rate(429)":
            return creation.throttled_share
    latencies = sorted(metrics[threshold.step].latencies(threshold.since))
    if not latencies:
        return None
    place = threshold.rank(len(latencies))
    return latencies[place - 1] if place else math.fsum(latencies) / len(latencies)
