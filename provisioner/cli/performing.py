"""Has a command performed for the terminal: on the main thread, with its signals and its streams."""

from collections.abc import Sequence

from provisioner.api import CommandContext, FileOptions, LedgerOptions, Summary, perform

from .console import Console
from .environment import process_environment
from .event_loop import run_with_loop
from .process_signals import ProcessSignals


def perform_on_terminal(
    paths: Sequence[str], options: FileOptions | LedgerOptions, console: Console, loop: str
) -> Summary:
    """Perform the command of these options on the loop of that name; raise ``ProvisionerError`` as ``perform``."""
    context = CommandContext(process_environment(), console, ProcessSignals())
    return run_with_loop(loop, perform(paths, options, context))
