"""Check all files of a command before any of them is opened for writing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from provisioner.models.environment import user_home
from provisioner.options import (
    CheckOptions,
    JobOptions,
    MappingCommandOptions,
    SimulateOptions,
    StatusOptions,
    WorkerOptions,
)

from . import CONFIG

_WRITE_NOTHING = (CheckOptions, MappingCommandOptions, SimulateOptions, StatusOptions, WorkerOptions)
"""Options of commands that write no file but a log; without a log file their check is skipped."""


def require_harmless_files(options: Any, arguments: Mapping[str, Any], log_file: Path | None) -> None:
    """Raise ``UsageError`` when a file that the command would write or keep is another of its files as well.

    Raise it too when an output would replace a file that this program did not write. ``arguments`` are the
    command's positional arguments by name; ``log_file`` is None without ``--log-file``.
    """
    if log_file is None and isinstance(options, _WRITE_NOTHING):
        return

    from provisioner.runs.command_files import files_of_command

    config = click.get_current_context().meta.get(CONFIG)
    given = {"log_file": log_file, "config": Path(config) if config else None}
    locked: tuple[Path, ...] = ()
    if isinstance(options, JobOptions):
        from provisioner.runs.output_names import DatedOutputNames

        from .environment import process_environment

        output_names = DatedOutputNames.read(options, process_environment().moment)
        options, locked = output_names.with_dates(options), output_names.locked
    files = files_of_command(options, arguments, os.environ, user_home(), global_options=given, locked=locked)
    files.require_distinct()
    files.require_replaceable(overwrite=getattr(options, "overwrite", False))
