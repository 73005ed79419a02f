"""Conversion of functions to commands."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import click

from provisioner.models.summary import Summary
from provisioner.options import ConnectionOptions, WorkerOptions

from .command_help import HelpfulCommand, ShortHelp
from .flags import sections_of
from .help_pages import Example
from .param_types import FILE, TYPES, FileParam

Handler = Callable[..., Summary]
_CALLING = (ConnectionOptions, WorkerOptions)
"""Options of the commands that call Twilio."""


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
    names_file = of is str and FILE in metavar
    kind = click.Choice(choices) if choices else FileParam() if names_file else TYPES[of]
    return click.Argument([name], metavar=metavar, nargs=-1 if is_many else 1, required=is_required, type=kind)


def command(
    options_class: type, *arguments: click.Argument, common: Sequence[str] = (), examples: Sequence[Example] = ()
) -> Callable[[Handler], click.Command]:
    '''Make a function the command of its own name; its docstring is the command's help.

    ``common`` are the names of the options that the short help shows, the first one first; empty shows all.
    ``examples`` are shown below them.

    The function is called with its arguments by name, with ``options``, an instance of ``options_class``, and
    with ``console``. It returns the ``Summary`` of what it did, which is printed, and whose exit code the
    program ends with; what it cannot do it raises as a ``ProvisionerError``. ::

        @command(RunOptions, argument("files", "FILE...", is_many=True))
        def run(files: tuple[str, ...], options: RunOptions, console: Console) -> Summary:
            """Create one WebChat for every row; the same command resumes."""
    '''

    def declare(function: Handler) -> click.Command:
        def callback(**given: Any) -> int:
            chosen = {each.name: given.pop(each.name) for each in fields(options_class)}
            if "verbose" in chosen and click.get_current_context().find_root().params.get("verbose"):
                chosen["verbose"] = True
            options = options_class(**{name: value for name, value in chosen.items() if value is not None})
            return _runner()(function, options=options, **given)

        sections = sections_of(function.__name__, options_class)
        return HelpfulCommand(
            function.__name__,
            callback=callback,
            help_text=function.__doc__,
            arguments=arguments,
            sections=sections,
            short=ShortHelp(common, examples, calls_twilio=issubclass(options_class, _CALLING)),
        )

    return declare


def _runner() -> Callable[..., int]:
    """Return ``run_command``, imported without what structlog imports for others."""
    from .structlog_import import import_structlog

    import_structlog()
    from .command_runner import run_command

    return run_command
