"""Times after which Twilio lets a conversation become inactive, or closes it."""

import re

from provisioner.options import parse_duration
from provisioner.system.patterns import late_pattern

SHORTEST_INACTIVE_S = 60.0
"""Shortest time in seconds until a conversation becomes inactive.

Source: Twilio, https://www.twilio.com/docs/api/errors/50375.
"""
SHORTEST_CLOSE_S = 600.0
"""Shortest time in seconds until a conversation is closed.

Source: Twilio, https://www.twilio.com/docs/api/errors/50376.
"""
_ISO = late_pattern(
    r"P(?:(?P<days>\d{1,5})D)?(?:T(?=\d)(?P<time>(?:\d{1,9}H)?(?:\d{1,9}M)?(?:\d{1,9}S)?))?", re.ASCII
)
_HOURS = 24


def parse_timer(text: str, flag: str) -> float:
    """Return ``90m``, ``1h30m`` or, in the form of ISO 8601, ``PT1H30M`` or ``P2D`` in seconds.

    Raise ``UsageError``, which names ``flag``, for other texts and for more than a year.
    """
    found = _ISO.fullmatch(text.strip().upper())
    days, time = (found["days"], found["time"]) if found else ("", "")
    if not (days or time):
        return parse_duration(text, flag)
    seconds = parse_duration(f"{_HOURS * int(days or 0)}h", flag)
    return seconds + (parse_duration(time, flag) if time else 0.0)
