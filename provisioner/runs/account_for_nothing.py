"""Summary of a run that was stopped before it had a plan."""

from provisioner.errors import ExitCode
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.planning.plan import skipped_records

from .account_step import AccountConfig
from .open_job import OpenJob


async def account_for_nothing(job: OpenJob, config: AccountConfig) -> Summary:
    """Return the summary of a run that was stopped during the plan pass.

    A ledger without a plan is not named: it was created by this run, and is deleted when it is closed.
    """
    has_plan = await job.ledger.planned_inputs() is not None
    return Summary(
        command=config.command,
        exit_code=job.stop.exit_code or ExitCode.SIGINT,
        outcome=CommandOutcome.STOPPED,
        ledger=str(config.commands.ledger) if has_plan else "",
        notes=("the run was stopped while planning: nothing was sent, and the results are unchanged",),
        next_command=config.commands.resume,
        details=skipped_records(job.input.sources),
    )
