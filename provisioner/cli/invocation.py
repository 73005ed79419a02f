"""Command name and output options, read from the raw arguments, so that they are known when parsing fails."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

import click

from provisioner.system.regular_files import read_regular

from . import COMMANDS, PROGRAM_COMMANDS

_NAMES = ChainMap(COMMANDS, PROGRAM_COMMANDS)
_WITH_VALUE = ("--config", "--log-level", "--log-format", "--log-file")


class Invocation(NamedTuple):
    """Name of the command, empty for none, and whether its end is printed as JSON and with a traceback.

    ``wants_events`` says whether stderr holds JSON lines alone.
    """

    command: str
    wants_json: bool
    wants_traceback: bool
    wants_events: bool = False


def read_invocation(arguments: Sequence[str], environ: Mapping[str, str]) -> Invocation:
    """Find the command, and whether JSON is wanted by flag, environment variable or configuration file.

    A configuration file that cannot be read is ignored here; reading it for the command reports the error.
    """
    given = list(takewhile(lambda argument: argument != "--", arguments))
    command = _command(given)
    level = _value_of("--log-level", given) or environ.get("PROVISIONER_LOG_LEVEL", "")
    wants_json = "--json" in given or bool(command and _settings_want_json(command, given, environ))
    return Invocation(
        command,
        wants_json=wants_json,
        wants_traceback=level == "debug",
        wants_events=_log_format(given, environ) == "json",
    )


def _log_format(given: Sequence[str], environ: Mapping[str, str]) -> object:
    told = _value_of("--log-format", given) or environ.get("PROVISIONER_LOG_FORMAT", "")
    config = _config(given, environ)
    return told or config.get("log-format", config.get("log_format"))


def _settings_want_json(command: str, given: Sequence[str], environ: Mapping[str, str]) -> bool:
    told = environ.get(f"PROVISIONER_{command.upper()}_JSON", "")
    if told:
        return bool(click.BOOL.str_to_bool(told))
    table = _config(given, environ).get(command)
    return isinstance(table, dict) and table.get("json") is True


def _command(given: Sequence[str]) -> str:
    words = pairwise(("", *given))
    return next((word for before, word in words if word in _NAMES and before not in _WITH_VALUE), "")


def _value_of(flag: str, given: Sequence[str]) -> str:
    """Return the value of an option, the last one if it is given several times; empty without one."""
    found = ""
    for word, following in pairwise((*given, "")):
        if word == flag:
            found = following
        elif word.startswith(f"{flag}="):
            found = word.removeprefix(f"{flag}=")
    return found


def _config(given: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the content of the configuration file; nothing without one, and for one that cannot be read."""
    path = _value_of("--config", given) or environ.get("PROVISIONER_CONFIG", "")
    if not path:
        return {}
    import tomllib

    try:
        return tomllib.loads(read_regular(path).decode())
    except (OSError, ValueError, RecursionError):
        return {}
