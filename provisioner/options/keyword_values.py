"""Options from the keywords of a Python call and from environment variables."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn, TypeVar, get_args

from provisioner.errors import UsageError
from provisioner.system.printable import LONGEST_NUMBER, quoted

NO_KEYWORDS = frozenset({"json", "dashboard", "dashboard_public", "verbose", "on_end"})
"""Options of the terminal only. A Python caller gets a ``Summary`` back, and progress by callback."""

_O = TypeVar("_O")
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


def keyword_fields(options_class: Any) -> Iterator[Field[Any]]:
    """Yield the fields of an options class that are keywords of a Python call."""
    return (each for each in fields(options_class) if each.name not in NO_KEYWORDS)


def options_from_keywords(
    options_class: type[_O], command: str, given: Mapping[str, object], environ: Mapping[str, str]
) -> _O:
    """Return the options of ``command``: keywords win over environment variables, these over defaults.

    ``given`` maps keywords to natural Python values; None means not given. ``environ`` maps environment variables
    to texts. Raise ``UsageError`` for a keyword that the command does not have, and for a bad value.
    """
    known = {each.name: each for each in keyword_fields(options_class)}
    for name in given:
        if name not in known:
            raise UsageError(f"{command} has no option {quoted(name)}", cure=_nearest(name, known))
    chosen: dict[str, Any] = {}
    for name, field in known.items():
        if given.get(name) is not None:
            chosen[name] = read_value(field, given[name])
        elif (found := _from_environment(field, command, environ)) is not None:
            chosen[name] = found
    return options_class(**chosen)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def read_value(field: Field[Any], value: object, name: str = "") -> Any:
    """Return a Python value converted to the type of the option ``field``.

    A path may be a ``str``, a repeatable option one text or several. Raise ``UsageError`` for a value of another
    type or out of range; it names ``name``, which is the name of the field by default.
    """
    name, kinds = name or field.name, value_kinds(field)
    if isinstance(field.default, bool):
        return value if isinstance(value, bool) else _refuse(value, name, "True or False")
    if isinstance(field.default, tuple):
        several = (value,) if isinstance(value, str) else value
        if not isinstance(several, Iterable):
            return _refuse(value, name, "a text or several")
        return tuple(_text(field, each, name) for each in several)
    if Path in kinds:
        return Path(value) if isinstance(value, str | os.PathLike) else _refuse(value, name, "a path")
    if kinds & {int, float}:
        return _number(field, value, name)
    return _text(field, value, name)


def value_kinds(field: Field[Any]) -> set[Any]:
    """Return the types that a value of the option ``field`` may have, without ``NoneType``."""
    return {*(get_args(field.type) or (field.type,))} - {NoneType, Ellipsis}


def environment_names(field: Field[Any], command: str) -> list[str]:
    """Return the environment variables of an option of ``command``; the first one that is set wins."""
    return [*filter(None, (f"PROVISIONER_{command}_{field.name}".upper(), field.metadata["env"]))]


def names_in_environment(options: Any, command: str, environ: Mapping[str, str]) -> set[str]:
    """Return the names of the ``options`` of ``command`` that ``environ`` gives a value."""
    return {
        each.name
        for each in fields(options)
        if any(environ.get(name) for name in environment_names(each, command))
    }


def _from_environment(field: Field[Any], command: str, environ: Mapping[str, str]) -> Any:
    name = next((name for name in environment_names(field, command) if environ.get(name)), None)
    return None if name is None else _read_text(field, environ[name], name)


def _read_text(field: Field[Any], text: str, name: str) -> Any:
    """Convert the text of a variable; a repeatable option takes one value per line, or words if it has choices."""
    if isinstance(field.default, bool):
        word = text.strip().lower()
        return word in _TRUE if word in _TRUE | _FALSE else _refuse(text, name, "true or false")
    if isinstance(field.default, tuple):
        return read_value(field, text.split() if field.metadata["choices"] else text.split("\n"), name)
    kinds = value_kinds(field)
    try:
        value: object = int(text) if kinds == {int} else float(text) if kinds == {float} else text
    except ValueError:
        value = text
    return read_value(field, value, name)


def _number(field: Field[Any], value: object, name: str) -> Any:
    least, most, is_whole = field.metadata["least"], field.metadata["most"], int in value_kinds(field)
    is_other = isinstance(value, bool) or (is_whole and isinstance(value, float))
    if isinstance(value, int | float) and not is_other and least <= value <= most and value < math.inf:
        return value
    bounds = f"{least:g} upward" if math.isinf(most) else f"{least:,} to {most:,}"
    return _refuse(value, name, f"a {'whole ' if is_whole else ''}number from {bounds}")


def _text(field: Field[Any], value: object, name: str) -> str:
    check, choices = field.metadata["check"], field.metadata["choices"]
    if check and isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        return _refuse(value, name, "a text or a number" if check else "a text")
    if choices and value not in {*choices, *([field.default] if isinstance(field.default, str) else [])}:
        return _refuse(value, name, f"one of {', '.join(choices)}")
    if check and value:
        check(value, name)
    return value


def _refuse(value: object, name: str, wanted: str) -> NoReturn:
    raise UsageError(f"{name} {quoted(str(value), LONGEST_NUMBER)} is not {wanted}", cure=f"give {wanted}")
