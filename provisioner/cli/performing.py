"""Bridge from a terminal command to ``api.perform``: main thread, process signals and console."""

from collections.abc import Sequence

from provisioner.api import CommandContext, FileOptions, LedgerOptions, Summary, perform
from provisioner.options import CheckOptions

from .aiohttp_import import import_aiohttp
from .console import Console
from .environment import process_environment
from .event_loop import run_with_loop
from .process_signals import ProcessSignals


def perform_on_terminal(
    paths: Sequence[str], options: FileOptions | LedgerOptions, console: Console, loop: str
) -> Summary:
    """Perform the command of ``options`` on the event loop named ``loop``, and return its summary.

    ``paths`` are the command's input files or its ledger. Raise ``ProvisionerError`` as ``perform`` does.
    """
    if not isinstance(options, CheckOptions):
        import_aiohttp()
    context = CommandContext(process_environment(), console, ProcessSignals())
    return run_with_loop(loop, perform(paths, options, context))
