"""Every command by its options: the one way in that the command line and the Python API share.

A command's module is imported when the command is performed, so that each costs what it needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    LoadOptions,
    MappingCommandOptions,
    ReconcileOptions,
    ReportOptions,
    RunOptions,
    StatusOptions,
)
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals

FileOptions = RunOptions | LoadOptions | CheckOptions
"""The options of commands that read inputs."""
LedgerOptions = ReconcileOptions | CloseOptions
"""The options of commands that ask Twilio about what a ledger holds."""
ReadingOptions = ExportOptions | StatusOptions | ReportOptions
"""The options of commands that only read ledgers: they call nobody and need no event loop."""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Where a command is performed: what it finds, where it shows itself, and what stops it."""

    environment: ProcessEnvironment
    ui: UserInterface
    stop: StopSignals


async def perform(
    paths: Sequence[str], options: FileOptions | LedgerOptions | ReadingOptions, context: CommandContext
) -> Summary:
    """Perform the command of these options on the running loop, and return how it ended.

    ``paths`` are its inputs, its ledger, or its ledgers. Raise ``ProvisionerError`` for what ends it before
    anything is done.
    """
    environment, ui, stop = context.environment, context.ui, context.stop
    match options:
        case RunOptions():
            from .run import run_job

            return await run_job(paths, options, environment, ui, stop)
        case LoadOptions():
            from .load import run_load_test

            return await run_load_test(paths, options, environment, ui, stop)
        case CheckOptions():
            from .check import check_job

            return await check_job(paths, options, ui, stop)
        case ReconcileOptions():
            from .reconcile import reconcile_job

            return await reconcile_job(Path(paths[0]), options, environment, ui, stop)
        case CloseOptions():
            from .close import close_conversations

            return await close_conversations(Path(paths[0]), options, environment, ui, stop)
        case _:
            return perform_reading(paths, options)


def perform_reading(paths: Sequence[str], options: ReadingOptions) -> Summary:
    """Perform a command that only reads the ledgers ``paths``; it needs no event loop. Raise as ``perform``."""
    ledgers = [Path(path) for path in paths]
    match options:
        case ExportOptions():
            from .export import export_results

            return export_results(ledgers[0], options)
        case ReportOptions():
            from .report import write_report

            return write_report(ledgers, options)
        case StatusOptions():
            from .status import job_status

            return job_status(ledgers[0])


def perform_mapping(action: str, of: str, options: MappingCommandOptions) -> Summary:
    """Return a mapping file to start from in the details; see ``commands.mapping``."""
    from .mapping import starting_mapping

    return starting_mapping(action, of, options)
