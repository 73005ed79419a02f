"""How fast, and how much may fail, as they are written on the command line."""

import math
import re
from dataclasses import dataclass

from provisioner.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Starts per second. ``per_second`` is ``math.inf`` for no limit; ``is_auto`` probes upward from it."""

    per_second: float
    is_auto: bool = False


_RATE = re.compile(r"(?P<count>\d+(?:\.\d+)?|\.\d+)\s*(?:/\s*(?P<unit>s|sec|m|min|h|hour))?")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600}


def parse_rate(text: str) -> Rate:
    """Read ``4/s``, ``4``, ``240/m``, ``14400/h``, fractions, ``0`` (no limit) or ``auto``.

    ``auto`` starts at Twilio's safe default of 4 a second.
    """
    if text.strip().lower() == "auto":
        return Rate(per_second=4.0, is_auto=True)
    found = _RATE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"--rate {text!r} is not a rate", cure="write it as 4/s, 240/m, 0.5/s, 0 or auto")
    per_second = float(found["count"]) / _SECONDS[found["unit"] or "s"]
    return Rate(per_second=per_second or math.inf)


@dataclass(frozen=True, kw_only=True)
class FailureLimit:
    """At how many failed rows a run stops: a count, or a share of the rows to send (0 to 1)."""

    count: int | None = None
    share: float | None = None

    def is_reached(self, failed: int, total: int) -> bool:
        """Say whether ``failed`` rows of ``total`` reach the limit."""
        limit = self.count if self.count is not None else (self.share or 0.0) * total
        return failed > 0 and failed >= limit


def parse_failure_limit(text: str) -> FailureLimit | None:
    """Read ``N`` or ``P%``; empty means no limit."""
    if not text:
        return None
    number = text.removesuffix("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 < value < math.inf or (number == text and not value.is_integer()):
        raise UsageError(
            f"--max-failures {text!r} is not a limit", cure="write a count like 50 or a share like 2%"
        )
    return FailureLimit(count=int(value)) if number == text else FailureLimit(share=value / 100)
