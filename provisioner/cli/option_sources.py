"""Sources of the values of options, for messages: the flag, the environment variable, the configuration file."""

import os
import re
from collections.abc import Iterator

import click

from . import CONFIG

_SOURCE = click.core.ParameterSource


class SourcedOption(click.Option):
    """click option that a message about its value names by the source of the value."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Return the flag in quotes, or the environment variable where that gave the value."""
        return f"'{name_of_source(self, ctx)}'"


def name_of_source(option: click.Parameter, ctx: click.Context | None) -> str:
    """Return the environment variable that gives an option its value, else its flag in the long spelling."""
    return (ctx and _variable_of(option, ctx)) or option.opts[0]


def cure_with_sources(message: str, cure: str, ctx: click.Context) -> str:
    """Return the cure of an error, and where the options come from that it or the message names by their flags.

    What was typed as a flag needs no such hint, and a default neither.
    """
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", f"{message} {cure}"))
    hints = [
        f"{option.opts[0]} comes from {source}"
        for each in (ctx, ctx.find_root())
        for option in each.command.params
        if named.intersection((*option.opts, *option.secondary_opts))
        for source in _sources(option, each)
        if source not in message
    ]
    return "; ".join(filter(None, (cure, *hints)))


def _sources(option: click.Parameter, ctx: click.Context) -> Iterator[str]:
    if variable := _variable_of(option, ctx):
        yield variable
    elif ctx.get_parameter_source(option.name or "") is _SOURCE.DEFAULT_MAP and CONFIG in ctx.meta:
        yield ctx.meta[CONFIG]


def _variable_of(option: click.Parameter, ctx: click.Context) -> str:
    if ctx.get_parameter_source(option.name or "") is not _SOURCE.ENVIRONMENT:
        return ""
    names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
    return next((name for name in names if os.environ.get(name)), "")
