"""Exceptions that end a command early, as one tree; the number is the exit code.

ProvisionerError
├── UsageError            2   wrong flag, configuration or environment
├── InputError            2   input that cannot be read
├── LedgerError           2   ledger that cannot be used
│   ├── OtherJobError     2   the ledger belongs to another job
│   ├── LedgerBusyError  75   another run is using the ledger
│   └── LeaseLostError   75   the lease of this worker was lost
├── StrictError           3   invalid rows with ``--strict``
├── StorageError          6   a disk error during a run
├── GuardError            6   a safety limit stopped the run
├── UnreachableError      7   Twilio, or the server of a ledger, could not be reached for too long
├── StoppedError        130   stopped by SIGINT before a run began
│   └── TerminatedError 143   stopped by SIGTERM or SIGHUP before a run began
└── ThresholdError       99   a condition of a load test was met, or the newest run is worse than usual

The failure of a single row is a value (``models.AttemptResult``), never an exception.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar

from provisioner.system.printable import shortened_path


class ExitCode(IntEnum):
    """Exit code of the process; part of the command-line interface, so that the numbers never change."""

    DONE = 0
    """Every row was created, or there was nothing to do."""
    INTERNAL = 1
    """Error in this program."""
    USAGE = 2
    """Wrong usage or configuration, unreadable input, or a ledger that cannot be used."""
    STRICT = 3
    """Nothing was sent, because the input has invalid rows and ``--strict`` was given."""
    REJECTED = 4
    """Finished, and rows or messages are rejected or invalid, or conversations are not closed."""
    UNKNOWN = 5
    """Finished, and rows, messages or closings are unknown."""
    GUARD = 6
    """A safety limit or a disk error stopped the run; it can be resumed."""
    UNSENT = 7
    """Rows are left unsent, and the same command will help: Twilio could not be reached, or answered only 429s."""
    AS_PLANNED = 8
    """Stopped where it was asked to, by ``--limit`` or ``--max-duration``; rows wait."""
    BUSY = 75
    """Another run is using the ledger."""
    THRESHOLDS = 99
    """A condition of a load test was met, or the newest run of a schedule is worse than those before it."""
    SIGINT = 130
    """Stopped by SIGINT; the run can be resumed."""
    SIGTERM = 143
    """Stopped by SIGTERM or SIGHUP; the run can be resumed."""


class ProvisionerError(Exception):
    """Base of all exceptions that a user can cause or fix.

    ``message`` says what is wrong. ``cure`` says what to do: one imperative sentence without a full stop, or empty
    if the message is sufficient. Neither may contain a secret or a customer's data.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL
    """Exit code of a process that ends with this exception."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class UsageError(ProvisionerError):
    """Raised when the command line, the configuration or the environment is wrong.

    Cure: change the setting that the message names.
    """

    exit_code = ExitCode.USAGE


class InputError(ProvisionerError):
    """Raised when an input file, or another file that a command reads, is unreadable or malformed.

    ``source`` is the name of the file, ``line`` the line number from 1, None if no line is known; both are part of
    the message. Cure: fix the file.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, source: str, line: int | None = None, cure: str = "") -> None:
        named = shortened_path(source)
        place = named if line is None else f"{named}, line {line}"
        super().__init__(f"{place}: {message}", cure=cure)
        self.source = source
        self.line = line


class LedgerError(ProvisionerError):
    """Raised when a ledger cannot be opened or read, or is damaged. Cure: restore it, or name another ledger."""

    exit_code = ExitCode.USAGE


class OtherJobError(LedgerError):
    """Raised when a ledger belongs to a job with other settings.

    Cure: use the same settings as before, or start a new job with another output.
    """


class LedgerBusyError(LedgerError):
    """Raised when another run is using the ledger. Cure: wait for that run, or stop it."""

    exit_code = ExitCode.BUSY


class LeaseLostError(LedgerError):
    """Raised when others have taken this worker's rows over, because its lease had run out."""

    exit_code = ExitCode.BUSY


class StrictError(ProvisionerError):
    """Raised before anything is sent, when rows are invalid and ``--strict`` is set.

    Cure: fix the rows, or omit ``--strict``.
    """

    exit_code = ExitCode.STRICT


class StorageError(ProvisionerError):
    """Raised when a file cannot be written during a run, or the ledger has been moved, replaced or removed.

    Cure: free disk space or restore the ledger, then run the same command again.
    """

    exit_code = ExitCode.GUARD


class GuardError(ProvisionerError):
    """Raised when a safety limit stops a run, such as refused credentials or ``--max-failures``.

    Cure: fix what the message names, then run the same command again.
    """

    exit_code = ExitCode.GUARD


class UnreachableError(ProvisionerError):
    """Wait until the network is back, then run the same command again."""

    exit_code = ExitCode.UNSENT


class StoppedError(ProvisionerError):
    """Raised when a command is stopped by SIGINT before it has anything to finish. Cure: run it again."""

    exit_code: ClassVar[ExitCode] = ExitCode.SIGINT


class TerminatedError(StoppedError):
    """Raised when a command is stopped by SIGTERM or SIGHUP before it has anything to finish."""

    exit_code: ClassVar[ExitCode] = ExitCode.SIGTERM


class ThresholdError(ProvisionerError):
    """Raised when a condition of a load test is met, or the newest run of a schedule is worse than usual.

    Cure: change what is tested, or the condition.
    """

    exit_code = ExitCode.THRESHOLDS


def exceptions_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group in order, with nested groups flattened; yield any other exception itself."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(reversed(each.exceptions))
        else:
            yield each


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise the first ``ProvisionerError`` in a group of exceptions instead of the group.

    Enter it around a task group. A group without such an error is raised unchanged, with a bare ``raise``: with
    ``raise … from``, it could become its own cause.
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
