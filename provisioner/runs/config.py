"""Configuration of a run: its options, checked and divided into one part for each step."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.ledger import EMBEDDED, LedgerLocation, RunNote
from provisioner.models.accounts import shown_account
from provisioner.models.environment import ProcessEnvironment
from provisioner.monitor.run_status import RunFacts
from provisioner.options import (
    USUAL_RATE,
    JobOptions,
    LoadOptions,
    RunOptions,
    parse_duration,
)
from provisioner.options.keyword_values import names_in_environment
from provisioner.pacing import DailyWindow
from provisioner.reconciling import LOOK_UPS_PER_SECOND
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs
from provisioner.sources import STDIN
from provisioner.sources.files.objects import object_address
from provisioner.system.addresses import masked_address
from provisioner.target import JobTargets

from .account_step import AccountConfig
from .command_record import note_of_run, options_json
from .confirmation import Confirmation
from .job_commands import JobCommands, check_command
from .job_config import JobConfig
from .job_setup import JobSetup
from .job_start import JobStartConfig
from .open_sending import SendConfig
from .output_names import DatedOutputNames
from .plan_step import PlanConfig
from .row_selection import RetryConfig, RowSelection
from .run_files import RunFiles
from .run_kind import RunKind
from .send_schedule import SendSchedule
from .shared.shared_config import SharedConfig
from .supervisor import SupervisorConfig


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a run, checked as far as possible without opening an input: one part for each step.

    ``sendings`` has the part of each account by its SID; only with ``has_accounts`` there is more than one.
    ``sharing`` is for a run that other processes may take part in, None for any other.
    """

    files: RunFiles
    job: JobConfig
    start: JobStartConfig
    planning: PlanConfig
    sendings: Mapping[str, SendConfig]
    accounting: AccountConfig
    supervision: SupervisorConfig
    sharing: SharedConfig | None = None
    has_accounts: bool = False

    @property
    def sending(self) -> SendConfig:
        """The part of the first account, which is the only one in a job for one."""
        return next(iter(self.sendings.values()))

    @classmethod
    def from_options(
        cls,
        files: Sequence[str],
        options: RunOptions | LoadOptions,
        environment: ProcessEnvironment,
        kind: RunKind,
    ) -> "RunConfig":
        """Return the configuration of a run over ``files``. Raise ``UsageError`` for the first invalid option."""
        output_names = DatedOutputNames.read(options, environment.moment)
        options = replace(output_names.with_dates(options), rate=options.rate or USUAL_RATE)
        outputs = _outputs(options)
        _check_open_limit(options)
        ledger = LedgerLocation.of_job(options.ledger, outputs.path)
        setup = JobSetup.from_options(options, kind, environment, ledger=ledger, spool_dir=outputs.folder)
        targets, schedule = setup.targets, setup.schedule
        commands = JobCommands(
            resume=output_names.resume_command(environment.command),
            check=check_command(files, options, environment.environ),
            ledger=ledger,
            target_flags=targets.flags(),
            options=options,
            preset=environment.configured | names_in_environment(options, kind.command, environment.environ),
        )
        run_note = note_of_run(options, kind.command, kind.retry, commands, environment)
        return cls(
            files=RunFiles(options=options, output_names=output_names),
            job=setup.job,
            start=_start(options, kind, outputs.path, ledger, is_local=targets.first.is_local),
            planning=_planning(options, kind, setup, run_note),
            supervision=_supervision(options, _facts(files, kind, targets, outputs, output_names.moment)),
            sendings=setup.sendings,
            has_accounts=setup.accounts is not None,
            sharing=_sharing(files, options, kind, setup),
            accounting=_accounting(kind, commands, outputs, schedule, output_names.moment),
        )


def _outputs(options: RunOptions | LoadOptions) -> Outputs:
    outputs = Outputs(options)
    if outputs.path == STDOUT and (options.ledger is None or options.json):
        clash = "--json" if options.json else "no --ledger"
        raise UsageError(f"results on stdout, and {clash}", cure="name a file with -o, or add --ledger PATH")
    if object_address(outputs.path) and str(options.ledger or EMBEDDED) == EMBEDDED:
        raise UsageError(
            f"results at {outputs.shown}, and no ledger of their own: it is not beside them in an object store",
            cure="add --ledger postgresql://USER@HOST/DATABASE, or --ledger and the name of a file",
        )
    return outputs


