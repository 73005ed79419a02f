"""Checks of the parameters that several endpoints take.

Source: https://www.twilio.com/docs/conversations/conversations-limits
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from .replies import ApiError

MOST_DIGITS = 15
"""Most digits of a whole number that is read."""


def refuse_fields(fields: Mapping[str, str], names: frozenset[str]) -> None:
    """Raise ``ApiError`` (400) for a field of Twilio that the simulator does not have, so that it is not lost."""
    for name in sorted(names & fields.keys()):
        raise ApiError(400, 20001, f"The simulator does not have {name}")


def check_length(fields: Mapping[str, str], name: str, most: int) -> None:
    """Raise ``ApiError`` (400) for a text of more than ``most`` characters."""
    if len(fields.get(name, "")) > most:
        raise ApiError(400, 20001, f"{name} is longer than {most} characters")


def check_attributes(fields: Mapping[str, str], most_bytes: int) -> None:
    """Raise ``ApiError`` (400) for ``Attributes`` that are no JSON or take more than ``most_bytes`` of UTF-8."""
    text = fields.get("Attributes")
    if text is None:
        return
    if len(text.encode()) > most_bytes:
        raise ApiError(400, 20001, f"Attributes exceed {most_bytes // 1024} KB")
    if not is_json(text):
        raise ApiError(400, 20001, "Attributes are not valid JSON")


def is_json(text: str) -> bool:
    """Return whether a text is valid JSON."""
    try:
        # Numbers stay text, because Python's limits on numbers are not limits of JSON.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def read_moment(fields: Mapping[str, str], name: str) -> datetime | None:
    """Return an ISO 8601 date in UTC, without a time zone taken as UTC, in whole seconds; None if not given.

    Raise ``ApiError`` (400) for another text, and for a date outside the years 1 to 9999 of UTC.
    """
    text = fields.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=0).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ApiError(400, 20001, f"{name} must be an ISO 8601 date") from None


def read_whole_number(text: str) -> int:
    """Return a whole number of ASCII digits; raise ``ValueError`` for any other text and for a very long one."""
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise ValueError(text)
    return int(text)
