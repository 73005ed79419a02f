"""End of the program: maps every exception to a one-sentence error, its cure, and an exit code."""

import errno
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import click

from provisioner import __version__
from provisioner.errors import (
    ExitCode,
    ProvisionerError,
    StoppedError,
    StorageError,
    TerminatedError,
    UsageError,
    exceptions_of,
)
from provisioner.models.summary import ErrorInfo, Summary
from provisioner.options.shell_command import typed_command
from provisioner.system.interrupts import Terminated
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import shortened
from provisioner.system.tracebacks import describe_traceback, place_of

from .console import Console
from .invocation import read_invocation


class InternalError(ProvisionerError):
    """Raised for an exception that the program does not foresee: a bug to report. The job can be resumed."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, error: BaseException, *, traceback_at: str = "") -> None:
        version = f"provisioner {__version__}, Python {platform.python_version()}"
        more = f"its traceback is {traceback_at}" if traceback_at else _FOR_A_TRACEBACK
        super().__init__(
            f"internal error: {type(error).__name__}{_harmless_text(error)} at {place_of(error)}, {version}",
            cure=f"this is a bug, please report it; {more}",
        )


_FOR_A_TRACEBACK = "repeat it with --log-level debug for a traceback"


def _harmless_text(error: BaseException) -> str:
    """Return the system's text for an error number, or the name of a missing module, else nothing.

    Any other text of an exception may quote a row.
    """
    match error:
        case OSError(errno=int(number)) if number in errno.errorcode:
            return f" ({os.strerror(number)})"
        case ImportError(name=str(module)) if module.replace(".", "").isidentifier():
            return f" ({module})"
    return ""


def known_error(error: BaseException, *, command: str = "", traceback_at: str = "") -> ProvisionerError:
    """Return the ``ProvisionerError`` that ``error`` means to a user.

    An unforeseen exception becomes an ``InternalError``; of an exception group the first foreseen one counts.
    ``traceback_at`` says where its traceback can be read, and is empty when it was not written.
    """
    match error:
        case ProvisionerError():
            return error
        case click.ClickException():
            return _usage_error(error, command)
        case click.Abort() | KeyboardInterrupt():
            return _stopped_error(error)
        case OSError() if known := _system_error(error):
            return known
        case BaseExceptionGroup():
            found = (known_error(each, traceback_at=traceback_at) for each in exceptions_of(error))
            return min(found, key=lambda each: isinstance(each, InternalError))
    return InternalError(error, traceback_at=traceback_at)


def _system_error(error: OSError) -> ProvisionerError | None:
    """Return the error for a full or broken disk or a deleted current folder; None for a bug of ours."""
    if error.errno in _DISK_FAULTS:
        return _disk_error(error)
    if isinstance(error, FileNotFoundError) and _has_lost_its_folder():
        return UsageError("the current folder is not there any more", cure="change to one that is, then try again")
    return None


def _has_lost_its_folder() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


_DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def _disk_error(error: OSError) -> StorageError:
    """Return the error for a failed write that no caller handled, such as click's help text."""
    what = error.filename if isinstance(error.filename, str) else "the output"
    return StorageError(f"{what} could not be written: {os_reason(error)}", cure=_MAKE_ROOM)


_MAKE_ROOM = "make room, or look at the disk, then run the same command again"


def report_error(error: BaseException, arguments: Sequence[str], *, on_end: str = "") -> int:
    """Print how the program ended and return its exit code; ``arguments`` are those of the command line.

    With ``--json``, given by flag, environment or configuration file, print one object on stdout, otherwise an
    error on stderr.
    """
    invocation = read_invocation(arguments, os.environ)
    console = Console(is_json=invocation.wants_json, events_from="error" if invocation.wants_events else "")
    place = "above" if invocation.wants_traceback else ""
    known = known_error(error, command=invocation.command, traceback_at=place)
    if isinstance(known, InternalError) and known is not error and invocation.wants_traceback:
        console.print_crash(describe_traceback(error))
    typed = typed_command(arguments) if invocation.command else ""
    return finish_with(console, Summary.from_error(invocation.command, known, typed=typed), on_end=on_end)


def finish_with(console: Console, summary: Summary, *, on_end: str = "") -> int:
    """Print the summary of a command, run the shell command ``on_end``, and return the exit code.

    The exit code is that of the summary, also when the reader of stdout has left. When stdout cannot be written
    for another reason, such as a full disk, it is never 0.
    """
    exit_code = _print_end(console, summary)
    if on_end:
        from .end_command import run_end_command

        run_end_command(on_end, summary, exit_code, console)
    return exit_code


def _print_end(console: Console, summary: Summary) -> int:
    try:
        console.finish(summary)
    except OSError as error:
        if error.errno != errno.EPIPE:
            code = summary.exit_code or ExitCode.GUARD
            with suppress(OSError, ValueError):
                console.error(ErrorInfo(message=f"stdout: {os_reason(error)}", kind="storage"), exit_code=code)
            return code
    finally:
        console.discard_broken_streams()
    return summary.exit_code


def _usage_error(error: click.ClickException, command: str) -> UsageError:
    if isinstance(error, click.NoSuchOption) and (cure := _other_way(error.option_name, command)):
        return UsageError(f"No such option '{error.option_name}'", cure=cure)
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else f"provisioner {command}".rstrip()
    return UsageError(shortened(error.format_message().rstrip("."), _LONGEST), cure=f"see '{where} --help'")


def _other_way(option: str, command: str) -> str:
    """Return what to type in place of an option of other programs; empty if there is no such thing."""
    if option in _TRIALS and command in _TRIED_BY_CHECK:
        return f"'provisioner check' with the same files validates everything and calls nothing; {_REHEARSED}"
    if option in _TRIALS and command == "close":
        return "omit --yes: it tells what would be closed, and asks"
    if option in _TRIALS:
        return f"'provisioner {command}' creates nothing: type it without {option}"
    if option in _RESUMPTIONS:
        return "type the same command again: it goes on where the last one ended"
    return ""


_TRIALS = {"--dry-run", "--dryrun", "--dry_run", "--no-act", "--noop", "--validate"}
_TRIED_BY_CHECK = {"run", "load", "worker"}
_REHEARSED = "--simulate sends to a simulator on this machine"
_RESUMPTIONS = {"--resume", "--continue", "--restart", "--retry-failed"}
_LONGEST = 1_000
"""Most characters of click's message, which repeats arguments."""


def _stopped_error(error: BaseException) -> StoppedError:
    """Return the error for the signal that stopped the program.

    click raises its own exception from the signal's exception, so its cause and context are looked at too.
    """
    for each in (error, error.__cause__, error.__context__):
        if isinstance(each, Terminated):
            return TerminatedError(f"stopped by {each.signal.name}")
    return StoppedError("stopped by SIGINT")
