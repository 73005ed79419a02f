"""The command ``load``: a run on an arrival schedule, checked against conditions."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from provisioner.errors import ThresholdError, UsageError
from provisioner.ledger import open_reader
from provisioner.load import (
    Arrivals,
    Stage,
    Threshold,
    ThresholdResult,
    achieved_share,
    collect_metrics,
    evaluate_thresholds,
    parse_stages,
    parse_threshold,
    prometheus_text,
    steady,
)
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, ErrorInfo, Summary
from provisioner.options import MOST_ROWS, LoadOptions, parse_duration, parse_rate
from provisioner.ports.user_interface import UserInterface
from provisioner.results import READABLE, atomic_write, check_writable
from provisioner.runs.config import RunConfig, RunKind
from provisioner.runs.job_commands import JobCommands
from provisioner.runs.row_selection import RetryConfig
from provisioner.runs.run import execute_run
from provisioner.runs.supervisor import RunSupervisor
from provisioner.signals import StopSignals

STEPS = ("create", "message")
MOST_DRAWN = 10_000_000
"""Most rows of a Poisson schedule; their times are drawn before the run, in about ten seconds, to count them."""
_WITH_VERDICT = {CommandOutcome.FINISHED, CommandOutcome.PLANNED}
"""Outcomes of a test that ended by itself or where it was asked to; failed conditions replace only their codes."""


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
    fail_if = [parse_threshold(text, "--fail-if") for text in options.fail_if]
    abort_if = [parse_threshold(text, "--abort-if") for text in options.abort_if]
    for each in abort_if:
        if each.figure == "achieved":
            raise UsageError(
                f"--abort-if {each.text!r}: its value is known only at the end", cure="write it as --fail-if"
            )
    kind = RunKind(
        command="load",
        retry=RetryConfig(),
        arrivals=arrivals_of(options),
        is_cycled=options.cycle,
        close_after=options.close_after,
    )
    config = RunConfig.from_options(files, options, environment, kind)
    if options.metrics_file is not None:
        check_writable(options.metrics_file)
    with config.files.alone(files, environment):
        supervisor = RunSupervisor(config.supervision, abort_if)
        summary = await execute_run(files, config, supervisor, ui, stop or StopSignals())
    if summary.counts is None:
        return summary
    told = _with_figures(summary, config.accounting.commands, fail_if, concurrency=options.concurrency)
    if options.metrics_file is not None:
        with atomic_write(options.metrics_file, mode=READABLE) as stream:
            stream.write(prometheus_text(told).encode())
    return told


def _with_figures(
    summary: Summary, commands: JobCommands, fail_if: Sequence[Threshold], *, concurrency: int
) -> Summary:
    """Return the summary with the figures of the run that has just ended and the results of its conditions."""
    with open_reader(commands.ledger) as reader:
        run = reader.last_run()
        metrics = {step: collect_metrics(reader.attempts(step, since_run=run)) for step in STEPS}
        waiting = reader.counts().pending
    offered = summary.details["to_send"]
    is_complete = summary.outcome is CommandOutcome.FINISHED
    achieved = achieved_share(metrics["create"], offered) if is_complete else None
    results = evaluate_thresholds(fail_if, metrics, achieved=achieved)
    details = {
        **summary.details,
        "offered": offered,
        "achieved": achieved,
        "steps": {step: found.summary() for step, found in metrics.items() if found.rows},
        "thresholds": [_threshold_details(result) for result in results],
    }
    notes = (
        *summary.notes,
        *_notes(commands, details, waiting if is_complete else 0),
        *_about_lateness(details, concurrency),
    )
    return _with_verdict(structs.replace(summary, details=details, notes=notes), results)


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


def arrivals_of(options: LoadOptions) -> Arrivals:
    """Return the arrival schedule of the options; raise ``UsageError`` for options that contradict each other."""
    if options.stage and options.duration:
        raise UsageError("--stage and --duration both say how long it takes", cure="omit one of them")
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
    rate = parse_rate(options.rate)
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
        "passed": not result.has_failed,
        "text": str(result),
    }


def _with_verdict(summary: Summary, results: Sequence[ThresholdResult]) -> Summary:
    failed = [str(result) for result in results if result.has_failed]
    if not failed or summary.outcome not in _WITH_VERDICT:
        return summary
    error = ThresholdError(f"the test failed: {', '.join(failed)}")
    return structs.replace(
        summary, exit_code=error.exit_code, outcome=CommandOutcome.FAILED, error=ErrorInfo.from_error(error)
    )
