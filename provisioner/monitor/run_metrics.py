"""Status of a run as metric families: numbers and codes only, no names, keys or texts."""

from collections import Counter
from collections.abc import Iterator, Sequence

from provisioner.models.metric_families import MetricFamily, MetricKind, MetricSample

from .run_status import RunStatus

_OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid", "pending")


def run_families(status: RunStatus) -> Iterator[MetricFamily]:
    """Yield the figures of a run so far; times are in seconds, rates in starts per second.

    What is not known has no sample: the exit code before the end, for example, or the estimated time left.
    """
    yield from _facts(status)
    yield from _rows(status)
    yield from _requests(status)
    yield from _pace(status)


def _facts(status: RunStatus) -> Iterator[MetricFamily]:
    facts, summary = status.facts, status.summary
    labels = {"command": facts.command, "version": facts.version}
    yield _gauge("info", "Command and version of the program.", [MetricSample(1, labels)])
    yield _value("start_time_seconds", "When sending began, in Unix seconds.", status.began)
    yield _value("elapsed_seconds", "Seconds since sending began.", status.elapsed_s)
    if summary is None:
        yield _value("eta_seconds", "Estimated seconds until all rows have an outcome.", status.progress.eta_s)
    else:
        yield _value("end_time_seconds", "When the run ended, in Unix seconds.", status.now)
        yield _value("exit_code", "Exit code of the run.", summary.exit_code)


def _rows(status: RunStatus) -> Iterator[MetricFamily]:
    counts = status.counts
    by_outcome = [MetricSample(getattr(counts, name), {"outcome": name}) for name in _OUTCOMES]
    yield _gauge("rows", "Input rows by outcome; pending rows have none yet.", by_outcome)
    codes: Counter[tuple[str, str, str]] = Counter()
    for each in status.figures.reasons:
        codes[each.of, each.status.value, each.code] += each.rows
    reasons = [
        MetricSample(rows, {"of": of, "status": word, "code": code}) for (of, word, code), rows in codes.items()
    ]
    yield _gauge("failures", "Rows and messages of this run that were not created or posted, by code.", reasons)


def _requests(status: RunStatus) -> Iterator[MetricFamily]:
    progress, figures = status.progress, status.figures
    yield _counter("requests_total", "Requests to create a WebChat that were sent.", figures.sent)
    yield _counter("throttled_total", "Requests that were answered 429.", figures.throttled)
    yield _counter("messages_total", "First messages that were posted.", progress.messages)
    yield MetricFamily(
        "provisioner_run_request_duration_seconds",
        "Seconds from sending a request to the end of its answer, of this process.",
        status.durations,
        MetricKind.HISTOGRAM,
    )


def _pace(status: RunStatus) -> Iterator[MetricFamily]:
    progress = status.progress
    yield _value("in_flight", "Requests in flight.", progress.in_flight)
    yield _value("rate", "Requests to create a WebChat started per second, recently.", progress.rate_now)
    if status.summary is None:
        yield _value("rate_limit", "Starts per second that are allowed at present.", progress.rate_asked)
        is_stopping = int(status.is_stopping)
        yield _value("stopping", "1 while the run stops and finishes what is in flight.", is_stopping)
    yield _value("open_conversations", "Conversations that are believed open, with --max-open.", progress.open)
    yield _value("workers", "Workers of a shared run.", len(progress.workers) or None)


def _gauge(name: str, text: str, samples: Sequence[MetricSample]) -> MetricFamily:
    return MetricFamily(f"provisioner_run_{name}", text, samples)


def _value(name: str, text: str, value: float | None) -> MetricFamily:
    return _gauge(name, text, [MetricSample(value)])


def _counter(name: str, text: str, value: float | None) -> MetricFamily:
    return MetricFamily(f"provisioner_run_{name}", text, [MetricSample(value)], MetricKind.COUNTER)
