"""Parsers of rates, such as ``4/s``, and of failure limits, such as ``2%``."""

import math

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import LONGEST_NUMBER, quoted

FASTEST = 100_000.0
"""Highest rate in requests per second: 20 times what one process can send, 20,000 times Twilio's limit of 5."""
SLOWEST = 1 / 86_400
"""Lowest rate in requests per second: one a day, the longest timer of an event loop. Below it, use a scheduler."""
RATES = "0.042/h (one a day) to 100,000/s"
MOST_FAILURES = 1_000_000_000
"""Most rows of a failure limit."""
LEAST_REGRESSION, MOST_REGRESSION = 0.01, 10.0
"""Bounds of ``--regress``, as shares."""
FAILURE_LIMITS = "1 to 1,000,000,000, or up to 100%"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Rate in requests per second.

    ``per_second`` is ``math.inf`` for no limit. With ``is_auto`` the pacer starts at ``per_second`` and probes
    higher rates.
    """

    per_second: float
    is_auto: bool = False


_RATE = late_pattern(r"(?P<count>\d+(?:\.\d+)?|\.\d+)\s*(?:/\s*(?P<unit>s|sec|m|min|h|hour))?")
_PERCENT = late_pattern(r"(?P<percent>\d+(?:\.\d+)?|\.\d+)\s*%")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600}


def parse_rate(text: str, flag: str = "--rate") -> Rate:
    """Return the rate written as ``4/s``, ``4``, ``240/m``, ``14400/h``, ``0.5/s``, ``0`` (no limit) or ``auto``.

    ``auto`` starts at 4 per second, below Twilio's documented limit of 5 WebChats per second. Raise
    ``UsageError``, which names ``flag``, for other texts and for a rate below ``SLOWEST`` or above ``FASTEST``.
    """
    if text.strip().lower() == "auto":
        return Rate(per_second=4.0, is_auto=True)
    found = _RATE.fullmatch(text.strip().lower())
    if found and not found["count"].strip("0."):
        return Rate(per_second=math.inf)
    per_second = float(found["count"]) / _SECONDS[found["unit"] or "s"] if found else math.nan
    if not SLOWEST <= per_second <= FASTEST:
        raise UsageError(
            f"{flag} {quoted(text, LONGEST_NUMBER)} is not a rate from {RATES}",
            cure="write it as 4/s, 240/m, 0.5/s, 0 or auto",
        )
    return Rate(per_second=per_second)


class FailureLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Number of failed rows at which a run stops: ``count`` in rows, or ``share`` (0 to 1) of the rows to send."""

    count: int | None = None
    share: float | None = None

    def is_reached(self, failed: int, total: int) -> bool:
        """Return whether ``failed`` rows of ``total`` rows to send reach the limit; 0 failed rows never do."""
        limit = self.count if self.count is not None else (self.share or 0.0) * total
        return failed > 0 and failed >= limit


def parse_failure_limit(text: str, flag: str = "--max-failures") -> FailureLimit | None:
    """Return the limit written as a count ``N`` or a share ``P%``; None, no limit, for an empty text.

    Raise ``UsageError``, which names ``flag``, for other texts and for a limit out of range.
    """
    if not text:
        return None
    number = text.removesuffix("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    is_count = number == text
    if not 0 < value <= (MOST_FAILURES if is_count else 100) or (is_count and not value.is_integer()):
        raise UsageError(
            f"{flag} {quoted(text, LONGEST_NUMBER)} is not a limit from {FAILURE_LIMITS}",
            cure="write a count like 50 or a share like 2%",
        )
    return FailureLimit(count=int(value)) if is_count else FailureLimit(share=value / 100)


REGRESSIONS = "1% to 1000%, or off"
"""Allowed values of ``--regress``."""


def parse_regression(text: str, flag: str = "--regress") -> float | None:
    """Return the share (0.2 for ``20%``) by which a figure may be worse than usual; None for ``off``.

    Raise ``UsageError``, which names ``flag``, for other texts.
    """
    text = text.strip().lower()
    if text == "off":
        return None
    found = _PERCENT.fullmatch(text)
    share = float(found["percent"]) / 100 if found else math.nan
    if not LEAST_REGRESSION <= share <= MOST_REGRESSION:
        raise UsageError(
            f"{flag} {quoted(text, LONGEST_NUMBER)} is not a limit from {REGRESSIONS}",
            cure="write a share like 20%, or off",
        )
    return share
