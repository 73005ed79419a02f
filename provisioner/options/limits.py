"""How fast, and how much may fail, as they are written on the command line."""

import math
import re
from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.system.printable import LONGEST_NUMBER, quoted

FASTEST = 100_000.0
"""The highest rate in requests a second: twenty times what one process sends, and 20,000 times Twilio's limit."""
SLOWEST = 1 / 86_400
"""The lowest rate: one a day. What is slower belongs into a scheduler, and a loop's timers reach a day."""
RATES = "0.042/h (one a day) to 100,000/s"
MOST_FAILURES = 1_000_000_000
FAILURE_LIMITS = "1 to 1,000,000,000, or up to 100%"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Starts per second. ``per_second`` is ``math.inf`` for no limit; ``is_auto`` probes upward from it."""

    per_second: float
    is_auto: bool = False


_RATE = re.compile(r"(?P<count>\d+(?:\.\d+)?|\.\d+)\s*(?:/\s*(?P<unit>s|sec|m|min|h|hour))?")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600}


def parse_rate(text: str, flag: str = "--rate") -> Rate:
    """Read ``4/s``, ``4``, ``240/m``, ``14400/h``, fractions, ``0`` (no limit) or ``auto``.

    ``auto`` starts at Twilio's safe default of 4 a second. Raise ``UsageError``, which names ``flag``, for what is
    no rate, and for one below ``SLOWEST`` or above ``FASTEST``.
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


@dataclass(frozen=True, kw_only=True)
class FailureLimit:
    """At how many failed rows a run stops: a count, or a share of the rows to send (0 to 1)."""

    count: int | None = None
    share: float | None = None

    def is_reached(self, failed: int, total: int) -> bool:
        """Say whether ``failed`` rows of ``total`` reach the limit."""
        limit = self.count if self.count is not None else (self.share or 0.0) * total
        return failed > 0 and failed >= limit


def parse_failure_limit(text: str, flag: str = "--max-failures") -> FailureLimit | None:
    """Read ``N`` or ``P%``; empty means no limit. ``flag`` is named in a ``UsageError``."""
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
