"""The timer that would close a conversation, as requests write it.

Source: https://www.twilio.com/docs/conversations/states-timers, and error 50376
"""

import re

from .replies import ApiError

_DURATION = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_UNITS_S = (3600, 60, 1)
SHORTEST_S = 600


def read_timer(text: str) -> int:
    """Read an ISO 8601 duration like ``PT10M`` as seconds; refuse what is none, and less than ten minutes."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ApiError(400, 20001, "Timers.Closed must be an ISO 8601 duration")
    seconds = sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS_S, strict=True))
    if seconds < SHORTEST_S:
        raise ApiError(400, 50376, "TimeToClosed should be greater or equal to 10 minutes")
    return seconds
