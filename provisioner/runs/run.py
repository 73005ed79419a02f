"""Execution of one run: open input and ledger, plan, send, and account for every row."""

from collections.abc import Sequence

from msgspec import structs

from provisioner import __version__
from provisioner.ledger import open_ledger
from provisioner.models.summary import Summary
from provisioner.planning.input import PlanInterrupted
from provisioner.ports.user_interface import UserInterface
from provisioner.signals import StopSignals

from .account_for_nothing import account_for_nothing
from .account_step import account
from .config import RunConfig
from .job_start import JobStart, start_job
from .open_job import OpenJob
from .plan_step import plan
from .recorded_end import end_recorded
from .send_step import send
from .supervisor import RunSupervisor


async def execute_run(
    files: Sequence[str], config: RunConfig, supervisor: RunSupervisor, ui: UserInterface, stop: StopSignals
) -> Summary:
    """Open input and ledger, execute one run, and return its summary.

    Errors after the plan pass are part of the summary. Raise ``ProvisionerError`` for an earlier one: the input
    cannot be opened or planned, or the ledger is in use, belongs to another job, or is damaged.
    """
    with config.job.open_input(files, stop) as job_input:
        config.accounting.outputs.check_sources(job_input.sources)
        settings = config.job.settings(job_input.mapping)
        start = await start_job(config.start, job_input, settings, stop)
        give_up_s = config.sending.give_up_s
        async with open_ledger(
            config.job.ledger, settings, version=__version__, replaces_unsent=True, give_up_s=give_up_s
        ) as ledger:
            with stop.active(drain_s=config.sending.drain_s), config.job.open_history(job_input) as history:
                async with supervisor.showing(), end_recorded(ledger):
                    job = OpenJob(job_input, ledger, ui, stop, history)
                    return await _execute(job, config, supervisor, start)


async def _execute(job: OpenJob, config: RunConfig, supervisor: RunSupervisor, start: JobStart) -> Summary:
    try:
        run_plan = await plan(job, config.planning, start.notes)
    except PlanInterrupted:
        return await account_for_nothing(job, config.accounting)
    kept = start.keep_earlier_results(config.files.output_names.moment) if run_plan.writes_results else ()
    identity_policy = config.job.identity_policy(job.ledger.manifest.job_id)
    shared, sharing = job.ledger.shared, config.sharing
    if shared is not None and sharing is not None:
        from .shared.send_shared import send_shared  # noqa: PLC0415 - most runs are of one process

        report = await send_shared(
            job, shared, sharing, identity_policy=identity_policy, supervisor=supervisor, run_plan=run_plan
        )
    elif config.has_accounts:
        from .accounts.send_accounts import send_accounts  # noqa: PLC0415 - most jobs are for one account

        report = await send_accounts(job, config.sendings, identity_policy, supervisor, run_plan)
    else:
        report = await send(job, config.sending, identity_policy, supervisor, run_plan)
    summary = await account(job, config.accounting, run_plan, report)
    details = {**summary.details, "plan_notes": [*run_plan.forecast.notes]}
    told = structs.replace(summary, notes=(*kept, *summary.notes), details=details)
    return await supervisor.finish(told)
