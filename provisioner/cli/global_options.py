"""Global options, which are taken before the command and after it."""

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cache
from typing import Any

import click

from . import CONFIG
from .help_pages import write_options
from .option_sources import SourcedOption, name_of_source
from .param_types import FILE, FileParam

_LEVELS = ("debug", "info", "warning", "error")
_FORMS = ("auto", "console", "json")


def _use_config(ctx: click.Context, option: click.Parameter, path: str | None) -> None:
    """Take the options of the program, and of the command of ``ctx`` if it has one, from the file ``path``."""
    if not path or ctx.resilient_parsing:
        return
    from .config import read_config

    root = ctx.find_root()
    root.default_map = read_config(path, root.command.params, given_by=name_of_source(option, ctx))
    root.meta[CONFIG] = path
    if ctx is not root:
        ctx.default_map = root.default_map.get(ctx.info_name or "")
        _read_again(root)


def _read_again(root: click.Context) -> None:
    """Read the global options again that neither a flag nor a variable gives, after a file was named late."""
    for name in [*root.params]:
        if root.get_parameter_source(name) not in _ABOVE_FILE:
            del root.params[name]
    for each in root.command.params:
        if each.expose_value and each.name not in root.params:
            each.handle_parse_result(root, {}, [])


_ABOVE_FILE = {click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT}
"""Sources of a value that win over the configuration file."""


GLOBAL_OPTIONS: Sequence[click.Option] = (
    SourcedOption(
        ["--config"],
        envvar="PROVISIONER_CONFIG",
        metavar=FILE,
        type=FileParam(),
        help="Take options from this TOML file: a table for each command, global options above them.",
        callback=_use_config,
        is_eager=True,
        expose_value=False,
        show_envvar=True,
    ),
    SourcedOption(
        ["-q", "--quiet"],
        is_flag=True,
        envvar="PROVISIONER_QUIET",
        help="Write nothing to stderr but warnings, errors and the addresses of pages.",
        show_envvar=True,
    ),
    SourcedOption(
        ["-v", "--verbose"],
        is_flag=True,
        envvar="PROVISIONER_VERBOSE",
        help="Show more: check, run and load tell how each input was detected and where each field comes from.",
        show_envvar=True,
    ),
    SourcedOption(
        ["--log-level"],
        envvar="PROVISIONER_LOG_LEVEL",
        type=click.Choice(_LEVELS),
        default="info",
        metavar="LEVEL",
        help="Least important events to log: debug, info, warning or error.",
        show_default=True,
        show_envvar=True,
    ),
    SourcedOption(
        ["--log-format"],
        envvar="PROVISIONER_LOG_FORMAT",
        type=click.Choice(_FORMS),
        default="auto",
        metavar="FORM",
        help="Form of the log on stderr: console, json, or auto (console on a terminal, json elsewhere).",
        show_default=True,
        show_envvar=True,
    ),
    SourcedOption(
        ["--log-file"],
        envvar="PROVISIONER_LOG_FILE",
        metavar=FILE,
        type=FileParam(),
        default="",
        help="Also append the log to this file, as JSON lines.",
        show_envvar=True,
    ),
)
"""Options of the program, as they stand before the command."""


def options_after_command(ctx: click.Context, own: Sequence[click.Parameter]) -> Iterator[click.Option]:
    """Yield the global options as a command takes them after its name, but those that it declares itself.

    ``ctx`` is the context of the command and ``own`` are its parameters. A value that is given there replaces the
    one that the program has so far; variables and the configuration file are read before the command alone.
    """
    taken = {spelling for each in own for spelling in (*each.opts, *each.secondary_opts)}
    for each in () if ctx.parent is None else ctx.find_root().command.params:
        if isinstance(each, click.Option) and not taken.intersection(each.opts):
            yield _after_command(each)


@cache  # click orders the eager options by identity, so a command has to have the same ones each time
def _after_command(option: click.Option) -> click.Option:
    if option.name == "version":
        return option

    def replace(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        root, name = ctx.find_root(), param.name or ""
        if ctx.resilient_parsing or ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            return
        root.set_parameter_source(name, click.core.ParameterSource.COMMANDLINE)
        if option.callback:
            option.callback(ctx, option, value)
        if option.expose_value:
            root.params[name] = value

    late = copy(option)
    late.callback, late.expose_value = replace, False
    return late


class GlobalOptionsCommand(click.Command):
    """click command that takes the global options of the program too."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, --help, and the global options."""
        own = super().get_params(ctx)
        return [*own, *options_after_command(ctx, own)]

    def get_help_option_names(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the flags of the help, whichever context asks first: click keeps that option."""
        return ["-h", "--help"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that are the command's own, and --help."""
        own = (each for each in super().get_params(ctx) if isinstance(each, click.Option))
        write_options(ctx, formatter, "Options", own)
