"""How a worker joins a run: it checks that it sends the same rows to the same place as the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec

from provisioner import __version__
from provisioner.errors import LedgerError, OtherJobError, UsageError
from provisioner.ledger import LedgerLocation, WorkerLedger, open_worker_ledger
from provisioner.models.environment import ProcessEnvironment
from provisioner.monitor.shared_figures import progress_of_worker
from provisioner.options import WorkerOptions, parse_duration
from provisioner.planning.history import HistoryFile
from provisioner.planning.input import JobInput
from provisioner.planning.plan import describe_reading
from provisioner.ports.telemetry import Telemetry
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.job_setup import JobSetup
from provisioner.runs.open_job import OpenJob
from provisioner.runs.run_kind import RunKind
from provisioner.runs.work_stop import draining_note
from provisioner.signals import StopSignals
from provisioner.system.event_log import event_logger

from .account_loops import AccountLoops, open_account_loops
from .run_spec import options_of, require_shared_files
from .worker_loop import WorkerEnd


class WorkerReport(msgspec.Struct, frozen=True):
    """What became of a worker: its number in the job, how it ended, and its loops, which have the figures."""

    number: int
    end: WorkerEnd
    loops: AccountLoops


async def work_on_run(
    location: LedgerLocation,
    options: WorkerOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals,
    *,
    telemetry: Telemetry | None = None,
) -> WorkerReport:
    """Join the current run of a job, work until it ends or this worker is stopped, and return what became of it.

    Raise ``LedgerBusyError`` when there is no run, ``LeaseLostError`` when this worker was fenced, and any other
    ``ProvisionerError`` when its input, its credentials or its options are not those of the run.
    """
    give_up_s = parse_duration(options.give_up, "--give-up")
    async with open_worker_ledger(location, version=__version__, give_up_s=give_up_s) as ledger:
        spec = ledger.spec
        run_options = options_of(spec, profile=options.profile, proxy=options.proxy)
        require_shared_files([*spec.files, run_options.history, run_options.accounts])
        setup = JobSetup.from_options(
            run_options,
            RunKind.of_run(run_options, telemetry=telemetry),
            environment,
            ledger=location,
            spool_dir=None,
            simulator=spec.simulator,
        )
        _require_account(ledger, setup)
        with setup.job.open_input(spec.files, stop) as job_input:
            await _require_same_job(ledger, setup, job_input)
            with stop.active(drain_s=setup.sending.drain_s), setup.job.open_history(job_input) as history:
                if history is not None:
                    await _require_same_history(ledger, history)
                job = OpenJob(job_input, ledger, ui, stop, history)
                async with _opened_loops(job, ledger, setup) as loops:
                    return WorkerReport(ledger.number, await loops.run(), loops)


@asynccontextmanager
async def _opened_loops(job: OpenJob, ledger: WorkerLedger, setup: JobSetup) -> AsyncIterator[AccountLoops]:
    """Open the connections and yield the loops of the worker, which a stop signal drains."""
    identity_policy = setup.job.identity_policy(ledger.manifest.job_id)
    async with open_account_loops(job, ledger, setup.sendings, identity_policy) as loops:

        def drain() -> None:
            loops.drain_within(setup.sending.drain_s)
            job.ui.print_status(draining_note("this worker takes no more rows", setup.sending.drain_s))

        job.stop.on_stop(drain, loops.cancel)
        event_logger().info("worker.joined", worker=ledger.number)
        job.ui.print_status(f"worker {ledger.number} of {ledger.location}")
        async with job.ui.progress(partial(progress_of_worker, loops.monitor)):
            yield loops


def _require_account(ledger: WorkerLedger, setup: JobSetup) -> None:
    asked, own = ledger.spec.account_sid, setup.targets.settings()["account"]
    if asked and asked != own:
        raise UsageError(
            f"the run is for account {asked}, and this worker's credentials are for {own}",
            cure="give it the credentials of the run's account, by TWILIO_* variables or --profile",
        )


async def _require_same_job(ledger: WorkerLedger, setup: JobSetup, job_input: JobInput) -> None:
    """Raise ``ProvisionerError`` unless this worker reads the same rows, in the same way, as the plan has them."""
    asked, own = ledger.manifest.settings, setup.job.settings(job_input.mapping)
    if changed := sorted(name for name in {**asked, **own} if asked.get(name) != own.get(name)):
        lines = [f"  {name}: {asked.get(name, '')!r} in the run, {own.get(name, '')!r} here" for name in changed]
        raise OtherJobError(
            "\n".join([f"{ledger.location}: this worker would send other requests than the run:", *lines]),
            cure="give it the same mapping file and credentials, and start it again",
        )
    planned = await ledger.planned_inputs() or ()
    there = [(each.size, each.sha256) for each in planned]
    fingerprints = await job_input.fingerprints_async()
    if there != [(each.size, each.sha256) for each in fingerprints]:
        named = ", ".join(each.name for each in fingerprints)
        raise LedgerError(
            f"{named} is not the input that was planned in {ledger.location}: its bytes differ here",
            cure="let every worker read the same file at that name, then start this one again",
        )
    if (await ledger.notes()).planned_by != describe_reading(job_input):
        accounts = job_input.mapping.accounts
        listed = f", and give it {accounts.source} as the run had it" if accounts else ""
        raise LedgerError(
            f"{ledger.location}: this worker is of another version than the run, or reads the input differently",
            cure=f"install the version that began the run; this one is {__version__}{listed}",
        )


async def _require_same_history(ledger: WorkerLedger, history: HistoryFile) -> None:
    """Read the file of ``--history``; raise ``LedgerError`` unless it says what the run's own file says."""
    await history.read()
    if history.content_digest != ledger.spec.history:
        raise LedgerError(
            f"{history.name} is not the history that was planned in {ledger.location}: its messages differ here",
            cure="let every worker read the same file at that name, then start this one again",
        )
