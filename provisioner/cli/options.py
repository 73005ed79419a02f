"""Conversion of the declarations in ``provisioner.options`` to click options, and of functions to commands."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from inspect import get_annotations
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import click

from provisioner.models.summary import Summary
from provisioner.system.printable import printable

Handler = Callable[..., Summary]


def argument(
    name: str,
    metavar: str,
    *,
    is_many: bool = False,
    is_required: bool = True,
    of: type = str,
    choices: Sequence[str] = (),
) -> click.Argument:
    """Declare a positional argument: a ``str``, a ``Path``, or one of ``choices``.

    ``is_many`` accepts one or more values, which become a tuple. One that is not required may be None.
    """
    kind = click.Choice(choices) if choices else _TYPES[of]
    return click.Argument([name], metavar=metavar, nargs=-1 if is_many else 1, required=is_required, type=kind)


def command(options_class: type, *arguments: click.Argument) -> Callable[[Handler], click.Command]:
    '''Make a function the command of its own name; its docstring is the command's help.

    The function is called with its arguments by name, with ``options``, an instance of ``options_class``, and
    with ``console``. It returns the ``Summary`` of what it did, which is printed, and whose exit code the
    program ends with; what it cannot do it raises as a ``ProvisionerError``. ::

        @command(RunOptions, argument("files", "FILE...", is_many=True))
        def run(files: tuple[str, ...], options: RunOptions, console: Console) -> Summary:
            """Create one WebChat for every row; the same command resumes."""
    '''

    def declare(function: Handler) -> click.Command:
        def callback(**given: Any) -> int:
            from .command_runner import run_command

            chosen = {each.name: given.pop(each.name) for each in fields(options_class)}
            options = options_class(**{name: value for name, value in chosen.items() if value is not None})
            return run_command(function, options=options, **given)

        sections = sections_of(function.__name__, options_class)
        return SectionedCommand(function.__name__, callback, function.__doc__, arguments, sections)

    return declare


class SectionedCommand(click.Command):
    """click command whose help lists the options under the headings of their groups."""

    def __init__(
        self,
        name: str,
        callback: Callable[..., int],
        help_text: str | None,
        arguments: Sequence[click.Argument],
        sections: Mapping[str, Sequence[click.Option]],
    ) -> None:
        flags = [flag for section in sections.values() for flag in section]
        super().__init__(name, callback=callback, help=help_text, params=[*arguments, *flags])
        self.sections = sections

    def get_help(self, ctx: click.Context) -> str:
        """Return the help with every line made printable, because defaults may come from a configuration file."""
        return "\n".join(map(printable, super().get_help(ctx).split("\n")))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each group, with --help in the last one."""
        help_option = self.get_help_option(ctx)
        for place, (title, flags) in enumerate(self.sections.items(), start=1):
            shown = [*flags, help_option] if help_option and place == len(self.sections) else flags
            records = [flag.get_help_record(ctx) for flag in shown]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record])


def sections_of(command_name: str, options_class: Any) -> dict[str, list[click.Option]]:
    """Return the options of a command by heading: its groups in order, its own, those that all commands have.

    The heading is the docstring of the group's class up to the first semicolon, without a full stop. An option
    that a command declares anew stays in the group where it was declared first.
    """
    declared = {each.name: each for each in fields(options_class)}
    *bases, last = options_class.__mro__[1:-1]
    headings = {group: group.__doc__.partition(";")[0].rstrip(".") for group in (*bases, last)}
    groups = (*bases, options_class, last)
    group_of: dict[str, type] = {}
    for group in groups:
        for name in get_annotations(group):
            group_of.setdefault(name, group)
    return {
        headings.get(group, "Options"): [
            _flag(command_name, declared[name])
            for name in get_annotations(group)
            if name in declared and group_of[name] is group
        ]
        for group in groups
        if get_annotations(group)
    }


def _flag(command_name: str, declared: Field[Any]) -> click.Option:
    meta, default = declared.metadata, declared.default
    spelling = f"--{declared.name.replace('_', '-')}"
    is_switch = isinstance(default, bool)
    spellings = [f"{spelling}/{meta['off_flag']}" if meta["off_flag"] else spelling, meta["short"]]
    names = [f"PROVISIONER_{command_name}_{declared.name}".upper(), meta["env"]]
    return Flag(
        [declared.name, *filter(None, spellings)],
        count=meta["is_counted"],
        default=default or None if meta["choices"] else default,
        envvar=[name for name in names if name],
        help=meta["help"],
        is_flag=is_switch,
        metavar=meta["metavar"] or None,
        multiple=isinstance(default, tuple),
        show_default=default is True or default not in ("", None, (), False),
        show_envvar=True,
        type=None if is_switch else _param_type(declared),
    )


def _param_type(declared: Field[Any]) -> click.ParamType[Any]:
    if declared.metadata["choices"]:
        return click.Choice(declared.metadata["choices"])
    kinds = {*(get_args(declared.type) or (declared.type,))} - {NoneType, Ellipsis}
    least, most = declared.metadata["least"], declared.metadata["most"]
    if kinds == {int}:
        return IntParam(least, most)
    if kinds == {float}:
        return FloatParam(least, most)
    if declared.metadata["check"]:
        return Checked(declared.metadata["check"], declared.metadata["span"])
    return _TYPES[kinds.pop()]


class Flag(click.Option):
    """click option whose help also shows the range of its value."""

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Return click's extra help items with the range of the value."""
        extra = super().get_help_extra(ctx)
        if span := getattr(self.type, "span", ""):
            extra["range"] = span
        return extra


class TextParam(click.types.StringParamType):
    """Text value. In an environment variable, a repeatable text has one value on each line."""

    envvar_list_splitter = "\n"


class Checked(TextParam):
    """Text value such as a rate or a duration. ``check`` parses it and raises ``UsageError`` with the flag.

    ``span`` is the allowed range, as shown in the help.
    """

    def __init__(self, check: Callable[[str, str], object], span: str) -> None:
        self._check, self.span = check, span

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; raise ``UsageError`` if ``check`` does. An empty text means not given."""
        text = str(super().convert(value, param, ctx))
        if text:
            self._check(text, param.opts[0] if param else "")
        return text


class FloatParam(click.types.FloatParamType):
    """Number from ``least`` to ``most``, neither infinite nor NaN."""

    kind = "a number"

    def __init__(self, least: float = 0, most: float = math.inf) -> None:
        self.least, self.most = least, most
        self.span = "" if math.isinf(most) else f"{least:,} to {most:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail with a click error for text that is not a number, and for one out of range."""
        try:
            number = self._read(value)
        except (ValueError, OverflowError):
            number = math.nan
        if self.least <= number <= self.most and number < math.inf:
            return number
        given, bounds = str(value)[:_MOST_SHOWN], self.span or f"{self.least:g} upward"
        return self.fail(f"{given} is not {self.kind} from {bounds}.", param, ctx)

    def _read(self, value: Any) -> float:
        return float(value)


class IntParam(FloatParam):
    """Whole number from ``least`` to ``most``."""

    name = "integer"
    kind = "a whole number"

    def _read(self, value: Any) -> float:
        return int(value)


_MOST_SHOWN = 40
"""Most characters of a refused value that a message repeats; a number may have thousands of digits."""
_TYPES: Mapping[Any, click.ParamType[Any]] = {
    str: TextParam(),
    Path: click.Path(path_type=Path),
}
