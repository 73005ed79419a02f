"""Conversion of texts to typed JSON, for pre-engagement values whose rule declares a type; others stay texts."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from provisioner.errors import UsageError
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

from .templates import is_blank

_NUMBER = late_pattern(r"-?(?P<whole>[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MOST_DATES = 4096
_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), b"true"),
    **dict.fromkeys(("false", "f", "no", "n", "0"), b"false"),
}
_read_json = msgspec.json.Decoder(msgspec.Raw).decode

Convert = Callable[[str], msgspec.Raw]
"""Function that converts a text, which is not blank, to JSON; raises ``ConversionError``."""


class ConversionError(ValueError):
    """Raised when a text cannot be converted; the message does not repeat the text. Caught in this package."""


class ValueType(NamedTuple):
    """Type of a value: ``name`` is one of ``VALUE_TYPES``.

    ``format`` is the ``strptime`` format of a date; when empty, only ISO dates are accepted.
    """

    name: str
    format: str = ""

    def converter(self) -> Convert:
        """Return the function that converts a text to this type; not for ``text``, which has none."""
        # Parsing dates is slow, and the same dates occur many times.
        return lru_cache(_MOST_DATES)(_Date(self.format)) if self.name == "date" else _CONVERTERS[self.name]


def convert_members(
    members: dict[str, str | msgspec.Raw], converters: Mapping[str, Convert]
) -> list[tuple[str, str]]:
    """Convert the values of ``members`` in place and return (name, reason) for each that cannot be converted.

    Such a value is not changed. A blank value is removed.
    """
    faults = []
    for name, convert in converters.items():
        text = members.get(name)
        if not isinstance(text, str):
            continue
        if is_blank(text):
            del members[name]
            continue
        try:
            members[name] = convert(text.strip())
        except ConversionError as error:
            faults.append((name, str(error)))
    return faults


def check_format(text: str, origin: str) -> None:
    """Raise ``UsageError`` unless a ``strptime`` format holds the year, the month and the day.

    ``origin`` is the position in the mapping file, for the message.
    """
    try:
        is_whole = _tells_the_year(text) and _reads_back(text)
    except (ValueError, OverflowError, re.error, DeprecationWarning):
        is_whole = False
    if not is_whole:
        raise UsageError(
            f"{origin}: {quoted(text)} is not a date format with year, month and day",
            cure="write it like %d.%m.%Y or %m/%d/%Y %H:%M",
        )


# Dates in exports have no time zone. Both years begin on a Monday, so that a weekday cannot distinguish them.
_EXAMPLE = datetime(2001, 11, 30)  # noqa: DTZ001
_OF_ANOTHER_YEAR = datetime(2007, 11, 30)  # noqa: DTZ001


def _tells_the_year(text: str) -> bool:
    """Return whether a format holds the year; Python 3.13 and newer warn when one without a year is parsed."""
    return _EXAMPLE.strftime(text) != _OF_ANOTHER_YEAR.strftime(text)


def _reads_back(text: str) -> bool:
    return datetime.strptime(_EXAMPLE.strftime(text), text) == _EXAMPLE  # noqa: DTZ007 - no time zone is known


def _number(text: str) -> msgspec.Raw:
    """Return a text that is a JSON number, digit for digit."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ConversionError("is not a number as JSON writes it, like 12, -3.50 or 1e6")
    if len(found["whole"]) > 1 and found["whole"].startswith("0"):
        raise ConversionError("has leading zeros, which no JSON number has: leave its type out to send it as text")
    return msgspec.Raw(text)


def _boolean(text: str) -> msgspec.Raw:
    word = _WORDS.get(text.casefold())
    if word is None:
        raise ConversionError("is neither true nor false, yes nor no, 1 nor 0")
    return msgspec.Raw(word)


def _json(text: str) -> msgspec.Raw:
    try:
        _read_json(text)
        return msgspec.Raw(msgspec.json.format(text, indent=-1))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ConversionError("is not valid JSON") from error


class _Date(msgspec.Struct, frozen=True):
    """Converter of dates: parses ``format`` or ISO 8601 and returns ISO 8601, with the time if there is one."""

    format: str

    def __call__(self, text: str) -> msgspec.Raw:
        moment = self._formatted(text) or _iso(text)
        if moment is None:
            known = f"of the format {self.format} or as" if self.format else "as"
            raise ConversionError(f"is not a date {known} 2024-12-31")
        return msgspec.Raw(msgspec.json.encode(moment.isoformat()))

    def _formatted(self, text: str) -> date | None:
        if not self.format:
            return None
        try:
            moment = datetime.strptime(text, self.format)  # noqa: DTZ007 - no time zone is known
        except (ValueError, OverflowError):
            return None
        return moment if _TIME_IN_FORMAT.search(self.format) else moment.date()


_TIME_IN_FORMAT = late_pattern(r"%[HIcXTR]")


def _iso(text: str) -> date | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


_CONVERTERS: Mapping[str, Convert] = {"number": _number, "boolean": _boolean, "json": _json}
VALUE_TYPES = ("text", *_CONVERTERS, "date")
"""Types that a mapping file may declare for a value; ``text`` is the default."""
