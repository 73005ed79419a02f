"""The commands about the program itself: ``provisioner completion`` and ``provisioner help``."""

from typing import Literal, cast

import click
from click.shell_completion import CompletionItem, get_completion_class

from . import COMMANDS, COMPLETION_VARIABLE, PROGRAM_COMMANDS
from .global_options import GlobalOptionsCommand
from .shell_completion import use_own_completion

_INSTALLING = """\b
Completion is on in every new shell after
  bash:  echo 'eval "$(provisioner completion bash)"' >> ~/.bashrc
  zsh:   echo 'eval "$(provisioner completion zsh)"' >> ~/.zshrc
         (below the line with compinit)
  fish:  provisioner completion fish \\
           > ~/.config/fish/completions/provisioner.fish
"""
"""Text of the help that is not wrapped, after click's mark for that."""


def program_command(name: str) -> click.Command:
    """Return a command of ``PROGRAM_COMMANDS``."""
    return _COMMANDS[name]


def _print_script(shell: Literal["bash", "fish", "zsh"]) -> None:
    use_own_completion()
    program = click.get_current_context().find_root().command
    script = get_completion_class(shell)(program, {}, "provisioner", COMPLETION_VARIABLE)
    click.echo(script.source(), nl=False)


def _show_help(command: str | None) -> None:
    root = click.get_current_context().find_root()
    shown = root
    if command is not None:
        name, found, _ = cast("click.Group", root.command).resolve_command(root, [command])
        shown = click.Context(found or root.command, info_name=name, parent=root)
    click.echo(shown.get_help())


def _complete_command(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]


_COMMANDS = {
    "completion": GlobalOptionsCommand(
        "completion",
        callback=_print_script,
        params=[click.Argument(["shell"], metavar="bash|zsh|fish", type=click.Choice(["bash", "zsh", "fish"]))],
        help=f"{PROGRAM_COMMANDS['completion']}\n\n{_INSTALLING}",
    ),
    "help": GlobalOptionsCommand(
        "help",
        callback=_show_help,
        params=[
            click.Argument(["command"], metavar="[COMMAND]", required=False, shell_complete=_complete_command)
        ],
        help=PROGRAM_COMMANDS["help"],
    ),
}
