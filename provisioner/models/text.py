"""Numbers with a noun and a verb in singular or plural, durations, and rates as text."""

import math
from datetime import timedelta

_TENTHS_BELOW_S = 10
_MINUTE_S = 60
_DECIMALS_BELOW = 100
_HOURLY_BELOW = 0.01
_LONGEST_S = 3660 * 24 * 3600


def pluralize(what: str, number: int, one: str = "", many: str = "") -> str:
    """Return ``1 row`` or ``2 rows`` for the noun ``what``, followed by its verb: ``one`` or ``many``."""
    return f"{number:,} {what if number == 1 else f'{what}s'} {one if number == 1 else many}".rstrip()


def duration_text(seconds: float) -> str:
    """Return ``6.3 s`` below ten seconds, then ``52 s``, ``52:10``, ``1:56:20`` and ``2 days, 3:04:05``.

    A duration of more than ten years is ``over 10 years``.
    """
    if seconds > _LONGEST_S:
        return "over 10 years"
    if round(seconds, 1) < _TENTHS_BELOW_S:
        return f"{seconds:.1f} s"
    if round(seconds) < _MINUTE_S:
        return f"{seconds:.0f} s"
    text = str(timedelta(seconds=round(seconds)))
    return text.removeprefix("0:").removeprefix("0")


def rate_text(per_second: float) -> str:
    """Return a rate as ``0.2/s``, ``3.98/s`` or ``1,234/s``, below 0.01/s per hour, or ``no limit``."""
    if math.isinf(per_second):
        return "no limit"
    if per_second >= _DECIMALS_BELOW:
        return f"{per_second:,.0f}/s"
    if 0 < per_second < _HOURLY_BELOW:
        return f"{per_second * 3600:.2g}/h"
    return f"{per_second:.2f}".rstrip("0").rstrip(".") + "/s"
