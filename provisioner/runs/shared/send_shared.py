"""Second step of a run that several processes share."""

import time
from dataclasses import replace

from provisioner.errors import (
    ExitCode,
    GuardError,
    LeaseLostError,
    ProvisionerError,
    StorageError,
    UnreachableError,
    UsageError,
)
from provisioner.ledger.sharing import RunEnd, SharedRun
from provisioner.ports.engine import WorkerPlacement
from provisioner.rows import IdentityPolicy
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import StartingPoint
from provisioner.runs.plan_step import RunPlan
from provisioner.runs.send_step import SendReport, log_start
from provisioner.runs.supervisor import RunSupervisor
from provisioner.sending import StopKind

from .board import RunBoard
from .coordinator import Coordinator
from .run_spec import run_spec
from .shared_config import SharedConfig


async def send_shared(
    job: OpenJob,
    shared: SharedRun,
    config: SharedConfig,
    *,
    identity_policy: IdentityPolicy,
    supervisor: RunSupervisor,
    run_plan: RunPlan,
) -> SendReport:
    """Begin the shared run, send its rows here or by an engine's workers, and return the result.

    An error during sending is part of the result. Raise ``ProvisionerError`` when the run cannot be begun.
    """
    planned = run_plan.forecast
    if not run_plan.consent.is_given or not planned.has_work:
        return SendReport(error=run_plan.consent.error)
    began, rate = time.monotonic(), config.sending.schedule.peak_rate
    start = StartingPoint.of(planned)
    board = RunBoard(shared, start, rate_asked=rate.per_second, shows_workers=config.options.verbose)
    async with config.sending.target.started(rate) as target:
        history = "" if job.history is None else job.history.content_digest
        await shared.begin(run_spec(config.files, config.options, target, history=history))
        log_start(planned.to_send, config.sending.rate)
        sending = replace(config.sending, target=target)
        coordinator = Coordinator(
            job, shared, sending, board, identity_policy=identity_policy, supervisor=supervisor
        )
        error, end = None, None
        async with board.refreshed():
            try:
                await _work(coordinator, config, job, start)
                end = await coordinator.farewell()
            except ProvisionerError as raised:
                error = raised
    return _report(
        board, run_plan, end, error or coordinator.error, began=began, unreachable_s=coordinator.unreachable_s
    )


async def _work(coordinator: Coordinator, config: SharedConfig, job: OpenJob, start: StartingPoint) -> None:
    if config.engine is None:
        await coordinator.work_here(start)
        return
    placement = WorkerPlacement(
        count=config.count,
        address=config.ledger.without_password,
        is_over=coordinator.is_over,
        tell=job.ui.print_status,
        secrets=config.secrets,
    )
    await coordinator.place(config.engine, placement)


def _report(
    board: RunBoard,
    run_plan: RunPlan,
    end: RunEnd | None,
    error: ProvisionerError | None,
    *,
    began: float,
    unreachable_s: float,
) -> SendReport:
    figures, (sent, received) = board.figures(), board.traffic()
    if end is not None and not end.kind:  # a dead worker's last figures are missing, but every row was sent
        figures = replace(figures, done=run_plan.forecast.to_send)
    return SendReport(
        error=error or (_error_of(end) if end is not None else None),
        is_time_up=end is not None and end.kind == StopKind.TIME_UP,
        figures=figures,
        began=began,
        unlooked=end.unlooked if end is not None else 0,
        bytes_sent=sent,
        bytes_received=received,
        unreachable_s=unreachable_s,
    )


_KINDS = {
    ExitCode.USAGE: UsageError,
    ExitCode.GUARD: GuardError,
    ExitCode.UNSENT: UnreachableError,
    ExitCode.BUSY: LeaseLostError,
}


def _error_of(end: RunEnd) -> ProvisionerError | None:
    """Return the error with which another worker has stopped the run, None when it ended without one."""
    if not end.message:
        return None
    kind = _KINDS.get(ExitCode(end.exit_code), StorageError)
    return kind(end.message, cure=end.cure)
