"""Configuration of a run: its options, checked and divided into one part for each step."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, RunNote
from provisioner.load import Arrivals
from provisioner.mapping import Mapping
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import (
    USUAL_RATE,
    JobOptions,
    LoadOptions,
    RunOptions,
    parse_duration,
    parse_failure_limit,
    parse_rate,
)
from provisioner.options.keyword_values import names_in_environment
from provisioner.pacing import DailyWindow, parse_window, parse_zone
from provisioner.planning.input import RowSettings
from provisioner.planning.plan import validate_global_options
from provisioner.reconciling import LOOK_UPS_PER_SECOND
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs
from provisioner.rows import SHORTEST_CLOSE_S, SHORTEST_INACTIVE_S
from provisioner.target import Target

from .account_step import AccountConfig, Judge
from .command_record import note_of_run, options_json
from .confirmation import Confirmation
from .job_commands import JobCommands, check_command
from .job_config import JobConfig
from .job_start import JobStartConfig
from .open_sending import SendConfig
from .output_names import DatedOutputNames
from .plan_step import PlanConfig
from .row_selection import RetryConfig, RowSelection
from .run_files import RunFiles
from .send_schedule import SendSchedule
from .sending_context import RoundConfig
from .supervisor import SupervisorConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKind:
    """Differences between the commands ``run`` and ``load``.

    ``arrivals`` give the due times of the rows of a load test; None in ``run``, which starts rows evenly. With
    ``is_cycled``, the records of the input are repeated until there are as many rows as may be sent. ``give_up``
    is the longest time for which Twilio may be out of reach, such as ``10m``; empty when a failed connection
    counts as an attempt. ``is_new_job`` and ``rebuild_from`` are described in ``JobStartConfig``. ``judge``
    decides by the figures of the run how it ended; None accepts its counts.
    """

    command: str
    retry: RetryConfig
    arrivals: Arrivals | None = None
    is_cycled: bool = False
    give_up: str = ""
    is_new_job: bool = False
    rebuild_from: Path | None = None
    judge: Judge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Options of a run, checked as far as possible without opening a file: one part for each step."""

    files: RunFiles
    job: JobConfig
    start: JobStartConfig
    planning: PlanConfig
    sending: SendConfig
    accounting: AccountConfig
    supervision: SupervisorConfig

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
        validate_global_options(options.address_sid, ui_version=options.ui_version, marker=options.marker)
        _check_open_limit(options)
        target = Target.choose(options, environment.environ, environment.home, is_simulated=options.simulate)
        mapping = Mapping.from_options(
            options, ui_version=options.ui_version, default_address=target.default_address
        )
        schedule = _schedule(options, kind)
        uses = schedule.limit(options.limit) or 0 if kind.is_cycled else 0
        commands = JobCommands(
            resume=output_names.resume_command(environment.command),
            check=check_command(files, options, environment.environ),
            ledger=LedgerLocation.of_job(options.ledger, outputs.path),
            target_flags=target.flags(),
            options=options,
            preset=environment.configured | names_in_environment(options, kind.command, environment.environ),
        )
        run_note = note_of_run(options, kind.command, kind.retry, commands, environment)
        return cls(
            files=RunFiles(options=options, output_names=output_names),
            job=_job(options, target, mapping, uses=uses, ledger=commands.ledger, spool_dir=outputs.folder),
            start=_start(options, kind, outputs.path, commands.ledger, is_local=target.is_local),
            planning=_planning(options, kind, target, schedule, run_note),
            supervision=_supervision(options, title=str(outputs.path)),
            sending=_sending(options, kind, target, schedule),
            accounting=_accounting(kind, commands, outputs, schedule, output_names.moment),
        )


def _outputs(options: RunOptions | LoadOptions) -> Outputs:
    outputs = Outputs(options)
    if outputs.path == STDOUT and (options.ledger is None or options.json):
        clash = "--json" if options.json else "no --ledger"
        raise UsageError(f"results on stdout, and {clash}", cure="name a file with -o, or add --ledger PATH")
    return outputs


