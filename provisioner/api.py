"""Python API: each command as a function, and as a coroutine function whose name begins with ``a``.

Every job runs on a thread of its own with an event loop of its own. So it can be called on any thread, inside a
running event loop, and several times at once. Nothing of the process is changed: no signal handler, no logging
set-up, no output, no question. Interrupting a function, or cancelling the task of a coroutine, lets the job finish
what is in flight, as a stop signal does; then the interruption is raised.

The functions share these arguments:

``environ`` replaces the environment variables of the process: credentials, ``PROVISIONER_*`` options, HOME.
``on_progress`` is called with a ``Progress`` on the job's thread, about four times a second; it must return fast.
An exception in it stops the job as a stop signal does, and is raised when the job has ended.
``stop`` is a ``threading.Event``, or an ``asyncio.Event`` of the loop that awaits the coroutine. When it is set,
the job finishes what is in flight and ends; it can be resumed.
``options`` are named like the flags, see docs/options.md; None means not given. ``yes=True`` agrees to everything.

All functions return a ``Summary``. They raise a ``ProvisionerError`` for an error before anything was done:
``UsageError`` for an option or credentials, ``InputError`` for an input file, ``LedgerError`` for a ledger,
``LedgerBusyError`` while another job uses the ledger. Its ``exit_code`` is that of the command line.

``perform``, ``perform_reading`` and ``perform_mapping`` are used by the command line: they run a command without a
thread, with given options and a given user interface.
"""

from typing import Unpack

from provisioner.background.arguments import Environ, OnProgress, PathName, PathNames, StopEvent
from provisioner.background.performed import perform_call, perform_call_async
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
    WorkerKeywords,
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
    "aworker",
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
    "worker",
]


def check(
    files: PathNames,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CheckKeywords],
) -> Summary:
    """Read and validate everything; call nothing.

    The details hold the plan, how each file is read, and the invalid rows. The exit code is 4 when a row is
    invalid.
    """
    return perform_call("check", files, options, environ, on_progress, stop)


async def acheck(
    files: PathNames,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CheckKeywords],
) -> Summary:
    """Run ``check`` while the caller's task waits."""
    return await perform_call_async("check", files, options, environ, on_progress, stop)


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

    ``output`` is the path of the results file. Exit codes: 0 when every row is created, 4 when some are rejected
    or invalid, 5 when some are unknown, 7 when some are left unsent, 8 when ``limit`` or ``max_duration`` ended
    the run and rows wait, and 6, 130 or 143 when the run was stopped. After all but 4 the same call goes on.
    """
    return perform_call("run", files, {"output": output, **options}, environ, on_progress, stop)


async def acreate_webchats(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[RunKeywords],
) -> Summary:
    """Run ``create_webchats`` while the caller's task waits."""
    return await perform_call_async("run", files, {"output": output, **options}, environ, on_progress, stop)


def load_test(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[LoadKeywords],
) -> Summary:
    """Run a load test: send rows on an arrival schedule and check the figures.

    ``output`` is the path of the results file. The details hold the figures. The exit code is 99 when a condition
    of ``fail_if`` or ``abort_if`` is true.
    """
    return perform_call("load", files, {"output": output, **options}, environ, on_progress, stop)


async def aload_test(
    files: PathNames,
    *,
    output: PathName,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[LoadKeywords],
) -> Summary:
    """Run ``load_test`` while the caller's task waits."""
    return await perform_call_async("load", files, {"output": output, **options}, environ, on_progress, stop)


def worker(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[WorkerKeywords],
) -> Summary:
    """Send rows of the current run of a job whose ledger is in a database, until that ends, with its exit code."""
    return perform_call("worker", ledger, options, environ, on_progress, stop)


async def aworker(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[WorkerKeywords],
) -> Summary:
    """Run ``worker`` while the caller's task waits."""
    return await perform_call_async("worker", ledger, options, environ, on_progress, stop)


def status(ledger: PathName) -> Summary:
    """Return the state of the job of ``ledger``, or of a results file beside its ledger, also while it runs."""
    return perform_call("status", ledger, {})


async def astatus(ledger: PathName) -> Summary:
    """Run ``status`` while the caller's task waits."""
    return await perform_call_async("status", ledger, {})


def export(
    ledger: PathName, *, output: PathName, environ: Environ = None, **options: Unpack[ExportKeywords]
) -> Summary:
    """Write the results of a job again, to the path ``output``, in any format."""
    return perform_call("export", ledger, {"output": output, **options}, environ)


async def aexport(
    ledger: PathName, *, output: PathName, environ: Environ = None, **options: Unpack[ExportKeywords]
) -> Summary:
    """Run ``export`` while the caller's task waits."""
    return await perform_call_async("export", ledger, {"output": output, **options}, environ)


def reconcile(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[ReconcileKeywords],
) -> Summary:
    """Settle the unknown rows of a job by asking Twilio; nothing is created.

    With ``audit=True``, change nothing and check that every created row has exactly one conversation.
    """
    return perform_call("reconcile", ledger, options, environ, on_progress, stop)


async def areconcile(
    ledger: PathName,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[ReconcileKeywords],
) -> Summary:
    """Run ``reconcile`` while the caller's task waits."""
    return await perform_call_async("reconcile", ledger, options, environ, on_progress, stop)


def close(
    made: PathName | None = None,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CloseKeywords],
) -> Summary:
    """Close or delete the conversations that a job made; ``made`` is the path of its ledger or its results.

    Without ``made``, they are those that ``since``, ``until`` and ``identity_prefix`` select in the account
    ``account_sid``. Without ``yes=True``, close nothing; the details say what would be closed.
    """
    return perform_call("close", () if made is None else made, options, environ, on_progress, stop)


async def aclose(
    made: PathName | None = None,
    *,
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
    **options: Unpack[CloseKeywords],
) -> Summary:
    """Run ``close`` while the caller's task waits."""
    return await perform_call_async("close", () if made is None else made, options, environ, on_progress, stop)


def report(ledgers: PathNames, *, environ: Environ = None, **options: Unpack[ReportKeywords]) -> Summary:
    """Write one self-contained HTML page about a job, several compared, or the trend of a schedule."""
    return perform_call("report", ledgers, options, environ)


async def areport(ledgers: PathNames, *, environ: Environ = None, **options: Unpack[ReportKeywords]) -> Summary:
    """Run ``report`` while the caller's task waits."""
    return await perform_call_async("report", ledgers, options, environ)
