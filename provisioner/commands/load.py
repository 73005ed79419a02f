"""The command ``load``: a run on an arrival schedule, checked against conditions."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from provisioner.errors import ExitCode, ThresholdError, UsageError
from provisioner.ledger import LedgerReader, ThresholdNote
from provisioner.load import (
    LOOKUPS,
    AbortCondition,
    Arrivals,
    Stage,
    StepMetrics,
    Threshold,
    ThresholdResult,
    achieved_share,
    collect_metrics,
    evaluate_thresholds,
    parse_stages,
    parse_threshold,
    steady,
)
from provisioner.models import Step
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.models.text import pluralize
from provisioner.options import MOST_ROWS, USUAL_RATE, LoadOptions, parse_duration, parse_rate
from provisioner.options.keyword_values import names_in_environment
from provisioner.ports.telemetry import Telemetry
from provisioner.ports.user_interface import UserInterface
from provisioner.runs.config import RunConfig
from provisioner.runs.job_commands import JobCommands
from provisioner.runs.row_selection import RetryConfig
from provisioner.runs.run import execute_run
from provisioner.runs.run_kind import RunKind
from provisioner.runs.supervisor import RunSupervisor
from provisioner.signals import StopSignals

from .telemetry import with_telemetry

STEPS = (Step.CREATE, Step.MESSAGE)
MOST_DRAWN = 10_000_000
"""Most rows of a Poisson schedule; their times are drawn before the run, in about ten seconds, to count them."""
_STOPPED = {
    *(ExitCode.INTERNAL, ExitCode.USAGE, ExitCode.STRICT, ExitCode.GUARD, ExitCode.BUSY),
    *(ExitCode.THRESHOLDS, ExitCode.SIGINT, ExitCode.SIGTERM),
}
"""Exit codes that say what stopped a test; a failed condition replaces any other by 99."""


async def run_load_test(
    files: Sequence[str],
    options: LoadOptions,
    environment: ProcessEnvironment,
    ui: UserInterface,
    stop: StopSignals | None = None,
) -> Summary:
    """Perform ``provisioner load``.

    Raise ``ProvisionerError`` for an error before anything was sent; later errors are in the ``Summary``.
    """
    options = with_closer_schedule(options, environment)
    verdict, stop = LoadVerdict.from_options(options), stop or StopSignals()

    async def perform(telemetry: Telemetry | None) -> Summary:
        kind = RunKind(
            command="load",
            retry=RetryConfig(),
            arrivals=arrivals_of(options),
            is_cycled=options.cycle,
            judge=verdict,
            telemetry=telemetry,
        )
        config = RunConfig.from_options(files, options, environment, kind)
        with config.files.alone(files, environment):
            supervisor = RunSupervisor(config.supervision, verdict.abort_if)
            return await execute_run(files, config, supervisor, ui, stop)

    return await with_telemetry("load", options, stop, perform)


@dataclass(frozen=True, slots=True)
class LoadVerdict:
    """Judge of a load test: adds the figures of the run that is just ending, and decides by them how it ended.

    ``fail_if`` and ``abort_if`` are the conditions of the options of these names. ``concurrency`` is the most
    requests in flight, and ``limit`` the most rows of the run, 0 for no limit.
    ``has_timers`` says that conversations are to close by ``--close-after``.
    """

    fail_if: Sequence[Threshold]
    abort_if: Sequence[AbortCondition]
    concurrency: int
    limit: int = 0
    has_timers: bool = False

    @classmethod
    def from_options(cls, options: LoadOptions) -> "LoadVerdict":
        """Return the judge for these options; raise ``UsageError`` for what is not a condition."""
        fail_if = [parse_threshold(text, "--fail-if") for text in options.fail_if]
        abort_if = [parse_threshold(text, "--abort-if") for text in options.abort_if]
        for each in abort_if:
            if each.figure == "achieved":
                raise UsageError(
                    f"--abort-if {each.text!r}: its value is known only at the end", cure="write it as --fail-if"
                )
        abort = [AbortCondition(each) for each in abort_if]
        return cls(fail_if, abort, options.concurrency, options.limit, bool(options.close_after))

    def __call__(
        self, reader: LedgerReader, commands: JobCommands, summary: Summary, /
    ) -> tuple[Summary, tuple[ThresholdNote, ...]]:
        """Return the summary with figures and verdict, and the thresholds by which it was found."""
        run = reader.last_run()
        metrics = {step.value: _measured(reader, step, since_run=run) for step in STEPS}
        offered, has_ended = self._offered(summary), summary.outcome is CommandOutcome.FINISHED
        is_whole = has_ended or (summary.outcome is CommandOutcome.PLANNED and metrics["create"].rows >= offered)
        achieved = achieved_share(metrics["create"], offered) if is_whole else None
        results = self._results(metrics, achieved)
        details = {
            **summary.details,
            **({"timers_not_set": _timers_not_set(summary)} if self.has_timers else {}),
            "offered": offered,
            "achieved": achieved,
            "steps": {step: found.summary() for step, found in metrics.items() if found.rows},
            "thresholds": [_threshold_details(result) for result in results],
        }
        notes = (
            *summary.notes,
            *_notes(commands, details, reader.counts().pending if has_ended else 0),
            *_about_lateness(details, self.concurrency),
            *_about_unmeasured(results, metrics, summary),
        )
        judged = _with_verdict(structs.replace(summary, details=details, notes=notes), results)
        return judged, tuple(ThresholdNote(each.threshold.text, each.value, each.has_failed) for each in results)

    def _offered(self, summary: Summary) -> int:
        """Return the number of rows that were to arrive in this run."""
        rows: int = summary.details["to_send"]
        return min(rows, self.limit or rows)

    def _results(self, metrics: Mapping[str, StepMetrics], achieved: float | None) -> Sequence[ThresholdResult]:
        """Return the results of all conditions; one that has ended the test keeps the figure it had then."""
        at_end = evaluate_thresholds([each.threshold for each in self.abort_if], metrics)
        return (
            *evaluate_thresholds(self.fail_if, metrics, achieved=achieved),
            *(each.result or result for each, result in zip(self.abort_if, at_end, strict=True)),
        )


def _timers_not_set(summary: Summary) -> int:
    """Return the number of conversations whose timer may not be set."""
    settings = summary.conversation_settings
    return settings.total - settings.set if settings else 0


def _measured(reader: LedgerReader, step: Step, *, since_run: int) -> StepMetrics:
    lookups = reader.attempts(LOOKUPS[step], since_run=since_run)
    return collect_metrics(reader.attempts(step, since_run=since_run), lookups)


def _notes(commands: JobCommands, details: Mapping[str, Any], waiting: int) -> Iterator[str]:
    if waiting:
        yield f"the schedule is over, and {waiting:,} rows were not due: the same command sends the next ones"
    if timerless := details.get("timers_not_set"):
        are = "conversation does" if timerless == 1 else "conversations do"
        yield f"{timerless:,} {are} not close by --close-after: {commands.close} closes what this test made"


def _about_lateness(details: Mapping[str, Any], most: int) -> Iterator[str]:
    """Yield a note when requests were sent late while ``most`` requests, the limit, were in flight."""
    late = sum(figures["late"] for figures in details["steps"].values())
    if late and details["most_in_flight"] >= most:
        yield f"requests left late while {most} were in flight: raise --concurrency, unless that is what you test"


def _about_unmeasured(
    results: Sequence[ThresholdResult], metrics: Mapping[str, StepMetrics], summary: Summary
) -> Iterator[str]:
    """Yield why conditions have no figure, so that nobody takes a test that measured nothing for a success."""
    missing = [each.threshold for each in results if each.value is None]
    if not missing:
        return
    are = f"{pluralize('condition', len(missing), 'was', 'were')} not measured"
    if not metrics["create"].rows:
        is_used_up = not summary.details["to_send"] and summary.counts is not None and summary.counts.created
        reason = ": every row was created before; use another -o, or --cycle" if is_used_up else ""
        yield f"{are}, because nothing was sent in this run{reason}"
        return
    reasons = {
        "no first message was posted": any(each.step == "message" for each in missing),
        "the test did not come to its end": any(each.figure == "achieved" for each in missing),
    }
    told = " and ".join(reason for reason, holds in reasons.items() if holds)
    yield f"{are}{f', because {told}' if told else ''}"


def with_closer_schedule(options: LoadOptions, environment: ProcessEnvironment) -> LoadOptions:
    """Return the options without a rate and a duration that --stage overrides.

    A --stage on the command line wins over the environment and the configuration file, and one in the environment
    over the file. Options from the same place are left for ``arrivals_of`` to refuse.
    """
    named = names_in_environment(options, "load", environment.environ)
    places = (environment.typed, named, environment.configured)

    def place(name: str) -> int:
        return next((place for place, names in enumerate(places) if name in names), len(places))

    if not options.stage:
        return options
    return replace(
        options,
        rate="" if place("rate") > place("stage") else options.rate,
        duration="" if place("duration") > place("stage") else options.duration,
    )


def arrivals_of(options: LoadOptions) -> Arrivals:
    """Return the arrival schedule of the options; raise ``UsageError`` for options that contradict each other."""
    if options.stage and options.duration:
        raise UsageError("--stage and --duration both say how long it takes", cure="omit one of them")
    if options.stage and options.rate:
        raise UsageError(
            f"--rate {options.rate} and --stage both say how fast rows arrive",
            cure="omit --rate, also in the environment and the configuration, or give --duration and no --stage",
        )
    if options.cycle and not (options.stage or options.duration):
        raise UsageError("--cycle would never end", cure="say how long with --duration or --stage")
    if options.cycle and (options.failed or options.include_input):
        flag = "--failed" if options.failed else "--include-input"
        raise UsageError(
            f"{flag} needs a record for each row, and --cycle makes several of one", cure=f"omit {flag}"
        )
    seed = options.seed if options.arrivals == "poisson" else None
    arrivals = Arrivals(parse_stages(options.stage) if options.stage else _steady(options), seed)
    _check_size(arrivals)
    if not arrivals.offered and arrivals.offered is not None:
        raise UsageError("no row would arrive in that time", cure="give a higher rate, or more time")
    return arrivals


def _check_size(arrivals: Arrivals) -> None:
    """Raise ``UsageError`` for a schedule of more rows than can be drawn or kept."""
    most = MOST_ROWS if arrivals.seed is None else MOST_DRAWN
    if most < arrivals.expected < math.inf:
        kind = "a schedule" if arrivals.seed is None else "--arrivals poisson"
        raise UsageError(
            f"{kind} has at most {most:,} rows, and this one {arrivals.expected:,.0f}",
            cure="give a lower --rate or --stage, or less time",
        )


def _steady(options: LoadOptions) -> tuple[Stage, ...]:
    rate = parse_rate(options.rate or USUAL_RATE)
    if rate.is_auto or math.isinf(rate.per_second):
        raise UsageError(
            f"--rate {options.rate}: a load test needs a rate", cure="write it as 4/s, or give --stage"
        )
    duration_s = parse_duration(options.duration, "--duration") if options.duration else math.inf
    if not duration_s:
        raise UsageError(f"--duration {options.duration!r} takes no time", cure="give it some, e.g. 5m")
    return steady(rate.per_second, duration_s)


def _threshold_details(result: ThresholdResult) -> dict[str, Any]:
    return {
        "condition": result.threshold.text,
        "value": result.value,
        "passed": result.has_passed,
        "text": result.sentence,
    }


def _with_verdict(summary: Summary, results: Sequence[ThresholdResult]) -> Summary:
    failed = [str(result) for result in results if result.has_failed]
    if not failed or summary.exit_code in _STOPPED:
        return summary
    error = ThresholdError(f"the test failed: {', '.join(failed)}")
    return structs.replace(
        summary, exit_code=error.exit_code, outcome=CommandOutcome.FAILED, error=ErrorInfo.from_error(error)
    )
