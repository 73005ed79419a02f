"""The command ``run``: create one WebChat for every row."""

from collections.abc import Sequence
from pathlib import Path

from provisioner.cluster.choice import choose_engine
from provisioner.ledger import EMBEDDED, LedgerLocation
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from provisioner.ports.telemetry import Telemetry
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.config import RunConfig
from provisioner.runs.run import execute_run
from provisioner.runs.run_kind import RunKind
from provisioner.runs.supervisor import RunSupervisor
from provisioner.signals import StopSignals

from .telemetry import with_telemetry


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
    stop = stop or StopSignals()

    async def perform(telemetry: Telemetry | None) -> Summary:
        engine = choose_engine(options, environment.environ, is_shared=_is_shared(options))
        kind = RunKind.of_run(options, engine, telemetry)
        config = RunConfig.from_options(files, options, environment, kind)
        with config.files.alone(files, environment):
            supervisor = RunSupervisor(config.supervision)
            return await execute_run(files, config, supervisor, ui, stop)

    return await with_telemetry("run", options, stop, perform)


def _is_shared(options: RunOptions) -> bool:
    """Return whether several processes can use the ledger that the options name."""
    ledger = options.ledger or Path(f"{options.output}.ledger")
    return str(ledger) == EMBEDDED or LedgerLocation(ledger).is_postgres
