"""Parser of the timers that make a conversation inactive and close it.

Sources: https://www.twilio.com/docs/conversations/states-timers, and Twilio's errors 50375, 50376, 50379 and 50380
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .replies import ApiError

_DURATION = re.compile(r"P(?=.)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII)
_UNITS_S = (86400, 3600, 60, 1)
LONGEST_S = 100 * 365 * 86400
"""Longest timer in seconds. Twilio documents none; this keeps its end within the years that dates can have."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer of a conversation: its field, its name in Twilio's messages, its shortest time and its two codes."""

    field: str
    name: str
    shortest_s: int
    shortest: str
    too_short: int
    malformed: int


INACTIVE = Timer("Timers.Inactive", "TimeToInactive", 60, "1 minute", 50375, 50379)
CLOSED = Timer("Timers.Closed", "TimeToClosed", 600, "10 minutes", 50376, 50380)


def read_timer(form: Mapping[str, str], timer: Timer) -> int | None:
    """Return an ISO 8601 duration such as ``PT10M`` in seconds, 0 for no timer, and None if it is not given.

    Raise ``ApiError`` (400) for any other text, and for a time that is too short or longer than a century.
    """
    if timer.field not in form:
        return None
    found = _DURATION.fullmatch(form[timer.field])
    if found is None:
        raise ApiError(400, timer.malformed, f"{timer.name} format is invalid")
    seconds = sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS_S, strict=True))
    if 0 < seconds < timer.shortest_s:
        raise ApiError(400, timer.too_short, f"{timer.name} should be greater or equal to {timer.shortest}")
    if seconds > LONGEST_S:
        raise ApiError(400, timer.malformed, f"{timer.name} is longer than a century")
    return seconds
