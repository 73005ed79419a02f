"""The command ``worker``: join the run of a job whose ledger is in a database."""

from pathlib import Path
from typing import Any

from provisioner.errors import ExitCode, UsageError
from provisioner.ledger import LedgerLocation
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.options import WorkerOptions
from provisioner.ports.telemetry import Telemetry
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.named_ledger import named_location
from provisioner.runs.shared.joining import WorkerReport, work_on_run
from provisioner.runs.shared.run_ends import end_of
from provisioner.signals import StopSignals

from .telemetry import with_telemetry

_OUTCOMES = {
    ExitCode.GUARD: CommandOutcome.GUARDED,
    ExitCode.AS_PLANNED: CommandOutcome.PLANNED,
    ExitCode.SIGINT: CommandOutcome.STOPPED,
    ExitCode.SIGTERM: CommandOutcome.STOPPED,
    ExitCode.BUSY: CommandOutcome.STOPPED,
}


async def join_run(
    ledger: Path,
    options: WorkerOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner worker``: send rows of the current run of a job, until that ends.

    The exit code is that of the run, or that of the signal that stopped this worker. Raise ``LeaseLostError`` when
    others have taken its rows over, and any other ``ProvisionerError`` when it cannot take part.
    """
    location = _shared_location(ledger)
    stop = stop or StopSignals()

    async def perform(telemetry: Telemetry | None) -> Summary:
        report = await work_on_run(location, options, environment, ui, stop, telemetry=telemetry)
        return _summary(location, report, stop)

    return await with_telemetry("worker", options, stop, perform)


def _shared_location(ledger: Path) -> LedgerLocation:
    """Return the location of a ledger that workers can share; the results file names an embedded one beside it."""
    location = LedgerLocation.parse(ledger)
    if not location.is_postgres:
        location = named_location(ledger)
    if not location.is_postgres:
        why = "workers cannot share a ledger in a file" if location.exists() else "there is no such ledger"
        raise UsageError(
            f"{location}: {why}",
            cure="name the address postgresql://USER@HOST/DATABASE?job=NAME, or the results of an embedded job",
        )
    return location


def _summary(location: LedgerLocation, report: WorkerReport, stop: StopSignals) -> Summary:
    ended, figures = report.end, report.loops.figures()
    end = ended.end
    if end is None and ended.stop is not None:
        end = end_of(ended.stop, stop.exit_code)
    code = ExitCode(end.exit_code) if end is not None else ExitCode.DONE
    return Summary(
        command="worker",
        exit_code=code,
        outcome=_OUTCOMES.get(code, CommandOutcome.FINISHED),
        throttled=figures.throttled,
        ledger=str(location),
        notes=(
            f"worker {report.number} finished {pluralize('row', figures.done)} of the run",
            *_about(report),
        ),
        error=_error(report),
        details=_details(report),
    )


def _about(report: WorkerReport) -> tuple[str, ...]:
    """Return why this worker ended, if the run did not: the others go on."""
    return () if report.end.end is not None else ("this worker was stopped; the run goes on with the others",)


def _error(report: WorkerReport) -> ErrorInfo | None:
    """Return the error that has stopped the run, or this worker."""
    end, stop = report.end
    if stop is not None and stop.error is not None:
        return ErrorInfo.from_error(stop.error)
    if end is None or not end.message:
        return None
    return ErrorInfo(message=end.message, cure=end.cure, kind=end.kind)


def _details(report: WorkerReport) -> dict[str, Any]:
    figures = report.loops.figures()
    return {
        "worker": report.number,
        "sent": figures.sent,
        "done": figures.done,
        "failed": figures.failed,
        "bytes_sent": figures.bytes_sent,
        "bytes_received": figures.bytes_received,
    }
