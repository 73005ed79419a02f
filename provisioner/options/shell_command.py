"""Shell commands that are shown to be typed: that of a Python call, one without an option, one on a ledger."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import PurePath
from typing import Any

from provisioner.system.addresses import masked_address, masked_links

from .keyword_values import keyword_fields

_NEVER_SHOWN = frozenset({"proxy"})
"""Options that are omitted, because the address of a proxy may hold a password."""
_TAKES_ADDRESS = {"--base-url", "--first-message", "--proxy"}
"""Options whose value, a word of its own, may begin like the address of an input and is none."""
_RUNS_LATER = {"--on-end"}
"""Options whose value is a shell command; the address of a chat's webhook in it is a secret."""
_NAMES_LEDGER = {"--ledger"}
"""Options whose value is masked also where it is part of the same word."""
_SUFFIXES = {".csv", ".jsonl"}
"""Suffixes that say how results are written."""


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
    return shlex.join(["provisioner", command, *map(_argument, arguments), *flags])


def ledger_command(command: str, ledger: object, *flags: str) -> str:
    """Return the quoted shell line ``provisioner COMMAND LEDGER FLAGS``; ``ledger`` is a location or a name."""
    return shlex.join(["provisioner", command, _argument(str(ledger)), *flags])


def export_command(ledger: object, output: str | PurePath, *flags: str) -> str:
    """Return the shell line that writes the results of a ledger to ``output``; CSV where no suffix says how."""
    is_told = PurePath(output).suffix.lower() in _SUFFIXES
    return ledger_command("export", ledger, *flags, "-o", str(output), *(() if is_told else ("--format", "csv")))


def typed_command(words: Iterable[str]) -> str:
    """Return the quoted shell line of the program with the ``words`` that were typed.

    The secrets in the addresses of inputs and ledgers are masked, and the web addresses in the shell command
    of ``--on-end``. What other options take is as it was typed.
    """
    shown, before = [], ""
    for word in words:
        is_command = before in _RUNS_LATER or word.partition("=")[0] in _RUNS_LATER
        shown.append(masked_links(word) if is_command else word if before in _TAKES_ADDRESS else _shown_word(word))
        before = word
    return shlex.join(["provisioner", *shown])


def _shown_word(word: str) -> str:
    flag, mark, value = word.partition("=")
    return f"{flag}={masked_address(value)}" if mark and flag in _NAMES_LEDGER else masked_address(word)


def _argument(name: str) -> str:
    name = masked_address(name)
    return f"./{name}" if name.startswith("-") and name != "-" else name


def without_option(command: str, option: str, options_class: Any, *, overrides: bool) -> str:
    """Return ``command``, whose options are those of ``options_class``, without one that takes a value.

    ``overrides`` says that something else than the command line gives the option a value, too: the default is
    typed then.
    """
    declared = {_flag_of(each.name): each for each in fields(options_class)}
    takes_value = {flag for flag, each in declared.items() if not isinstance(each.default, bool)}
    takes_value |= {each.metadata["short"] for each in declared.values()} - {""}
    kept: list[str] = []
    words = iter(shlex.split(command))
    for word in words:
        value = [next(words, "")] if word in takes_value else []
        if word.partition("=")[0] != _flag_of(option):
            kept += [word, *value]
    default = [_flag_of(option), str(declared[_flag_of(option)].default)] if overrides else []
    return shlex.join(kept + default)


def _flag_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _words(name: str, value: object, off_flag: str) -> Iterator[str]:
    flag = _flag_of(name)
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
            text = masked_address(str(value)) if flag in _NAMES_LEDGER else str(value)
            yield from [f"{flag}={text}"] if text.startswith("-") else [flag, text]
