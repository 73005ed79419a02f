"""Entry point: global options, commands imported by name, and the one place where the program ends.

``--help`` imports nothing but click: a command's module, the reader of the configuration file and the error paths
are imported when they are needed.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from provisioner import __version__

from . import COMMANDS, COMPLETION_VARIABLE, ON_END, PROGRAM_COMMANDS
from .collection import defer_collection
from .descriptors import open_missing_descriptors
from .global_options import GLOBAL_OPTIONS
from .help_pages import HELP_ALL, Example, brief, write_examples, write_options, write_variables
from .hooks import hooks


class LazyGroup(click.Group):
    """click group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands in the order of the help."""
        return [*COMMANDS, *PROGRAM_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; raise click's ``NoSuchCommand``, with similar names, for an unknown one."""
        if cmd_name in PROGRAM_COMMANDS:
            from .program_commands import program_command

            return program_command(cmd_name)
        if cmd_name not in COMMANDS:
            if ctx.resilient_parsing:
                return None
            raise click.exceptions.NoSuchCommand(cmd_name, possibilities=self.list_commands(ctx), ctx=ctx)
        found: click.Command = getattr(import_module(f"provisioner.cli.{cmd_name}"), cmd_name)
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands without importing them, the options, examples and variables."""
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items(), *PROGRAM_COMMANDS.items()])
        write_options(ctx, formatter, "Options, before or after the command", map(brief, self._options(ctx)))
        write_examples(formatter, _EXAMPLES)
        write_variables(formatter, with_address=True)

    def _options(self, ctx: click.Context) -> list[click.Option]:
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        return [*(each for each in options if each is not HELP_ALL), HELP_ALL]

    def get_help_all(self, ctx: click.Context) -> str:
        """Return the help of the program, and of each command with all its options."""
        pages = [self.get_help(ctx)]
        for name in COMMANDS:
            command: Any = self.get_command(ctx, name)
            pages.append(command.get_help_all(click.Context(command, info_name=name, parent=ctx)))
        return "\n\n\n".join(pages)


_EXAMPLES: Sequence[Example] = (
    ("See what would be sent, without an account", "provisioner check customers.csv --preset auto"),
    ("Rehearse it on this machine", "provisioner run customers.csv -o results.csv --key crm_id --simulate"),
    ("Create the WebChats; the same command resumes", "provisioner run customers.csv -o results.csv --key crm_id"),
)


@click.group(
    cls=LazyGroup,
    params=[*GLOBAL_OPTIONS, HELP_ALL],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="provisioner", message="%(prog)s %(version)s")
def cli(**_options: object) -> None:
    """Create Twilio Flex WebChats in bulk: every row accounted for, none created twice."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; an empty list of arguments shows the help.

    ``arguments`` None means ``sys.argv``; only then are missing standard descriptors opened, the exception hooks
    installed, and garbage collected later than usual.
    """
    if arguments is None:
        defer_collection()
        open_missing_descriptors()
        hooks.install()
        if COMPLETION_VARIABLE in os.environ:
            from .shell_completion import use_own_completion

            use_own_completion()
    given = sys.argv[1:] if arguments is None else list(arguments)
    ending: dict[str, str] = {}
    try:
        return int(cli.main(given or ["--help"], "provisioner", standalone_mode=False, obj=ending) or 0)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - every exit path ends in a sentence and a code
        from .exit_handling import report_error

        return report_error(error, given, on_end=ending.get(ON_END, ""))
