"""Lengths of time as people write them."""

import re

from provisioner.errors import UsageError

_TIME = re.compile(
    r"(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+(?:\.\d+)?)m)?(?:(?P<seconds>\d+(?:\.\d+)?)s?)?"
)
_UNITS_S = {"hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


def parse_duration(text: str, flag: str) -> float:
    """Read ``90``, ``90s``, ``5m``, ``1h30m`` as seconds; ``flag`` is named in a ``UsageError``."""
    found = _TIME.fullmatch(text.strip().lower())
    parts = {unit: float(number) for unit, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise UsageError(f"{flag} {text!r} is not a length of time", cure="write it as 90s, 5m or 1h30m")
    return sum(number * _UNITS_S[unit] for unit, number in parts.items())
