"""Shell command that does the same as a Python call, shown as the next command."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .keyword_values import keyword_fields

_NEVER_SHOWN = frozenset({"proxy"})
"""Options that are omitted, because the address of a proxy may hold a password."""


def shell_command(command: str, arguments: Sequence[str], options: Any, given: Iterable[str]) -> str:
    """Return the quoted shell line ``provisioner COMMAND ARGUMENTS OPTIONS``.

    ``given`` are the names of the options to include, in that order; their values come from ``options``.
    """
    fields = {field.name: field for field in keyword_fields(type(options)) if field.name not in _NEVER_SHOWN}
    flags = [
        word
        for name in given
        if name in fields
        for word in _words(name, getattr(options, name), fields[name].metadata["off_flag"])
    ]
    names = [f"./{name}" if name.startswith("-") and name != "-" else name for name in arguments]
    return shlex.join(["provisioner", command, *names, *flags])


def _words(name: str, value: object, off_flag: str) -> Iterator[str]:
    flag = f"--{name.replace('_', '-')}"
    match value:
        case True:
            yield flag
        case False if off_flag:
            yield off_flag
        case False | None:
            return
        case tuple():
            for each in value:
                yield from _words(name, each, off_flag)
        case _:
            text = str(value)
            yield from [f"{flag}={text}"] if text.startswith("-") else [flag, text]
