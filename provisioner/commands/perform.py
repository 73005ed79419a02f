"""Entry point to every command, shared by the command line and the Python API.

The class of the options selects the command. A command's module is imported when the command is performed, so that
other commands do not pay for it.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

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
    WorkerOptions,
    parse_zone,
)
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals
from provisioner.system.shown_time import times_shown_in

FileOptions = RunOptions | LoadOptions | CheckOptions
"""Options of the commands that read input files."""
LedgerOptions = ReconcileOptions | CloseOptions | WorkerOptions
"""Options of the commands that ask Twilio about the rows of a ledger."""
ReadingOptions = ExportOptions | StatusOptions | ReportOptions
"""Options of the commands that only read ledgers; they send no request and need no event loop."""


class CommandContext(msgspec.Struct, frozen=True):
    """Surroundings of a command: environment variables, user interface, and requests to stop."""

    environment: ProcessEnvironment
    ui: UserInterface
    stop: StopSignals


async def perform(
    paths: Sequence[str], options: FileOptions | LedgerOptions | ReadingOptions, context: CommandContext
) -> Summary:
    """Perform the command of ``options`` on the running event loop, and return its summary.

    ``paths`` are the command's input files, its ledger, or its ledgers. Raise ``ProvisionerError`` for an error
    before anything was done; later errors are in the ``Summary``.
    """
    with times_shown_in(parse_zone(options.tz)):
        return await _perform(paths, options, context)


async def _perform(
    paths: Sequence[str], options: FileOptions | LedgerOptions | ReadingOptions, context: CommandContext
) -> Summary:
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
        case ReconcileOptions() | CloseOptions() | WorkerOptions():
            return await _perform_on_ledger(paths, options, context)
        case _:
            return _perform_reading(paths, options)


async def _perform_on_ledger(paths: Sequence[str], options: LedgerOptions, context: CommandContext) -> Summary:
    environment, ui, stop = context.environment, context.ui, context.stop
    match options:
        case ReconcileOptions():
            from .reconcile import reconcile_job

            return await reconcile_job(Path(paths[0]), options, environment, ui, stop)
        case WorkerOptions():
            from .worker import join_run

            return await join_run(Path(paths[0]), options, environment, ui, stop)
        case CloseOptions():
            from .close import close_conversations

            made = Path(paths[0]) if paths else None
            return await close_conversations(made, options, environment, ui, stop)


def perform_reading(paths: Sequence[str], options: ReadingOptions) -> Summary:
    """Perform a command that only reads the ledgers ``paths``; raise ``ProvisionerError`` as ``perform`` does."""
    with times_shown_in(parse_zone(options.tz)):
        return _perform_reading(paths, options)


def _perform_reading(paths: Sequence[str], options: ReadingOptions) -> Summary:
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
    """Perform ``provisioner mapping``; see ``commands.mapping.starting_mapping``."""
    from .mapping import starting_mapping

    return starting_mapping(action, of, options)
