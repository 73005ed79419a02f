"""Record of a run in its ledger, also for a run that ends with an exception."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.ledger import Ledger, RunNote
from provisioner.system.interrupts import Terminated


@asynccontextmanager
async def end_recorded(ledger: Ledger) -> AsyncIterator[None]:
    """Record the exit code of a run that leaves the context with an exception; a run without one counts as killed.

    Without an exception, or before ``start_run``, nothing is recorded.
    """
    try:
        yield
    except Exception as error:
        with suppress(ProvisionerError):  # a ledger that cannot be written is often the reason
            await ledger.finish_run(_exit_code_of(error))
        raise


@asynccontextmanager
async def run_recorded(ledger: Ledger, command: str) -> AsyncIterator[None]:
    """Record the start of a run of ``command`` that sends no rows, and its end when it raises."""
    await ledger.start_run(())
    await ledger.set_run_note(RunNote(command=command))
    async with end_recorded(ledger):
        yield


def _exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code of a process that ends with ``error``; an interrupted question raises click's own."""
    if isinstance(error, ProvisionerError):
        return error.exit_code
    chain = (error, error.__cause__, error.__context__)
    if any(isinstance(each, Terminated) for each in chain):
        return ExitCode.SIGTERM
    if any(isinstance(each, KeyboardInterrupt | EOFError) for each in chain):
        return ExitCode.SIGINT
    return ExitCode.INTERNAL
