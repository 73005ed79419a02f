"""Table that compares jobs with the first: differences in percent, and whether they are better or worse."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from .job_data import JobData
from .markup import DASH, escape, number_text, paragraph, section, share_text, time_text
from .spread import CERTAINTY, FIGURES, PARTS, share_error
from .step_figures import StepFigures
from .verdict import SIGNS, judge_job

LEAST_DIFFERENCE = 0.05
"""Relative difference below which no figure is called better or worse, however little it varies."""

_Value = Callable[[JobData], float | None]
_OfStep = Callable[[StepFigures], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFigure:
    """Figure in the comparison.

    ``value`` returns the figure of a job, None when it was not measured, and ``write`` returns that as text.
    ``is_gain`` says whether more is better, None that it is neither. ``margin`` returns the difference between two
    jobs that may be chance, None when it is not known.
    """

    name: str
    value: _Value
    write: Callable[[float | None], str]
    is_gain: bool | None = None
    margin: Callable[[JobData, JobData], float | None] = lambda _first, _other: None


def compare(jobs: Sequence[JobData]) -> str:
    """Return the jobs' verdicts, figures and different settings as an HTML table."""
    head = "".join(f'<th scope="col">{escape(job.name)}</th>' for job in jobs)
    rows = "".join(_row(figure, jobs) for figure in _figures())
    settings = "".join(_setting(name, jobs) for name in _setting_names(jobs))
    return section(
        "Comparison",
        f'<div class="wide"><table><thead><tr><th scope="col">figure</th>{head}</tr></thead>'
        f"<tbody>{_verdicts(jobs)}{rows}{settings}</tbody></table></div>",
        paragraph(
            "Percentages are differences from the first job. A figure is called better or worse when it differs "
            f"by more than {LEAST_DIFFERENCE * 100:.0f} % and by more than chance. For latencies and rates, "
            f"chance is half of the range that the figure has over {PARTS} parts of either job, in order of time "
            f"and without the highest and the lowest; for shares it is {CERTAINTY:.0f} standard errors. "
            "Marked: another setting."
        ),
    )


def _figures() -> Iterator[ComparedFigure]:
    for name in ("input", "created", "rejected", "unknown", "unsent", "invalid"):
        yield ComparedFigure(name=name, value=_count(name), write=number_text)
    yield ComparedFigure(name="requests", value=_created(lambda each: each.requests), write=number_text)
    yield ComparedFigure(
        name="requests a second",
        value=_created(attrgetter("request_rate")),
        write=lambda rate: number_text(rate, decimals=2),
        is_gain=True,
        margin=_widest(_created(attrgetter("rate_spread"))),
    )
    yield _share("rows without success", lambda each: each.error_share, lambda each: each.rows)
    yield _share("answered 429", lambda each: each.throttled_share, lambda each: each.requests)
    yield ComparedFigure(name="left late", value=_created(lambda each: each.late), write=number_text)
    for step in ("create", "message"):
        for since in ("due", "sent"):
            for name in FIGURES:
                yield _latency(step, since, name)


def _count(name: str) -> _Value:
    def value(job: JobData) -> float | None:
        found: float = getattr(job.counts, name)
        return found

    return value


def _of_step(step: str, take: _OfStep) -> _Value:
    """Return the figure ``take`` of a step as one of a job, None where the job has no such step."""
    return lambda job: take(job.steps[step][0]) if step in job.steps else None


def _created(take: _OfStep) -> _Value:
    return _of_step("create", take)


def _latency(step: str, since: str, name: str) -> ComparedFigure:
    def value(figures: StepFigures) -> float | None:
        found: float | None = getattr(figures.latencies(since).found, name)
        return found

    return ComparedFigure(
        name=f"{step} {name} from {since}",
        value=_of_step(step, value),
        write=time_text,
        is_gain=False,
        margin=_widest(_of_step(step, lambda figures: figures.latencies(since).spreads.get(name))),
    )


def _share(name: str, share: _OfStep, count: Callable[[StepFigures], int]) -> ComparedFigure:
    def error(figures: StepFigures) -> float | None:
        found = share(figures)
        return None if found is None else share_error(count(figures), found)

    def margin(first: JobData, other: JobData) -> float | None:
        errors = [each for job in (first, other) if (each := _created(error)(job)) is not None]
        return CERTAINTY * math.hypot(*errors)

    return ComparedFigure(name=name, value=_created(share), write=share_text, is_gain=False, margin=margin)


def _widest(spread: _Value) -> Callable[[JobData, JobData], float | None]:
    """Return the margin that is the larger of both jobs' spreads."""

    def margin(first: JobData, other: JobData) -> float | None:
        spreads = [each for job in (first, other) if (each := spread(job)) is not None]
        return max(spreads) if len(spreads) == 2 else None  # noqa: PLR2004 - both are known

    return margin


def _verdicts(jobs: Sequence[JobData]) -> str:
    verdicts = [judge_job(job.runs, job.counts, job.state.phase, job.clock) for job in jobs]
    cells = "".join(
        f'<td class="verdict-cell {each.tone}"><strong>{SIGNS[each.tone]} {escape(each.title)}</strong></td>'
        for each in verdicts
    )
    return f'<tr><th scope="row">verdict</th>{cells}</tr>'


def _row(figure: ComparedFigure, jobs: Sequence[JobData]) -> str:
    values = [figure.value(job) for job in jobs]
    if all(value is None for value in values):
        return ""
    first = f"<td>{escape(figure.write(values[0]))}</td>"
    others = "".join(
        f"<td>{escape(figure.write(value))}{_difference(figure, jobs[0], job)}</td>"
        for job, value in zip(jobs[1:], values[1:], strict=True)
    )
    return f'<tr><th scope="row">{escape(figure.name)}</th>{first}{others}</tr>'


def _difference(figure: ComparedFigure, first: JobData, other: JobData) -> str:
    """Return the difference from the first job as HTML; empty where there is none, or nothing to compare."""
    before, after = figure.value(first), figure.value(other)
    if before is None or after is None or before == after:
        return ""
    word = judge_difference(figure, first, other)
    percent = f"{(after - before) / before * 100:+,.0f} %" if before else "from 0"
    return f' <span class="{word or "same"}">{escape(f"{percent} {word}".rstrip())}</span>'


def judge_difference(figure: ComparedFigure, first: JobData, other: JobData) -> str:
    """Return ``better`` or ``worse`` when a figure of ``other`` differs by more than chance, else nothing."""
    before, after, margin = figure.value(first), figure.value(other), figure.margin(first, other)
    if figure.is_gain is None or before is None or after is None or margin is None:
        return ""
    difference = after - before
    if abs(difference) <= max(margin, LEAST_DIFFERENCE * abs(before)):
        return ""
    return "better" if (difference > 0) == figure.is_gain else "worse"


def _setting_names(jobs: Sequence[JobData]) -> list[str]:
    return sorted({name for job in jobs for name in job.settings})


def _setting(name: str, jobs: Sequence[JobData]) -> str:
    values = [job.settings.get(name, "") for job in jobs]
    if len(set(values)) == 1:
        return ""
    cells = "".join(
        f"<td><mark>{escape(value or DASH)}</mark></td>" if value != values[0] else f"<td>{escape(value)}</td>"
        for value in values
    )
    return f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