def _check_open_limit(options: JobOptions) -> None:
    """Raise ``UsageError`` for a limit on open conversations that nobody would close."""
    if options.max_open and options.simulate:
        raise UsageError(
            f"--max-open {options.max_open} with --simulate: nobody closes conversations inside this process",
            cure="omit one of them, or start provisioner simulate and name it with --base-url",
        )


def _schedule(options: JobOptions, kind: RunKind) -> SendSchedule:
    rate = parse_rate(options.rate)
    window = parse_window(options.window, parse_zone(options.tz))
    has_history = isinstance(options, RunOptions) and bool(options.history)
    return SendSchedule(rate=rate, window=window, arrivals=kind.arrivals, has_history=has_history)


def _job(
    options: JobOptions,
    target: Target,
    mapping: Mapping,
    *,
    uses: int,
    ledger: LedgerLocation,
    spool_dir: Path | None,
) -> JobConfig:
    return JobConfig(
        reading=options,
        mapping=mapping,
        rows=RowSettings(
            friendly_name=options.friendly_name,
            marker=options.marker,
            uses=uses,
            must_say_something=not options.allow_blank,
        ),
        ledger=ledger,
        spool_dir=spool_dir,
        place=target.settings(),
        identity=options.identity,
        history=options.history if isinstance(options, RunOptions) else "",
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


def _planning(
    options: JobOptions, kind: RunKind, target: Target, schedule: SendSchedule, run_note: RunNote
) -> PlanConfig:
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
            is_local=target.is_local,
            account=target.account.account_sid,
            rate=options.rate,
            is_boundless=math.isinf(schedule.rate.per_second),
        ),
        options_json=options_json(options, kind.retry),
        may_replace_input=options.replace_input,
        run_note=run_note,
        notes=(*target.notes, *_cautions(options, kind.retry, schedule.window)),
        shows_mapping=options.verbose,
    )


def _supervision(options: JobOptions, *, title: str) -> SupervisorConfig:
    return SupervisorConfig(
        dashboard=options.dashboard,
        is_dashboard_public=options.dashboard_public,
        title=title,
        max_duration_s=_time_given(options.max_duration),
    )


def _sending(options: JobOptions, kind: RunKind, target: Target, schedule: SendSchedule) -> SendConfig:
    return SendConfig(
        target=target,
        schedule=schedule,
        rounds=RoundConfig(
            retry=kind.retry,
            limit=schedule.limit(options.limit),
            concurrency=options.concurrency,
            canary=options.canary,
            failures=parse_failure_limit(options.max_failures),
            settle_delay_s=options.settle_delay,
            max_open=options.max_open,
            service_sid=target.service_sid,
            may_share=options.allow_shared,
            other_host=target.other_host,
        ),
        rate=options.rate,
        drain_s=options.drain,
        defaults=_timers_given(options),
        give_up_s=parse_duration(kind.give_up, "--give-up") if kind.give_up else None,
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


_TIMERS = (
    ("inactive_after", SHORTEST_INACTIVE_S, "of inactivity below a minute", "1m"),
    ("close_after", SHORTEST_CLOSE_S, "below ten minutes", "10m"),
)


def _timers_given(options: JobOptions) -> dict[str, str]:
    """Return the timers of ``--inactive-after`` and ``--close-after`` by field, for rows without their own."""
    given = {field: text for field, *_ in _TIMERS if (text := getattr(options, field))}
    for field, shortest_s, what, least in _TIMERS:
        flag = f"--{field.replace('_', '-')}"
        if field in given and parse_duration(given[field], flag) < shortest_s:
            raise UsageError(
                f"{flag} {given[field]!r}: Twilio accepts no timer {what}", cure=f"give it {least}, or more"
            )
    return given
