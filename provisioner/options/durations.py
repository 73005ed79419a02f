"""Parsers of durations such as ``1h30m`` and ``50ms``."""

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import LONGEST_NUMBER, quoted

LONGEST_S = 366 * 24 * 3600.0
"""Longest duration in seconds: 366 days. Use a scheduler for anything longer."""
DURATIONS = "up to 366 days"
LONGEST_MS = 3600 * 1000.0
"""Longest latency or delay of the simulator in milliseconds: one hour."""
MILLISECONDS = "up to an hour"

_TIME = late_pattern(
    r"(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+(?:\.\d+)?)m)?(?:(?P<seconds>\d+(?:\.\d+)?)s?)?"
)
_UNITS_S = {"hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_MILLISECONDS = late_pattern(r"(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>ms|s)?")


def parse_duration(text: str, flag: str) -> float:
    """Return ``90``, ``90s``, ``5m`` or ``1h30m`` in seconds.

    Raise ``UsageError``, which names ``flag``, for other texts and for more than ``LONGEST_S``.
    """
    found = _TIME.fullmatch(text.strip().lower())
    parts = {unit: float(number) for unit, number in found.groupdict().items() if number} if found else {}
    seconds = sum(number * _UNITS_S[unit] for unit, number in parts.items())
    if not parts or seconds > LONGEST_S:
        raise UsageError(
            f"{flag} {quoted(text, LONGEST_NUMBER)} is not a length of time {DURATIONS}",
            cure="write it as 90s, 5m or 1h30m",
        )
    return seconds


def parse_milliseconds(text: str, flag: str) -> float:
    """Return ``50``, ``50ms`` or ``0.05s`` in milliseconds.

    Raise ``UsageError``, which names ``flag``, for other texts and for more than ``LONGEST_MS``.
    """
    found = _MILLISECONDS.fullmatch(text.strip().lower())
    number = float(found["number"]) * (1000 if found["unit"] == "s" else 1) if found else -1.0
    if not 0 <= number <= LONGEST_MS:
        raise UsageError(
            f"{flag} {quoted(text, LONGEST_NUMBER)} is not a time {MILLISECONDS}",
            cure="write milliseconds as 50 or 50ms, or seconds as 0.05s",
        )
    return number
