"""The command ``run``: create one WebChat for every row."""

from collections.abc import Sequence

from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.config import RunConfig
from provisioner.runs.row_selection import RetryConfig
from provisioner.runs.run import execute_run
from provisioner.runs.run_kind import RunKind
from provisioner.runs.supervisor import RunSupervisor
from provisioner.signals import StopSignals


async def run_job(
    files: Sequence[str],
    options: RunOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner run``.

    Raise ``ProvisionerError`` for an error before anything was sent; later errors are in the ``Summary``.
    """
    retry = RetryConfig(max_attempts=options.max_attempts, on_unknown=options.on_unknown, retry=options.retry)
    kind = RunKind(
        command="run",
        retry=retry,
        give_up=options.give_up,
        is_new_job=options.new_job,
        rebuild_from=options.rebuild_from,
    )
    config = RunConfig.from_options(files, options, environment, kind)
    with config.files.alone(files, environment):
        supervisor = RunSupervisor(config.supervision)
        return await execute_run(files, config, supervisor, ui, stop or StopSignals())
