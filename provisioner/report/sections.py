"""Sections of the report on one job, as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from provisioner.ledger import last_judged
from provisioner.load import Distribution, StepMetrics, describe_result
from provisioner.models import Counts, FollowUpCounts

from .charts import Chart, Line, draw
from .job_data import JobData
from .markup import DASH, number_text, paragraph, section, share_text, table, time_text
from .timeline import Timeline

OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")
LEAST_SHARE = 0.4
"""Smallest width of a part of the bar, in percent; a smaller part would be invisible."""
_P50, _P95 = 0.5, 0.95
_NOTHING_FOLLOWS = FollowUpCounts()
_STEP_NAMES = {"create": "Creation", "message": "First message"}


def accounting(counts: Counts, follow_ups: FollowUpCounts = _NOTHING_FOLLOWS) -> str:
    """Return the sum of all rows by outcome, with a bar of their shares, and the sums of what follows creation."""
    numbers = {name: getattr(counts, name) for name in OUTCOMES}
    waiting = counts.pending + counts.in_flight
    parts = {**numbers, "pending": waiting} if waiting else numbers
    sign = "=" if counts.is_balanced else "≠"
    return section(
        "Accounting",
        f'<p class="sum">input {counts.input:,} {sign} {_sum(parts)}</p>',
        _bar(numbers, max(counts.input, 1)),
        *_accounting_of(follow_ups),
    )


def _accounting_of(follow_ups: FollowUpCounts) -> Iterator[str]:
    for name, each in (
        ("settings", follow_ups.settings),
        ("history", follow_ups.history),
        ("messages", follow_ups.messages),
    ):
        if each.total:
            yield f'<p class="sum">{name} {each.total:,} = {_sum(each.accounting)}</p>'


def _sum(parts: Mapping[str, int]) -> str:
    return " + ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in parts.items())


def _bar(numbers: Mapping[str, int], total: int) -> str:
    """Return shares side by side as table cells, because the page's policy allows no ``style`` attributes."""
    shares = {name: max(number / total * 100, LEAST_SHARE) for name, number in numbers.items() if number}
    cells = "".join(f'<td class="{name}" width="{share:.3f}%"></td>' for name, share in shares.items())
    rest = "<td></td>" if sum(shares.values()) < 100 - LEAST_SHARE else ""
    return f'<table class="bar" role="presentation" aria-hidden="true"><tr>{cells}{rest}</tr></table>'


def conditions(job: JobData) -> str:
    """Return how the last load test was judged, with the figure of each condition; empty when none was judged."""
    number, note = last_judged(job.runs)
    if not note.thresholds:
        return ""
    rows = [
        (
            each.condition,
            "not measured" if each.value is None else "\u2717 FAILED" if each.has_failed else "\u2713 ok",
            describe_result(each.condition, each.value),
        )
        for each in note.thresholds
    ]
    return section(f"Conditions of run {number}", table(("condition", "verdict", "figure"), rows))


def steps(job: JobData) -> Iterator[str]:
    """Yield a section for each step: figures, charts over time, and the distribution of its latencies."""
    for step, (metrics, line) in job.steps.items():
        yield section(
            _STEP_NAMES[step],
            _figures(metrics),
            _latencies(metrics),
            *map(draw, over_time(line)),
            draw(_spread(metrics)),
        )


def _figures(metrics: StepMetrics) -> str:
    figures = [
        ("rows that had their turn", number_text(metrics.rows)),
        ("succeeded", number_text(metrics.succeeded)),
        ("requests", number_text(metrics.requests)),
        ("requests a second", number_text(metrics.request_rate, decimals=2)),
        ("left late (over 100 ms)", number_text(metrics.late)),
        ("answered 429", f"{number_text(metrics.throttled)} ({share_text(metrics.throttled_share)})"),
        ("rows without success", share_text(metrics.error_share)),
    ]
    return table(("figure", "value"), figures)


def _latencies(metrics: StepMetrics) -> str:
    names = ("count", "mean", "p50", "p90", "p95", "p99", "p99.9", "max")
    rows = [
        ("from due", *_cells(metrics.distribution("due"))),
        ("from sent", *_cells(metrics.distribution("sent"))),
    ]
    return table(("latency", *names), rows) + paragraph(
        "From due: from when a row's first request should have left to its success, waiting and repeats included. "
        "From sent: the successful request alone."
    )