def _sharing(
    files: Sequence[str], options: RunOptions | LoadOptions, kind: RunKind, setup: JobSetup
) -> SharedConfig | None:
    if not isinstance(options, RunOptions):
        return None
    return SharedConfig.of_run(files, options, setup.sendings, setup.job.ledger, kind.engine)


def _check_open_limit(options: JobOptions) -> None:
    """Raise ``UsageError`` for a limit on open conversations that nobody would close."""
    if options.max_open and options.simulate:
        raise UsageError(
            f"--max-open {options.max_open} with --simulate: nobody closes conversations inside this process",
            cure="omit one of them, or start provisioner simulate and name it with --base-url",
        )


def _start(
    options: JobOptions, kind: RunKind, results: Path, ledger: LedgerLocation, *, is_local: bool
) -> JobStartConfig:
    return JobStartConfig(
        results=results,
        ledger=ledger,
        has_formula_guard=options.formula_guard,
        is_guarded=kind.command == "run",
        is_new_job=kind.is_new_job,
        rebuild_from=kind.rebuild_from,
        may_replace_input=options.replace_input,
        is_local=is_local,
    )


def _planning(options: JobOptions, kind: RunKind, setup: JobSetup, run_note: RunNote) -> PlanConfig:
    targets, schedule = setup.targets, setup.schedule
    return PlanConfig(
        selection=RowSelection(
            retry=kind.retry,
            limit=schedule.limit(options.limit),
            is_timed=schedule.is_timed(options.limit),
        ),
        timing=schedule.timing,
        confirmation=Confirmation(
            is_strict=options.strict,
            is_agreed=options.yes,
            is_local=targets.first.is_local,
            accounts=targets.shown,
            rate="each at its rate" if setup.accounts else f"at {options.rate}",
            is_boundless=any(math.isinf(each.schedule.rate.per_second) for each in setup.sendings.values()),
        ),
        options_json=options_json(options, kind.retry),
        may_replace_input=options.replace_input,
        run_note=run_note,
        notes=(*targets.notes, *_cautions(options, kind.retry, schedule.window)),
        shows_mapping=options.verbose,
        accounts=setup.accounts,
        rate=options.rate,
    )


def _facts(
    files: Sequence[str], kind: RunKind, targets: JobTargets, outputs: Outputs, moment: datetime
) -> RunFacts:
    return RunFacts(
        command=kind.command,
        output=outputs.shown,
        inputs=["stdin" if name == STDIN else masked_address(name) for name in files],
        account=shown_account(targets.settings()["account"]),
        target=targets.first.description,
        version=__version__,
        zone=moment.tzinfo,
    )


def _supervision(options: JobOptions, facts: RunFacts) -> SupervisorConfig:
    return SupervisorConfig(
        facts=facts,
        dashboard=options.dashboard,
        is_dashboard_public=options.dashboard_public,
        metrics_file=options.metrics_file,
        max_duration_s=_time_given(options.max_duration),
    )


def _accounting(
    kind: RunKind, commands: JobCommands, outputs: Outputs, schedule: SendSchedule, moment: datetime
) -> AccountConfig:
    return AccountConfig(
        command=kind.command,
        commands=commands,
        outputs=outputs,
        retry=kind.retry,
        is_timed=schedule.is_timed(commands.options.limit),
        moment=moment,
        judge=kind.judge,
    )


def _cautions(options: JobOptions, retry: RetryConfig, window: DailyWindow | None) -> Iterator[str]:
    """Yield notes and warnings about the options, for the plan that is shown before sending."""
    if window:
        yield f"nothing starts outside of --window {window}"
    if options.max_open:
        yield (
            f"creation waits while {options.max_open:,} conversations of the job are open; then up to "
            f"{LOOK_UPS_PER_SECOND:g} look-ups a second ask which were closed"
        )
    if retry.resends_unknown:
        yield "--on-unknown resend: a row whose answer is lost is sent again, and may be created twice"
    elif options.identity == "none" and not options.marker:
        yield "without identity and without --marker, rows whose answer is lost stay unknown"


def _time_given(text: str) -> float | None:
    if not text:
        return None
    seconds = parse_duration(text, "--max-duration")
    if not seconds:
        raise UsageError(f"--max-duration {text!r} is zero", cure="omit it, or give a duration such as 6h")
    return seconds
