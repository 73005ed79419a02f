"""Parsers of fault scripts: a TOML file, or ``NAME=PERCENT``."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .faults import WHOLE, FaultName, FaultRule, FaultScript

_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "percent": (int, float),
    "at": (list,),
    "from": (int,),
    "to": (int,),
    "seconds": (int, float),
    "retry_after": (str, int),
    "creates": (bool,),
}
_FIELDS = {"from": "first", "to": "last"}


def parse_fault(text: str) -> FaultRule:
    """Return the fault rule written as ``NAME=PERCENT``, with or without a percent sign.

    Raise ``ValueError``, with the reason, for any other text, an unknown fault, and a percentage outside 0 to 100.
    """
    name, equals, share = text.partition("=")
    try:
        percent = float(share.strip().removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not equals or not 0 <= percent <= WHOLE:
        raise ValueError(f"{text!r} is not a fault: write NAME=PERCENT, e.g. stall=2")
    return FaultRule(name=_known(name.strip()), percent=percent)


def load_faults(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> FaultScript:
    """Return the fault script in a TOML file.

    The file has an optional ``seed`` and any number of ``[[fault]]`` tables, see ``docs/simulator.md``. ``read``
    returns the bytes of the file or raises ``OSError``. Raise ``ValueError``, with the path and the reason, for a
    file that cannot be read or is not a fault script.
    """
    try:
        return _script(_read(read(path).decode()))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # Python converts no text of more than 4,300 digits to an int
        raise ValueError("holds a number that is too long") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _script(document: dict[str, Any]) -> FaultScript:
    unknown = document.keys() - {"seed", "fault"}
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}; a script has a seed and [[fault]] tables")
    seed, tables = document.get("seed", 0), document.get("fault", [])
    if not _is_of((int,), seed):
        raise ValueError("seed must be a whole number")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("write each fault as a table of its own, headed [[fault]]")
    return FaultScript(tuple(_rule(place, table) for place, table in enumerate(tables, start=1)), seed)


def _rule(place: int, table: dict[str, Any]) -> FaultRule:
    try:
        _check(table)
        values = {_FIELDS.get(key, key): value for key, value in table.items()}
        values["name"] = _known(table["name"])
        if "at" in values:
            values["at"] = frozenset(values["at"])
        elif "percent" not in values:
            values["percent"] = WHOLE
        if "retry_after" in values:
            values["retry_after"] = str(values["retry_after"])
        return FaultRule(**values)
    except ValueError as error:
        raise ValueError(f"[[fault]] number {place}: {error}") from error


def _check(table: dict[str, Any]) -> None:
    unknown = table.keys() - _KINDS.keys()
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}; known are {', '.join(_KINDS)}")
    for key, value in table.items():
        if not _is_of(_KINDS[key], value):
            raise ValueError(f"{key} has a value of the wrong kind")
    if not all(_is_of((int,), number) for number in table.get("at", [])):
        raise ValueError("at must list whole numbers")
    if "name" not in table:
        raise ValueError("it has no name")
    if not table.keys() & {"percent", "at", "from", "to"}:
        raise ValueError("say when it happens: percent, at, from or to")


def _is_of(kinds: tuple[type, ...], value: object) -> bool:
    # A TOML boolean is an int to Python.
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _known(name: str) -> FaultName:
    try:
        return FaultName(name)
    except ValueError:
        raise ValueError(f"unknown fault {name!r}; known are {', '.join(FaultName)}") from None
