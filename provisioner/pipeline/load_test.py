"""The composition root of ``load``: a run whose rows arrive by a schedule, judged by its figures."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from msgspec import structs

from provisioner.errors import ExitCode, ThresholdError, UsageError
from provisioner.face import Face
from provisioner.ledger import open_reader
from provisioner.load import (
    Arrivals,
    Measures,
    Ruling,
    achieved_share,
    judge,
    measure,
    parse_stages,
    parse_threshold,
    prometheus_text,
    steady,
)
from provisioner.options import LoadOptions, parse_duration, parse_rate
from provisioner.results import check_writable, replacing
from provisioner.summary import Failure, Outcome, Summary
from provisioner.target import Surroundings

from .execution import carry_out
from .order import Order
from .watch import Watch

STEPS = ("create", "message")
_JUDGED = {ExitCode.DONE, ExitCode.REJECTED, ExitCode.UNKNOWN}
"""What the test came to by itself: thresholds outrank these, and nothing else."""


async def load(files: Sequence[str], options: LoadOptions, surroundings: Surroundings, face: Face) -> Summary:
    """Carry out ``provisioner load``; raise ``ProvisionerError`` for what ends it before anything was sent."""
    fail_if = [parse_threshold(text, "--fail-if") for text in options.fail_if]
    abort_if = [parse_threshold(text, "--abort-if") for text in options.abort_if]
    order = Order.read(options, surroundings, arrivals_of(options))
    if options.metrics_file is not None:
        check_writable(options.metrics_file)
        order.outputs.spare(options.metrics_file, "the metrics file")
    with order.occasion.alone():
        summary = await carry_out(files, order, Watch(order, abort_if), order.resume_command, face)
    with open_reader(order.ledger) as reader:
        run = reader.last_run()
        measures = {step: measure(reader.attempts(step, since_run=run)) for step in STEPS}
    offered = _offered(order, summary)
    achieved = None if offered is None else _achieved(measures["create"], order, offered)
    rulings = judge(fail_if, measures, achieved=achieved)
    details = {
        **summary.details,
        "offered": offered,
        "achieved": achieved,
        "steps": {step: found.summary() for step, found in measures.items() if found.rows},
        "thresholds": [_told(ruling) for ruling in rulings],
    }
    told = _judged(structs.replace(summary, details=details), rulings)
    if options.metrics_file is not None:
        with replacing(options.metrics_file) as stream:
            stream.write(prometheus_text(details, told.counts).encode())
    return told


def arrivals_of(options: LoadOptions) -> Arrivals:
    """Read when rows are due; raise ``UsageError`` for what contradicts itself."""
    if options.stage and options.duration:
        raise UsageError("--stage and --duration both say how long it takes", cure="leave one of them away")
    seed = (options.seed or 0) if options.arrivals == "poisson" else None
    if options.stage:
        stages = parse_stages(options.stage)
        if not any(stage.rows for stage in stages):
            raise UsageError("no stage has a rate above 0, so no row would arrive", cure="give one, e.g. 30s:2/s")
        return Arrivals(stages, seed)
    rate = parse_rate(options.rate)
    if rate.is_auto or rate.per_second == float("inf"):
        raise UsageError(
            f"--rate {options.rate}: a load test needs a rate", cure="write it as 4/s, or give --stage"
        )
    duration_s = parse_duration(options.duration, "--duration") if options.duration else float("inf")
    if options.cycle and not options.duration:
        raise UsageError("--cycle would never end", cure="say how long with --duration or --stage")
    return Arrivals(steady(rate.per_second, duration_s), seed)


def _offered(order: Order, summary: Summary) -> int | None:
    """Return how many rows were due, of those that could be sent."""
    counts = summary.counts
    rows = counts.input - counts.invalid if counts else 0
    return rows if order.limit is None else min(order.limit, rows)


def _achieved(measures: Measures, order: Order, offered: int) -> float | None:
    if order.arrivals is None:
        return None
    last = next(islice(order.arrivals.times(), max(offered - 1, 0), None), 0.0)
    duration_s = last if order.arrivals.offered != offered else order.arrivals.duration_s
    return achieved_share(measures, offered=offered, duration_s=duration_s)


def _told(ruling: Ruling) -> dict[str, Any]:
    return {
        "condition": ruling.threshold.text,
        "value": ruling.value,
        "passed": not ruling.has_failed,
        "text": str(ruling),
    }


def _judged(summary: Summary, rulings: Sequence[Ruling]) -> Summary:
    failed = [str(ruling) for ruling in rulings if ruling.has_failed]
    if not failed or summary.exit_code not in _JUDGED:
        return summary
    error = ThresholdError(f"the test failed: {', '.join(failed)}")
    return structs.replace(
        summary, exit_code=error.exit_code, outcome=Outcome.FAILED, error=Failure.from_error(error)
    )
