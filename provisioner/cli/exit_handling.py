"""How the program ends: every exception becomes one sentence, its cure, and an exit code."""

import errno
import os
import platform
from collections.abc import Sequence
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
from provisioner.models.summary import Summary
from provisioner.system.interrupts import Terminated
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import shortened
from provisioner.system.tracebacks import describe_traceback, place_of

from .console import Console
from .invocation import read_invocation


class InternalError(ProvisionerError):
    """Report it, it is a fault of this program; the work it was doing can be taken up again."""

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
    """Return what the system says of an error's number, or which module is missing; any text may quote a row."""
    match error:
        case OSError(errno=int(number)) if number in errno.errorcode:
            return f" ({os.strerror(number)})"
        case ImportError(name=str(module)) if module.replace(".", "").isidentifier():
            return f" ({module})"
    return ""


def known_error(error: BaseException, *, command: str = "", traceback_at: str = "") -> ProvisionerError:
    """Return what ``error`` means to a user; what is not foreseen is an ``InternalError``."""
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
    """Return what the system refused to whoever called it without an eye on that; None for a fault of ours."""
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
    """Say what a disk refused to whoever wrote without an eye on it: click its help, a library its files."""
    what = error.filename if isinstance(error.filename, str) else "what was to be told"
    return StorageError(f"{what} could not be written: {os_reason(error)}", cure=_MAKE_ROOM)


_MAKE_ROOM = "make room, or look at the disk, then run the same command again"


def report_error(error: BaseException, arguments: Sequence[str]) -> int:
    """Tell the user how the program ended and return its exit code.

    With ``--json`` asked for in any way that is one object on stdout, otherwise a sentence on stderr.
    """
    invocation = read_invocation(arguments, os.environ)
    console = Console(is_json=invocation.wants_json)
    place = "above" if invocation.wants_traceback else ""
    known = known_error(error, command=invocation.command, traceback_at=place)
    if isinstance(known, InternalError) and known is not error and invocation.wants_traceback:
        for line in describe_traceback(error):
            console.print_status(line)
    return finish_with(console, Summary.from_error(invocation.command, known))


def finish_with(console: Console, summary: Summary) -> int:
    """Tell the end of a command and return its exit code, also when nobody listens any more.

    A stdout that takes nothing for another reason, as on a full disk, is at least no success.
    """
    try:
        console.finish(summary)
    except OSError as error:
        if error.errno != errno.EPIPE:
            console.print_status(f"error: stdout: {os_reason(error)}")
            return summary.exit_code or ExitCode.GUARD
    finally:
        console.discard_broken_streams()
    return summary.exit_code


def _usage_error(error: click.ClickException, command: str) -> UsageError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = context.command_path if context else f"provisioner {command}".rstrip()
    return UsageError(shortened(error.format_message().rstrip("."), _LONGEST), cure=f"see '{where} --help'")


_LONGEST = 1_000
"""Characters of what click says, which repeats arguments."""


def _stopped_error(error: BaseException) -> StoppedError:
    """Say which signal it was; click puts an exception of its own in front of what a signal raised."""
    for each in (error, error.__cause__, error.__context__):
        if isinstance(each, Terminated):
            return TerminatedError(f"stopped by {each.signal.name}")
    return StoppedError("stopped by SIGINT")
