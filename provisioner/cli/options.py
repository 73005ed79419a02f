"""Conversion of functions to commands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import click

from provisioner.models.summary import Summary
from provisioner.system.printable import printable

from .flags import sections_of
from .global_options import options_after_command
from .param_types import TYPES

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
    kind = click.Choice(choices) if choices else TYPES[of]
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
            if "verbose" in chosen and click.get_current_context().find_root().params.get("verbose"):
                chosen["verbose"] = True
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

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, the global options, and --help."""
        own = super().get_params(ctx)
        return [*own, *options_after_command(ctx, own)]

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
