"""Configuration file: TOML, with the global options first and then a table of options for each command."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import click

from provisioner.errors import UsageError
from provisioner.options import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    LoadOptions,
    MappingCommandOptions,
    ReconcileOptions,
    ReportOptions,
    RunOptions,
    SimulateOptions,
    StatusOptions,
    WorkerOptions,
)
from provisioner.options.toml_documents import parse_toml
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import shortened
from provisioner.system.regular_files import Streams, read_regular

from .flags import sections_of
from .param_types import FloatParam, IntParam

TABLES: Mapping[str, type[Any]] = {
    "check": CheckOptions,
    "run": RunOptions,
    "worker": WorkerOptions,
    "status": StatusOptions,
    "export": ExportOptions,
    "reconcile": ReconcileOptions,
    "mapping": MappingCommandOptions,
    "report": ReportOptions,
    "load": LoadOptions,
    "close": CloseOptions,
    "simulate": SimulateOptions,
}
"""Options class of each command. The whole file is checked, whichever command it is read for."""


def read_config(path: str, global_options: Sequence[click.Parameter], *, given_by: str) -> dict[str, Any]:
    """Return the options in the TOML file ``path`` as click's ``default_map``; ``given_by`` names the path.

    Raise ``UsageError``, with the file and the key, for a file that cannot be read, is not UTF-8 or not TOML, and
    for an unknown option or a value that an option cannot have.
    """
    document = _load(path, given_by)
    tables = {name: document.pop(name) for name in TABLES if name in document}
    flags = [each for each in global_options if isinstance(each, click.Option) and each.expose_value]
    chosen = _values(f"{path}: ", document, flags)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"{path}: {name} is not a TOML table", cure=f"write [{name}] and its options below")
        chosen[name] = _values(f"{path}: {name}.", table, _flags_of(name))
    return chosen


def _load(path: str, given_by: str) -> dict[str, Any]:
    try:
        text = read_regular(path, streams=Streams.INHERITED).decode()
    except OSError as error:
        raise UsageError(
            f"{path}: {os_reason(error)}", cure=f"name a file that can be read with {given_by}"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text", cure="save the file as UTF-8") from error
    return parse_toml(text, path, cure_of_number="write one of at most 19 digits")


def _flags_of(command: str) -> list[click.Option]:
    return [flag for section in sections_of(command, TABLES[command]).values() for flag in section]


def _values(place: str, table: Mapping[str, Any], flags: Iterable[click.Option]) -> dict[str, Any]:
    known = {flag.name: flag for flag in flags}
    values = {}
    for key, value in table.items():
        flag = known.get(key.replace("-", "_"))
        if flag is None:
            raise UsageError(f"{place}{shortened(key)} is unknown", cure=_nearest(key, value, known))
        values[flag.name] = _value(f"{place}{key}", flag, value)
    return values


def _nearest(key: str, value: object, known: Iterable[str]) -> str:
    names = [name.replace("_", "-") for name in (TABLES if isinstance(value, dict) else known)]
    near = get_close_matches(key.replace("_", "-"), names, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(names))}"


def _value(place: str, flag: click.Option, value: object) -> Any:
    if not flag.multiple:
        return _single(place, flag, value)
    return tuple(_single(place, flag, each) for each in (value if isinstance(value, list) else [value]))


def _single(place: str, flag: click.Option, value: object) -> Any:
    kinds, wanted = _KINDS.get(type(flag.type), _TEXT)
    if type(value) not in kinds:
        raise UsageError(f"{place} must be {wanted}", cure="fix the configuration file")
    given = str(value) if wanted == _TEXT[1] else value
    try:
        flag.type.convert(given, flag, None)
    except UsageError as error:
        raise UsageError(f"{place}: {error.message}", cure=error.cure) from error
    except click.UsageError as error:
        raise UsageError(f"{place}: {error.message.rstrip('.')}", cure="fix the configuration file") from error
    return given


_TEXT = ((str, int, float), "a text")
_KINDS: Mapping[type, tuple[tuple[type, ...], str]] = {
    click.types.BoolParamType: ((bool,), "true or false"),
    IntParam: ((int,), "a whole number"),
    FloatParam: ((int, float), "a number"),
}
