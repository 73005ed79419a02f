"""What makes a load test fail: ``p95(create.due) > 2s``, ``rate(error) > 1%``, ``achieved < 95%``. Pure."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.errors import UsageError

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


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of one threshold; ``value`` is None where nothing was measured."""

    threshold: Threshold
    value: float | None

    @property
    def has_failed(self) -> bool:
        """Say whether the test fails by it."""
        return self.threshold.is_met(self.value)


def parse_threshold(text: str, flag: str) -> Threshold:
    """Read one condition; ``flag`` is named in a ``UsageError``."""
    found = _TEST.fullmatch(text)
    if found is None:
        raise UsageError(f"{flag} {text!r} is not a condition", cure=_CURE)
    is_share = not found["figure"]
    if is_share != (found["unit"] == "%") and not (found["unit"] is None and float(found["bound"]) == 0):
        wanted = "a share, as 1%" if is_share else "a time, as 2s or 500ms"
        raise UsageError(f"{flag} {text!r}: the bound has to be {wanted}", cure=_CURE)
    figure = found["figure"] or found["achieved"] or f"rate({found['of']})"
    bound = float(found["bound"]) / _UNITS[found["unit"] or "s"]
    return Threshold(text.strip(), figure, found["sign"], bound, found["step"] or "", found["since"] or "")


def judge(thresholds: Sequence[Threshold], measure: Callable[[Threshold], float | None]) -> tuple[Ruling, ...]:
    """Rule on every threshold with the figure that ``measure`` finds for it."""
    return tuple(Ruling(threshold, measure(threshold)) for threshold in thresholds)
