"""Dates, times and durations of Parquet as texts in ISO 8601."""

from collections.abc import Sequence
from typing import Any

from pyarrow import ArrowInvalid, int64, string, timestamp

_OUT_OF_RANGE = "<value out of range"
_PER_SECOND = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Digits of a second's fraction, by unit."""
_ZONE_SIZE = 5


def time_texts(array: Any) -> Sequence[str | None]:
    """Return dates, times of day or time stamps as texts; one that no calendar has is empty.

    A time stamp with a zone has that zone's offset; where the zone is not known on this machine it is in UTC.
    """
    try:
        spelt = array.cast(string())
    except ArrowInvalid:
        if not getattr(array.type, "tz", None):
            raise
        spelt = array.cast(timestamp(array.type.unit, "UTC")).cast(string())
    return [text and _iso(text) for text in spelt.to_pylist()]


def duration_texts(array: Any) -> Sequence[str | None]:
    """Return durations as texts, in seconds: ``PT90.5S``."""
    digits = _PER_SECOND[array.type.unit]
    return [None if value is None else _duration(value, digits) for value in array.cast(int64()).to_pylist()]


def _iso(text: str) -> str:
    """Bring what Arrow writes, ``2026-01-31 10:30:00.500000+0100``, into the form of ISO 8601."""
    if text.startswith(_OUT_OF_RANGE):
        return ""
    moment, zone = text, ""
    if text.endswith("Z"):
        moment, zone = text[:-1], "Z"
    elif " " in text and text[-_ZONE_SIZE] in "+-":
        moment, zone = text[:-_ZONE_SIZE], f"{text[-_ZONE_SIZE:-2]}:{text[-2:]}"
    if "." in moment:
        moment = moment.rstrip("0").removesuffix(".")
    return moment.replace(" ", "T") + zone


def _duration(value: int, digits: int) -> str:
    whole, rest = divmod(abs(value), 10**digits)
    fraction = f".{rest:0{digits}}".rstrip("0") if rest else ""
    return f"{'-' if value < 0 else ''}PT{whole}{fraction}S"
