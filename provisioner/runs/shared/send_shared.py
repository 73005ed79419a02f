"""Second step of a run that several processes share."""

import time
from collections.abc import Mapping, Sequence

from msgspec import structs

from provisioner.errors import ProvisionerError
from provisioner.ledger.sharing import RunEnd, SharedRun
from provisioner.ports.engine import WorkerPlacement
from provisioner.rows import IdentityPolicy
from provisioner.runs.accounts.send_accounts import at_one_place, rates_of
from provisioner.runs.open_job import OpenJob
from provisioner.runs.open_sending import SendConfig, StartingPoint
from provisioner.runs.plan_step import RunPlan
from provisioner.runs.send_step import SendReport, log_start
from provisioner.runs.supervisor import RunSupervisor
from provisioner.sending import StopKind

from .board import RunBoard
from .coordinator import Coordinator
from .run_ends import end_of_accounts, error_of, errors_of
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
    began, start = time.monotonic(), StartingPoint.of(planned)
    async with at_one_place(config.sendings) as sendings:
        history = "" if job.history is None else job.history.content_digest
        target = next(iter(sendings.values())).target
        slowest = min(each.schedule.peak_rate.per_second for each in sendings.values())
        await shared.begin(run_spec(config.files, config.options, target, slowest=slowest, history=history))
        log_start(planned.to_send, rates_of(sendings))
        rate = _rate_of(sendings, [*await shared.ends()])
        board = RunBoard(shared, start, rate_asked=rate, shows_workers=config.options.verbose)
        coordinator = Coordinator(
            job, shared, sendings, board, identity_policy=identity_policy, supervisor=supervisor
        )
        error: ProvisionerError | None = None
        ends: Mapping[str, RunEnd | None] = {}
        async with board.refreshed():
            try:
                await _work(coordinator, config, job, start)
                await coordinator.farewell()
                ends = await shared.ends()
            except ProvisionerError as raised:
                error = raised
    report = _report(board, run_plan, ends, began=began, unreachable_s=coordinator.unreachable_s)
    return structs.replace(report, error=error or coordinator.error or report.error)


def _rate_of(sendings: Mapping[str, SendConfig], accounts: Sequence[str]) -> float:
    """Return the rate of a run in these accounts in starts per second; an empty SID is the only account."""
    return sum(each.schedule.peak_rate.per_second for sid, each in sendings.items() if {sid, ""} & {*accounts})


async def _work(coordinator: Coordinator, config: SharedConfig, job: OpenJob, start: StartingPoint) -> None:
    if config.engine is None:
        await coordinator.work_here(start)
        return
    placement = WorkerPlacement(
        count=config.count,
        address=config.ledger.without_password,
        is_over=coordinator.is_over,
        tell=job.ui.print_status,
        arguments=("--otel",) if config.options.otel else (),
        secrets=config.secrets,
    )
    await coordinator.place(config.engine, placement)


def _report(
    board: RunBoard,
    run_plan: RunPlan,
    ends: Mapping[str, RunEnd | None],
    *,
    began: float,
    unreachable_s: float,
) -> SendReport:
    """Return the result from how the run ended in each account, by SID; None where it did not."""
    over = {sid: each for sid, each in ends.items() if each is not None}
    end = end_of_accounts(over) if over and len(over) == len(ends) else None
    figures, (sent, received) = board.figures(), board.traffic()
    if end is not None and not end.kind:  # a dead worker's last figures are missing, but every row was sent
        figures = structs.replace(figures, done=run_plan.forecast.to_send)
    return SendReport(
        error=error_of(end) if end is not None else None,
        is_time_up=end is not None and end.kind == StopKind.TIME_UP,
        figures=figures,
        began=began,
        unlooked=end.unlooked if end is not None else 0,
        bytes_sent=sent,
        bytes_received=received,
        unreachable_s=unreachable_s,
        account_errors={sid: error.message for sid, error in errors_of(ends).items() if sid},
    )
