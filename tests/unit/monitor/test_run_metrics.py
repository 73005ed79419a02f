"""The status of a run as Prometheus text."""

import math
from collections.abc import Sequence

from provisioner.errors import ExitCode
from provisioner.models import AttemptResult, Counts, Status, Step, Verdict
from provisioner.models.metric_families import MetricSample, metrics_text
from provisioner.models.progress import Progress, WorkerProgress
from provisioner.models.reasons import ErrorReason
from provisioner.models.summary import Summary
from provisioner.monitor import RunFigures
from provisioner.monitor.request_durations import RequestDurations
from provisioner.monitor.run_metrics import run_families
from provisioner.monitor.run_status import RunFacts, RunStatus
from tests.prometheus_text import Samples, parse

SECRET = "Ana-Lim-4711"
FACTS = RunFacts(command="run", output=SECRET, inputs=[SECRET], account=SECRET, target=SECRET, version="1.2")
REASONS = [
    ErrorReason(Status.REJECTED, "45715", SECRET, 2),
    ErrorReason(Status.REJECTED, "45715", f"{SECRET} too", 1),
    ErrorReason(Status.UNKNOWN, 'od"d\\', SECRET, 4),
]


def samples(
    progress: Progress,
    *,
    summary: Summary | None = None,
    durations: Sequence[MetricSample] = (),
    is_stopping: bool = False,
) -> Samples:
    """Return the samples of a run with this progress."""
    status = RunStatus(
        facts=FACTS,
        progress=progress,
        figures=RunFigures(sent=9, throttled=3, reasons=REASONS),
        durations=durations,
        now=60.0,
        began=10.0,
        is_stopping=is_stopping,
        summary=summary,
    )
    text = metrics_text(run_families(status))
    assert SECRET not in text
    return parse(text)


def one(found: Samples, name: str, **labels: str) -> float | None:
    """Return one sample of a run; None where there is none."""
    return found.get((f"provisioner_run_{name}", frozenset(labels.items())))


def test_a_run_that_goes_on_tells_its_figures_and_no_name() -> None:
    """Rows by outcome, codes, requests, rates and times; not a file, a host, an account or an error's text."""
    progress = Progress(
        total=100,
        done=10,
        created=7,
        rejected=3,
        in_flight=2,
        messages=5,
        open=4,
        rate_now=3.5,
        rate_asked=math.inf,
        elapsed_s=50.0,
        eta_s=25.0,
        state=SECRET,
        workers=[WorkerProgress(number=1, host=SECRET, pid=1)],
    )

    found = samples(progress, is_stopping=True)

    assert one(found, "info", command="run", version="1.2") == 1
    assert [one(found, "rows", outcome=name) for name in ("created", "rejected", "pending")] == [7, 3, 90]
    assert one(found, "failures", of="row", status="rejected", code="45715") == 3
    assert one(found, "failures", of="row", status="unknown", code='od"d\\') == 4
    assert [one(found, name) for name in ("requests_total", "throttled_total", "messages_total")] == [9, 3, 5]
    assert [one(found, name) for name in ("in_flight", "rate", "rate_limit")] == [2, 3.5, math.inf]
    assert [one(found, name) for name in ("start_time_seconds", "elapsed_seconds", "eta_seconds")] == [10, 50, 25]
    assert [one(found, name) for name in ("stopping", "workers", "open_conversations")] == [1, 1, 4]
    assert one(found, "exit_code") is None


def test_a_run_that_is_over_tells_its_exit_code_and_the_counts_of_its_summary() -> None:
    """What was only an estimate is gone, and so is what is not known; the end has a time."""
    summary = Summary(
        command="run", exit_code=ExitCode.REJECTED, counts=Counts(input=5, created=4, rejected=1), elapsed_s=49.5
    )

    found = samples(Progress(total=5, eta_s=3.0, elapsed_s=1.0), summary=summary)

    assert [one(found, name) for name in ("exit_code", "end_time_seconds", "elapsed_seconds")] == [4, 60, 49.5]
    assert [one(found, "rows", outcome=name) for name in ("created", "rejected", "pending")] == [4, 1, 0]
    assert [one(found, name) for name in ("eta_seconds", "rate_limit", "messages_total", "workers")] == [None] * 4


def test_durations_of_requests_are_a_histogram_by_step() -> None:
    """Each bucket counts what was as fast or faster; what was not sent or not answered is in none."""
    durations = RequestDurations()
    for duration_s in (0.04, 0.05, 0.4, 99.0):
        durations.record(Step.CREATE, answered(duration_s, 201))
    durations.record(Step.MESSAGE, answered(0.2, 429))
    durations.record(Step.CREATE, answered(0.1, None))
    durations.record(Step.CREATE, AttemptResult(Verdict.NOT_PROCESSED, due=0.0, sent=None, ended=1.0))

    found = samples(Progress(total=1), durations=durations.samples())

    name = "request_duration_seconds"
    buckets = [one(found, f"{name}_bucket", step="create", le=le) for le in ("0.05", "0.3", "0.5", "30", "+Inf")]
    assert buckets == [2, 2, 3, 3, 4]
    assert one(found, f"{name}_count", step="create") == 4
    assert round(one(found, f"{name}_sum", step="create") or 0, 6) == 99.49
    assert one(found, f"{name}_count", step="message") == 1


def answered(duration_s: float, http_status: int | None) -> AttemptResult:
    """Return a request that took so long."""
    return AttemptResult(Verdict.CREATED, due=0.0, sent=5.0, ended=5.0 + duration_s, http_status=http_status)
