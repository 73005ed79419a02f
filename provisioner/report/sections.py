"""Sections of the report on one job with its counts, conditions, and figures over time, as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from provisioner.ledger import ThresholdNote, last_judged
from provisioner.load import describe_result
from provisioner.models import Counts, FollowUpCounts
from provisioner.models.text import pluralize

from .axes import number_axis
from .charts import Chart, Line, draw
from .clock import LocalClock
from .job_data import JobData
from .markup import escape, number_text, paragraph, section, share_text, table, time_text
from .over_time import Span, in_flight_chart, rate_chart, refused_charts, time_span
from .overview import OUTCOMES, count_tiles
from .step_figures import SHARES, Latencies, StepFigures
from .timeline import Timeline

LEAST_SHARE = 0.4
"""Smallest width of a part of the bar, in percent; a smaller part would be invisible."""
_P50, _P95 = 0.5, 0.95
_NOTHING_FOLLOWS = FollowUpCounts()
_NOT_KNOWN = Latencies()
STEP_NAMES = {"create": "Creation", "message": "First message"}


def job_accounting(job: JobData) -> str:
    """Return the accounting of a job."""
    return accounting(job.counts, job.follow_ups)


def accounting(counts: Counts, follow_ups: FollowUpCounts = _NOTHING_FOLLOWS) -> str:
    """Return all rows by outcome, as tiles, bar and sum, and the sums of what follows creation."""
    numbers = {name: getattr(counts, name) for name in OUTCOMES}
    waiting = counts.pending + counts.in_flight
    parts = {**numbers, "pending": waiting} if waiting else numbers
    sign = "=" if counts.is_balanced else "≠"
    return section(
        "Accounting",
        count_tiles(counts),
        _bar(numbers, max(counts.input, 1)),
        f'<p class="sum">input {counts.input:,} {sign} {_sum(parts)}</p>',
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
    items = "".join(_condition(each) for each in note.thresholds)
    return section(f"Conditions of run {number}", f'<ul class="conditions">{items}</ul>')


def _condition(note: ThresholdNote) -> str:
    if note.value is None:
        style, sign, said = "open", "-", "not measured"
    elif note.has_failed:
        style, sign, said = "bad", "✗", "FAILED"
    else:
        style, sign, said = "good", "✓", "ok"
    return (
        f'<li class="{style}"><strong>{sign} {said}</strong> '
        f"<span>{escape(describe_result(note.condition, note.value))}</span></li>"
    )


def steps(job: JobData) -> str:
    """Return a section for each step: figures, charts over time, and the distribution of its latencies."""
    return "".join(
        section(
            STEP_NAMES[step],
            f'<div class="columns">{_figures(figures)}{_latencies(figures)}</div>',
            paragraph(
                "From due: from when a row's first request should have left to its success, waiting and repeats "
                "included. From sent: the successful request alone."
            ),
            *map(draw, over_time(line, clock=job.clock, latencies=figures.from_due)),
            draw(_spread(figures)),
        )
        for step, (figures, line) in job.steps.items()
    )


def _figures(step: StepFigures) -> str:
    figures = [
        ("rows that had their turn", number_text(step.rows)),
        ("succeeded", number_text(step.succeeded)),
        ("requests", number_text(step.requests)),
        ("requests a second", number_text(step.request_rate, decimals=2)),
        ("left late (over 100 ms)", number_text(step.late)),
        ("answered 429", f"{number_text(step.throttled)} ({share_text(step.throttled_share)})"),
        ("rows without success", share_text(step.error_share)),
    ]
    return table(("figure", "value"), figures)


def _latencies(step: StepFigures) -> str:
    due, sent = step.from_due.found, step.from_sent.found
    names = {"p999": "p99.9"}
    rows = [
        (names.get(name, name), time_text(getattr(due, name)), time_text(getattr(sent, name)))
        for name in ("mean", "p50", "p90", "p95", "p99", "p999", "max")
    ]
    return table(
        ("latency", "from due", "from sent"), [*rows, ("count", number_text(due.count), number_text(sent.count))]
    )


def over_time(
    line: Timeline, *, clock: LocalClock | None = None, latencies: Latencies = _NOT_KNOWN
) -> Iterator[Chart]:
    """Yield charts of rate, latency, requests in flight and 429s over the time of day of ``clock``.

    With ``latencies`` of the same requests from due, the chart of latencies ends at their 99th percentile.
    """
    span, refused = _span(line, clock), _floats(line, "throttled")
    asked = Line("due", "a", line.rates_due())
    achieved = Line("sent", "b", [each.sent / line.width_s for each in line.buckets])
    yield rate_chart(span, (asked, achieved), refused)
    yield latency_over_time(line, clock=clock, latencies=latencies)
    yield in_flight_chart(span, "most at once", _floats(line, "in_flight"))
    yield from refused_charts(span, refused)


def latency_over_time(
    line: Timeline, *, clock: LocalClock | None = None, latencies: Latencies = _NOT_KNOWN
) -> Chart:
    """Return the chart of latencies by time; ``latencies`` are those of all requests, where they are known."""
    span = _span(line, clock)
    shown = {(since, share): line.percentile(since, share) for since in ("due", "sent") for share in (_P50, _P95)}
    styles = zip(shown, ("a", "c", "b", "d"), strict=True)
    return _latency_chart(
        Chart("Latency", "s", span.places, (), axis=span.axis),
        [Line(f"p{share * 100:.0f} from {since}", style, shown[since, share]) for (since, share), style in styles],
        latencies,
    )


def _span(line: Timeline, clock: LocalClock | None) -> Span:
    return time_span(line.start, line.width_s, len(line.buckets), clock or LocalClock())


def _latency_chart(chart: Chart, lines: Sequence[Line], latencies: Latencies) -> Chart:
    """Return ``chart`` with ``lines`` of latencies (seconds), in milliseconds where all of them are short."""
    clip = latencies.clip
    highest = max((value for line in lines for value in line.values if value is not None), default=0.0)
    factor, unit = (1000, "ms") if min(highest, clip or highest) < 1 else (1, "s")
    scaled = [
        replace(line, values=[None if each is None else each * factor for each in line.values]) for line in lines
    ]
    beyond = "" if clip is None else _told_beyond(latencies, clip)
    return replace(chart, unit=unit, lines=scaled, clip=None if clip is None else clip * factor, beyond=beyond)


def _told_beyond(latencies: Latencies, clip: float) -> str:
    rows = f"{pluralize('row', latencies.beyond)} of {latencies.found.count:,}"
    return (
        f"The axis ends at p99, {time_text(clip)}: {rows} took longer, at most {time_text(latencies.found.max)}."
    )


def _floats(line: Timeline, name: str) -> list[float | None]:
    return [float(getattr(each, name)) for each in line.buckets]


def _spread(step: StepFigures) -> Chart:
    """Return a chart of latency by share of rows: the share that was as fast or faster."""
    lines = [
        Line(name, style, latencies.by_share or [None] * len(SHARES))
        for name, style, latencies in (("from due", "a", step.from_due), ("from sent", "b", step.from_sent))
    ]
    places = [share * 100 for share in SHARES]
    chart = Chart("Latency by share of rows", "s", places, (), x_unit="%", axis=number_axis(100, "%"))
    return _latency_chart(chart, lines, step.from_due)