def _cells(found: Distribution) -> tuple[str, ...]:
    times = (found.mean, found.p50, found.p90, found.p95, found.p99, found.p999, found.max)
    return number_text(found.count), *map(time_text, times)


def over_time(line: Timeline) -> Iterator[Chart]:
    """Yield charts of rate, latency, requests in flight and 429s over time."""
    places, width = line.offsets_s, line.width_s
    asked = Line("due", "a", line.rates_due())
    achieved = Line("sent", "b", [each.sent / width for each in line.buckets])
    cuts = [place for place, each in zip(places, line.buckets, strict=True) if each.throttled]
    lines = (asked, achieved)
    yield Chart("Rate", "requests/s", places, lines, marks=cuts, marked="429: all pause, the pace is cut")
    latencies = [
        Line(f"p{share * 100:.0f} from {since}", style, line.percentile(since, share))
        for since, share, style in (
            ("due", _P50, "a"),
            ("due", _P95, "c"),
            ("sent", _P50, "b"),
            ("sent", _P95, "d"),
        )
    ]
    yield Chart("Latency", "s", places, latencies)
    yield Chart("In flight", "requests", places, (Line("most at once", "a", _floats(line, "in_flight")),))
    if any(each.throttled for each in line.buckets):
        yield Chart("Answers 429", "answers", places, (Line("429s", "c", _floats(line, "throttled")),))


def _floats(line: Timeline, name: str) -> list[float | None]:
    return [float(getattr(each, name)) for each in line.buckets]


def _spread(metrics: StepMetrics) -> Chart:
    """Return a chart of latency by share of rows: the share that was as fast or faster."""
    shares = [n / 200 for n in range(201)]

    def values(latencies: list[float]) -> list[float | None]:
        last = len(latencies) - 1
        return [latencies[round(share * last)] if latencies else None for share in shares]

    return Chart(
        "Latency by share of rows",
        "s",
        [share * 100 for share in shares],
        (
            Line("from due", "a", values(sorted(metrics.from_due))),
            Line("from sent", "b", values(sorted(metrics.from_sent))),
        ),
        x_unit="%",
    )


def errors(job: JobData) -> str:
    """Return the errors with their rows, and all requests without success by code, repeated ones included."""
    failures = [
        (_STEP_NAMES[step], code or DASH, number_text(count))
        for step, (metrics, _) in job.steps.items()
        for code, count in metrics.failures.most_common()
    ]
    requests = table(("step", "code", "requests without success"), failures) if failures else ""
    if not job.errors:
        return section("Errors", paragraph("No row has one."), requests)
    rows = [
        (group.status, group.code, number_text(group.rows), group.sentence, _named(group.named, group.rows))
        for group in job.errors
    ]
    return section("Errors", table(("status", "code", "rows", "error", "which rows (and keys)"), rows), requests)


def _named(named: Sequence[tuple[int, str]], total: int) -> str:
    rows = [f"{row} ({key})" if key else str(row) for row, key in named]
    more = f" and {total - len(named):,} more" if total > len(named) else ""
    return f"{', '.join(rows)}{more}"


def slowest(job: JobData) -> str:
    """Return the rows whose last request took longest."""
    rows = [
        (
            str(row.row),
            row.key or DASH,
            row.status,
            row.conversation_sid or DASH,
            time_text((row.latency_ms or 0) / 1000),
        )
        for row in job.slowest
    ]
    return section("Slowest rows", table(("row", "key", "status", "conversation", "latency from sent"), rows))


def configuration(job: JobData) -> str:
    """Return the settings of the job and a list of its runs."""
    manifest = job.manifest
    facts = [("job", manifest.job_id), ("begun", manifest.created_at), ("by", manifest.created_by)]
    settings = [(name, value) for name, value in sorted(job.settings.items()) if value]
    runs = [
        (
            run.run_id,
            _moment(run.started),
            _moment(run.ended),
            str(DASH if run.exit_code is None else run.exit_code),
        )
        for run in job.runs
    ]
    return section(
        "Configuration",
        table(("setting", "value"), [*facts, *settings]),
        table(("run", "started", "ended", "exit code"), runs),
    )


def _moment(unix_s: float | None) -> str:
    return DASH if unix_s is None else datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
