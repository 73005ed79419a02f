"""The files of a run: what may not be the same file, or be replaced, and the lock of their names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from provisioner.models.environment import ProcessEnvironment
from provisioner.options import LoadOptions, RunOptions

from .command_files import files_of_command
from .output_names import DatedOutputNames


class RunFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Files of a run. In ``options``, date and time are already inserted into the file names."""

    options: RunOptions | LoadOptions
    output_names: DatedOutputNames

    @contextmanager
    def alone(self, inputs: Sequence[str], environment: ProcessEnvironment) -> Iterator[None]:
        """Hold the lock of the file name templates inside the context, so that the command runs once at a time.

        Raise ``UsageError`` when two of the run's files are the same file, or one would replace a file that this
        program did not write, and ``LedgerBusyError`` when the command is already running.
        """
        roles = files_of_command(
            self.options,
            {"files": inputs},
            environment.environ,
            environment.home,
            locked=self.output_names.locked,
        )
        roles.require_distinct()
        roles.require_replaceable(overwrite=self.options.overwrite)
        with self.output_names.exclusive():
            yield
