"""Parser of the timer that closes a conversation.

Source: https://www.twilio.com/docs/conversations/states-timers, and Twilio's error 50376
"""

import re

from .replies import ApiError

_DURATION = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_UNITS_S = (3600, 60, 1)
SHORTEST_S = 600
"""Shortest close timer in seconds."""


def read_timer(text: str) -> int:
    """Return an ISO 8601 duration such as ``PT10M`` in seconds.

    Raise ``ApiError`` (400) for any other text, and for less than ten minutes.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ApiError(400, 20001, "Timers.Closed must be an ISO 8601 duration")
    seconds = sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS_S, strict=True))
    if seconds < SHORTEST_S:
        raise ApiError(400, 50376, "TimeToClosed should be greater or equal to 10 minutes")
    return seconds
