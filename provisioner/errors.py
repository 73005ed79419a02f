"""Everything that ends a run early, as one tree.

ProvisionerError
├── UsageError            2   flags, configuration, environment
├── InputError            2   an input that cannot be read at all
├── LedgerError           2   a ledger that cannot be used
│   ├── OtherJobError     2   the ledger belongs to another job
│   └── LedgerBusyError  75   another run holds the ledger
├── StrictError           3   invalid rows and ``--strict``
├── StorageError          6   the disk failed under a run
├── GuardError            6   a guard stopped the run
└── ThresholdError       99   a load test failed by its own conditions

A row's failure is a value (``models.AttemptResult``), never one of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar

from provisioner.system.printable import shortened_path


class ExitCode(IntEnum):
    """What the process tells its caller; fixed by the command-line contract."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    STRICT = 3
    REJECTED = 4
    UNKNOWN = 5
    GUARD = 6
    BUSY = 75
    THRESHOLDS = 99
    SIGINT = 130
    SIGTERM = 143


class ProvisionerError(Exception):
    """Root of all errors a user can cause or cure.

    ``cure`` is one imperative sentence without a full stop, or empty where the message says it all.
    Neither text may hold a secret or a customer's data.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class UsageError(ProvisionerError):
    """Change the command line, the configuration or the environment."""

    exit_code = ExitCode.USAGE


class InputError(ProvisionerError):
    """Fix the named input file, at the named line where there is one."""

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, source: str, line: int | None = None, cure: str = "") -> None:
        named = shortened_path(source)
        place = named if line is None else f"{named}, line {line}"
        super().__init__(f"{place}: {message}", cure=cure)
        self.source = source
        self.line = line


class LedgerError(ProvisionerError):
    """Name another ledger, or restore this one."""

    exit_code = ExitCode.USAGE


class OtherJobError(LedgerError):
    """Undo the differing setting, or start a job of its own under another output."""


class LedgerBusyError(LedgerError):
    """Wait for the run that holds the ledger, or stop it."""

    exit_code = ExitCode.BUSY


class StrictError(ProvisionerError):
    """Fix the invalid rows, or drop ``--strict``."""

    exit_code = ExitCode.STRICT


class StorageError(ProvisionerError):
    """Make room or fix the disk, then run the same command again."""

    exit_code = ExitCode.GUARD


class GuardError(ProvisionerError):
    """Cure what the guard named, then run the same command again."""

    exit_code = ExitCode.GUARD


class StoppedError(ProvisionerError):
    """Start it again: it was stopped before it had anything to finish."""

    exit_code: ClassVar[ExitCode] = ExitCode.SIGINT


class TerminatedError(StoppedError):
    """The same, by SIGTERM or SIGHUP."""

    exit_code: ClassVar[ExitCode] = ExitCode.SIGTERM


class ThresholdError(ProvisionerError):
    """Look at the figures, and change what was tested or the condition."""

    exit_code = ExitCode.THRESHOLDS


def exceptions_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions that a group holds, those of inner groups in their place; any other yields itself."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(reversed(each.exceptions))
        else:
            yield each


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise the first ``ProvisionerError`` that a group of exceptions holds, in place of the group.

    To be entered around a task group. A group without one is raised as it is: chained to itself, or to one of its
    members, it would be its own cause.
    """
    found: ProvisionerError | None = None
    try:
        yield
    except BaseExceptionGroup as group:
        found = next((each for each in exceptions_of(group) if isinstance(each, ProvisionerError)), None)
        if found is None:
            raise
    if found is not None:
        raise found from None
