"""Texts as typed JSON, for the pre-engagement values that ask for it; everything else stays text."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from provisioner.errors import UsageError
from provisioner.system.printable import quoted

from .templates import is_blank

_NUMBER = re.compile(r"-?(?P<whole>[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MOST_DATES = 4096
_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), b"true"),
    **dict.fromkeys(("false", "f", "no", "n", "0"), b"false"),
}
_read_json = msgspec.json.Decoder(msgspec.Raw).decode

Convert = Callable[[str], msgspec.Raw]
"""Writes a text, which is not blank, as JSON."""


class ConversionError(ValueError):
    """A text is not what it is meant to be; the reason does not repeat it. It stays inside this room."""


class ValueType(NamedTuple):
    """The type of a value: one of ``VALUE_TYPES``, and for dates the format they are written in, or none."""

    name: str
    format: str = ""

    def converter(self) -> Convert:
        """Return what converts a text to this kind."""
        # Dates are slow to read and come again and again.
        return lru_cache(_MOST_DATES)(_Date(self.format)) if self.name == "date" else _CONVERTERS[self.name]


def convert_members(
    members: dict[str, str | msgspec.Raw], converters: Mapping[str, Convert]
) -> list[tuple[str, str]]:
    """Convert values in place and return what is wrong, as name and reason; a wrong one is left as it was.

    A value of nothing but spaces is as good as none, and taken out.
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
    """Raise ``UsageError`` for a format that cannot tell the year, the month and the day of every date."""
    try:
        is_whole = _tells_the_year(text) and _reads_back(text)
    except (ValueError, OverflowError, re.error, DeprecationWarning):
        is_whole = False
    if not is_whole:
        raise UsageError(
            f"{origin}: {quoted(text)} is no format of whole dates",
            cure="write it like %d.%m.%Y or %m/%d/%Y %H:%M",
        )


# Dates as they stand in an export, of no zone. Both years begin on a Monday, so that no weekday tells them apart.
_EXAMPLE = datetime(2001, 11, 30)  # noqa: DTZ001
_OF_ANOTHER_YEAR = datetime(2007, 11, 30)  # noqa: DTZ001


def _tells_the_year(text: str) -> bool:
    """Say whether a format writes the year; Python 3.13 and newer warn of reading a day by one that does not."""
    return _EXAMPLE.strftime(text) != _OF_ANOTHER_YEAR.strftime(text)


def _reads_back(text: str) -> bool:
    return datetime.strptime(_EXAMPLE.strftime(text), text) == _EXAMPLE  # noqa: DTZ007 - no zone is invented


def _number(text: str) -> msgspec.Raw:
    """Keep the digits as they are written: what JSON calls a number, and nothing else."""
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


@dataclass(frozen=True, slots=True)
class _Date:
    """Reads a date of a format, or an ISO one, and writes the ISO one; a time is kept where there is one."""

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
            moment = datetime.strptime(text, self.format)  # noqa: DTZ007 - no zone is invented
        except (ValueError, OverflowError):
            return None
        return moment if _TIME_IN_FORMAT.search(self.format) else moment.date()


_TIME_IN_FORMAT = re.compile(r"%[HIcXTR]")


def _iso(text: str) -> date | None:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


_CONVERTERS: Mapping[str, Convert] = {"number": _number, "boolean": _boolean, "json": _json}
VALUE_TYPES = ("text", *_CONVERTERS, "date")
"""What a value may be declared as; ``text`` is what it is anyway."""
