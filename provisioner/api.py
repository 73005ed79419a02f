"""The commands for Python programs: each as a function, and as a coroutine function whose name begins with ``a``.

Every job runs in a thread of its own with an event loop of its own, so that it can be called in a thread, inside a
running loop, and several times at once. Nothing of the process is changed: no signal handler, no logging set-up,
no output, no question. Interrupting a function, and cancelling the task of a coroutine, let the job finish what is
in flight, as a stop signal does, and go on then.

The arguments that they share:

``environ`` stands in for the variables of the process, completely: credentials, ``PROVISIONER_*`` options, HOME.
``on_progress`` is called with a ``Progress`` in the thread of the job, about four times a second, and has to
return soon. What it raises stops the job as a signal would, and is raised once the job has ended.
``stop`` is a ``threading.Event``, or an ``asyncio.Event`` of the loop that a coroutine is awaited on; once it is
set, the job finishes what is in flight and ends, resumable.
``options`` are named like the flags, see docs/options.md; None means not given. Nobody is asked: ``yes`` agrees.

They return a ``Summary``, and raise a ``ProvisionerError``, whose ``exit_code`` is that of the command line, for
what ends a job before anything is done: ``UsageError`` for an option or credentials, ``InputError`` for an input,
``LedgerError`` for a ledger, ``LedgerBusyError`` while another job works on it.

``perform`` and its like are what the command line calls: a command on the running loop, with options that were
read and an interface of the caller's own.
"""

from collections.abc import Mapping
from typing import Unpack

from provisioner.background.arguments import Environ, OnProgress, PathName, PathNames, StopEvent
from provisioner.commands.perform import (
    CommandContext,
    FileOptions,
    LedgerOptions,
    perform,
    perform_mapping,
    perform_reading,
)
from provisioner.errors import (
    ExitCode,
    InputError,
    LedgerBusyError,
    LedgerError,
    OtherJobError,
    ProvisionerError,
    StoppedError,
    StorageError,
    UsageError,
)
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options.keywords import (
    CheckKeywords,
    CloseKeywords,
    ExportKeywords,
    LoadKeywords,
    ReconcileKeywords,
    ReportKeywords,
    RunKeywords,
)

__all__ = [
    "CommandContext",
    "CommandOutcome",
    "ExitCode",
    "FileOptions",
    "InputError",
    "LedgerBusyError",
    "LedgerError",
    "LedgerOptions",
    "OtherJobError",
    "Progress",
    "ProvisionerError",
    "StoppedError",
    "StorageError",
    "Summary",
    "UsageError",
    "acheck",
    "aclose",
    "acreate_webchats",
    "aexport",
    "aload_test",
    "areconcile",
    "areport",
    "astatus",
    "check",
    "close",
    "create_webchats",
    "export",
    "load_test",
    "perform",
    "perform_mapping",
    "perform_reading",
    "reconcile",
    "report",
    "status",
]


def _perform(  # noqa: PLR0917 - in the order of the functions below
    command: str,
    paths: PathNames,
    given: Mapping[str, object],
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
) -> Summary:
    from provisioner.background.call import Call  # noqa: PLC0415 - the command line has no use for it

    return Call.read(command, paths, given, environ).perform(on_progress, stop)


async def _aperform(  # noqa: PLR0917 - the same
    command: str,
    paths: PathNames,
    given: Mapping[str, object],
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
) -> Summary:
    from provisioner.background.call import Call  # noqa: PLC0415 - the same

    return await Call.read(command, paths, given, environ).perform_async(on_progress, stop)


def check(
    files: PathNames,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CheckKeywords],
) -> Summary:
    """Read and validate everything, call nothing.

    The details hold the plan, how each file is read, and the invalid rows; the exit code is 4 where there are any.
    """
    return _perform("check", files, options, environ, on_progress, stop)


async def acheck(
    files: PathNames,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CheckKeywords],
) -> Summary:
    """Do as ``check`` while the task waits."""
    return await _aperform("check", files, options, environ, on_progress, stop)


def create_webchats(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[RunKeywords],
) -> Summary:
    """Create one WebChat for every row of one file or several; called again, it resumes.

    ``output`` is the results file. The exit code tells how the rows ended: 0 when every one is created, 4 where
    some are rejected or invalid, 5 where some are unknown, 6, 130 or 143 when it was stopped and can be resumed.
    """
    return _perform("run", files, {"output": output, **options}, environ, on_progress, stop)


async def acreate_webchats(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[RunKeywords],
) -> Summary:
    """Do as ``create_webchats`` while the task waits."""
    return await _aperform("run", files, {"output": output, **options}, environ, on_progress, stop)


def load_test(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[LoadKeywords],
) -> Summary:
    """Send rows as they would arrive, and judge how it went.

    The exit code is 99 when a condition of ``fail_if`` or ``abort_if`` came true; the figures are in the details.
    """
    return _perform("load", files, {"output": output, **options}, environ, on_progress, stop)


async def aload_test(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[LoadKeywords],
) -> Summary:
    """Do as ``load_test`` while the task waits."""
    return await _aperform("load", files, {"output": output, **options}, environ, on_progress, stop)


def status(ledger: PathName) -> Summary:
    """Tell what has become of a job, also while it runs."""
    return _perform("status", ledger, {})


async def astatus(ledger: PathName) -> Summary:
    """Do as ``status`` while the task waits."""
    return await _aperform("status", ledger, {})


def export(
    ledger: PathName, *, output: PathName, environ: Environ = None, **options: Unpack[ExportKeywords]
) -> Summary:
    """Write the results of a job again, to ``output``, in any format."""
    return _perform("export", ledger, {"output": output, **options}, environ)


async def aexport(
    ledger: PathName, *, output: PathName, environ: Environ = None, **options: Unpack[ExportKeywords]
) -> Summary:
    """Do as ``export`` while the task waits."""
    return await _aperform("export", ledger, {"output": output, **options}, environ)


def reconcile(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[ReconcileKeywords],
) -> Summary:
    """Settle the unknown rows of a job by asking Twilio; nothing is created.

    With ``audit``, change nothing and check that every created row has exactly one conversation.
    """
    return _perform("reconcile", ledger, options, environ, on_progress, stop)


async def areconcile(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[ReconcileKeywords],
) -> Summary:
    """Do as ``reconcile`` while the task waits."""
    return await _aperform("reconcile", ledger, options, environ, on_progress, stop)


def close(
    made: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CloseKeywords],
) -> Summary:
    """Close or delete the conversations that a job made; ``made`` is its ledger or its results.

    Without ``yes``, close nothing and tell in the details what would be closed.
    """
    return _perform("close", made, options, environ, on_progress, stop)


async def aclose(
    made: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CloseKeywords],
) -> Summary:
    """Do as ``close`` while the task waits."""
    return await _aperform("close", made, options, environ, on_progress, stop)


def report(ledgers: PathNames, *, environ: Environ = None, **options: Unpack[ReportKeywords]) -> Summary:
    """Write one self-contained HTML page about a job; several are compared."""
    return _perform("report", ledgers, options, environ)


async def areport(ledgers: PathNames, *, environ: Environ = None, **options: Unpack[ReportKeywords]) -> Summary:
    """Do as ``report`` while the task waits."""
    return await _aperform("report", ledgers, options, environ)
