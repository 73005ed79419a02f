"""The page about the runs of a schedule over weeks: a verdict, charts over the runs, and a table, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .axes import time_axis
from .charts import Chart, Line, draw
from .clock import LocalClock
from .markup import DASH, escape, number_text, paragraph, section, share_text, table, time_text
from .overview import verdict_line
from .page import report_document
from .trend import BASELINE, LEAST_BASELINE, JudgedFigure, ScheduledRun, changed_settings
from .verdict import SIGNS, JobVerdict, Tone

_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Runs of one schedule in ascending order of time, with the judgement on the newest.

    ``limit`` is the share by which the newest may be worse than usual, None when it is not judged. ``left_out`` is
    the number of older runs that are not shown.
    """

    name: str
    runs: Sequence[ScheduledRun]
    judged: Sequence[JudgedFigure]
    limit: float | None
    left_out: int = 0

    @property
    def worse(self) -> Sequence[JudgedFigure]:
        """The figures by which the newest run is worse than usual."""
        return [] if self.limit is None else [each for each in self.judged if each.is_worse]

    @property
    def is_judged(self) -> bool:
        """Whether enough was measured before the newest run to judge it by any figure."""
        return self.limit is not None and any(each.is_worse is not None for each in self.judged)


def render_trends(trends: Sequence[Trend], clock: LocalClock, *, version: str, made_at: str) -> str:
    """Return the page about one schedule or several."""
    title = trends[0].name if len(trends) == 1 else f"{len(trends)} schedules"
    links = "".join(f'<a href="#job-{n}">{escape(each.name)}</a>' for n, each in enumerate(trends, start=1))
    is_one = len(trends) == 1
    headings = ["" if is_one else f"<h1>{escape(each.name)}</h1>" for each in trends]
    articles = "".join(
        f'<article id="job-{n}">{heading}{trend_parts(each, clock)}</article>'
        for n, (heading, each) in enumerate(zip(headings, trends, strict=True), start=1)
    )
    nav = "" if is_one else f"<nav>{links}</nav>"
    return report_document(title, f"{nav}{articles}", version=version, made_at=made_at)


def trend_parts(trend: Trend, clock: LocalClock) -> str:
    """Return the verdict, the charts and the table of a schedule, as HTML."""
    return "".join(
        (
            verdict_line(_verdict(trend, clock)),
            _judgement(trend),
            *(draw(chart) for chart in _charts(trend, clock)),
            _table(trend, clock),
        )
    )


def _verdict(trend: Trend, clock: LocalClock) -> JobVerdict:
    newest = trend.runs[-1]
    began = f"the newest run, of {clock.moment(newest.started)}"
    if trend.worse:
        told = "; ".join(each.text for each in trend.worse)
        return JobVerdict(Tone.BAD, "Worse", f"{began}: {told}")
    if trend.limit is None:
        return JobVerdict(newest.verdict.tone, newest.verdict.title, f"{began}: {newest.verdict.text}")
    if not trend.is_judged:
        needed = f"{began}, has too little before it to be judged: {LEAST_BASELINE} runs with figures are needed"
        return JobVerdict(Tone.OPEN, "Not judged", needed)
    if newest.verdict.tone is Tone.BAD:
        text = f"{began}, is not worse than usual, but: {newest.verdict.title} {newest.verdict.text}"
        return JobVerdict(Tone.WARNING, "As usual", text)
    return JobVerdict(Tone.GOOD, "As usual", f"{began}, is not worse than the median of the runs before")


def _judgement(trend: Trend) -> str:
    if trend.limit is None:
        return ""
    words = {True: "✗ worse", False: "✓ as usual", None: "- not judged"}
    rows = [(each.name, words[each.is_worse], each.text.removeprefix(each.name).strip()) for each in trend.judged]
    return table(("figure", f"limit {trend.limit * _PERCENT:g} %", "newest run"), rows)


def _charts(trend: Trend, clock: LocalClock) -> Iterator[Chart]:
    """Yield a chart for each judged figure, with the bound by which the newest run was judged."""
    runs, bounds = trend.runs, {each.name: each.bound for each in trend.judged}
    latencies = [run.p95_s for run in runs]
    factor, unit = (1000, "ms") if max(filter(None, latencies), default=0.0) < 1 else (1, "s")
    for title, name, style, scale, unit_of, values in (
        ("p95 from due", "p95 from due", "a", factor, unit, latencies),
        ("Rows without success", "rows without success", "c", _PERCENT, "%", [run.error_share for run in runs]),
        ("Achieved rate", "achieved", "b", _PERCENT, "% of due", [run.achieved for run in runs]),
    ):
        lines = [Line(name, style, [None if each is None else each * scale for each in values], is_dotted=True)]
        if (bound := bounds.get(name)) is not None:
            is_judged = [len(runs) - place <= BASELINE + 1 for place in range(len(runs))]
            lines.append(Line("limit", "limit", [bound * scale if judged else None for judged in is_judged]))
        places = [run.started for run in runs]
        yield Chart(title, unit_of, places, lines, axis=time_axis(clock, places[0], places[-1]))


def _table(trend: Trend, clock: LocalClock) -> str:
    """Return the runs, the newest first."""
    rows = [
        (
            clock.moment(run.started),
            f"{SIGNS[run.verdict.tone]} {run.verdict.title}",
            time_text(run.p95_s),
            share_text(run.error_share),
            share_text(run.achieved),
            number_text(run.rate, decimals=2),
            number_text(run.rows),
            DASH if run.exit_code is None else str(run.exit_code),
            run.ledger,
            "; ".join(changed) or DASH,
        )
        for run, changed in zip(trend.runs, changed_settings(trend.runs), strict=True)
    ]
    head = (
        *("started", "verdict", "p95 from due", "without success", "achieved", "requests/s", "rows", "exit code"),
        *("ledger", "changed settings"),
    )
    older = f"{trend.left_out:,} older runs are not shown." if trend.left_out else ""
    return section("Runs, newest first", table(head, reversed(rows)), paragraph(older) if older else "")
