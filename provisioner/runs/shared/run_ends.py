"""Ends of a shared run, from what stopped it and back into errors."""

from collections.abc import Mapping

from msgspec import structs

from provisioner.errors import (
    ExitCode,
    GuardError,
    LeaseLostError,
    ProvisionerError,
    StorageError,
    UnreachableError,
    UsageError,
)
from provisioner.ledger.sharing import RunEnd, joined_end
from provisioner.runs.accounts.account_ends import joined_error
from provisioner.sending import Stop, StopKind

_KINDS = {
    ExitCode.USAGE: UsageError,
    ExitCode.GUARD: GuardError,
    ExitCode.UNSENT: UnreachableError,
    ExitCode.BUSY: LeaseLostError,
}


def end_of(stop: Stop, signal_exit: ExitCode | None = None) -> RunEnd:
    """Return the end of a run that ``stop`` ends for all of its workers."""
    error = stop.error
    if error is not None:
        return RunEnd(kind=stop.kind.value, exit_code=int(error.exit_code), message=error.message, cure=error.cure)
    code = ExitCode.AS_PLANNED if stop.kind is StopKind.TIME_UP else signal_exit or ExitCode.SIGINT
    return RunEnd(kind=stop.kind.value, exit_code=int(code))


def error_of(end: RunEnd) -> ProvisionerError | None:
    """Return the error with which a worker has stopped the run, None when it ended without one."""
    if not end.message:
        return None
    kind = _KINDS.get(ExitCode(end.exit_code), StorageError)
    return kind(end.message, cure=end.cure)


def errors_of(ends: Mapping[str, RunEnd | None]) -> Mapping[str, ProvisionerError]:
    """Return the errors that have stopped accounts, by SID; an account that still goes on has none."""
    return {sid: error for sid, end in ends.items() if end is not None and (error := error_of(end))}


def end_of_accounts(ends: Mapping[str, RunEnd]) -> RunEnd:
    """Return one end for those of a run in its accounts, by SID; its message names the accounts with an error."""
    end = joined_end([*ends.values()])
    errors = errors_of(ends)
    if "" in ends or not errors:
        return end
    joined = joined_error(errors, len(ends))
    return end if joined is None else structs.replace(end, message=joined.message, cure=joined.cure)
