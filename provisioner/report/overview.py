"""Top of a job's report: the verdict, what it is about, and the counts and figures that are asked for first."""

from collections.abc import Iterable, Iterator

from provisioner.ledger import RunRecord
from provisioner.models import Counts
from provisioner.models.accounts import shown_account
from provisioner.models.text import pluralize

from .job_data import JobData
from .markup import escape, number_text, share_text, time_text
from .verdict import JUDGED_COMMANDS, SIGNS, JobVerdict, failed_conditions, judge_job, last_judged_run

OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")
_TARGETS = {
    "simulator": "(simulated: nothing of it is at Twilio)",
    "this machine": "(simulated on this machine: nothing of it is at Twilio)",
    "Twilio": "(real: conversations at Twilio)",
}
_MINUTE_S, _HOUR_S = 60, 3600
_MOST_INPUTS = 5
"""Most input files that are named."""


def overview(job: JobData) -> str:
    """Return the verdict on a job, its facts, and the main figures of its requests, as HTML."""
    verdict = judge_job(job.runs, job.counts, job.state.phase, job.clock)
    return f"{verdict_line(verdict)}{_facts(job)}{_figure_tiles(job)}"


def verdict_line(verdict: JobVerdict) -> str:
    """Return a verdict as an HTML paragraph; its sign and its words tell what its colour does."""
    return (
        f'<p class="verdict {verdict.tone}"><span class="sign" aria-hidden="true">{SIGNS[verdict.tone]}</span> '
        f"<strong>{escape(verdict.title)}</strong> <span>{escape(verdict.text)}</span></p>"
    )


def count_tiles(counts: Counts) -> str:
    """Return the number of rows by outcome with their shares, as tiles in the colours of the bar."""
    numbers = {name: getattr(counts, name) for name in OUTCOMES}
    waiting = counts.pending + counts.in_flight
    parts = {**numbers, "pending": waiting} if waiting else numbers
    return _tiles(
        (name, f"{number:,}", share_text(number / counts.input) if counts.input else "", _style(name, number))
        for name, number in parts.items()
    )


def _style(name: str, number: int) -> str:
    return name if number else f"{name} none"


def _tiles(tiles: Iterable[tuple[str, str, str, str]]) -> str:
    """Return tiles of (name, value, remark, CSS class)."""
    items = "".join(
        f'<li class="{style}"><span class="name">{escape(name)}</span> <strong>{escape(value)}</strong> '
        f"<span>{escape(remark)}</span></li>"
        for name, value, remark, style in tiles
    )
    return f'<ul class="tiles">{items}</ul>'


def _figure_tiles(job: JobData) -> str:
    if "create" not in job.steps:
        return ""
    figures, _ = job.steps["create"]
    found = figures.from_due.found
    return _tiles(
        (
            ("p95 from due", time_text(found.p95), f"p50 {time_text(found.p50)}, max {time_text(found.max)}", ""),
            ("requests/s", number_text(figures.request_rate, decimals=2), "mean", ""),
            ("rows without success", share_text(figures.error_share), f"of {figures.rows:,} tried", ""),
            ("answered 429", share_text(figures.throttled_share), pluralize("request", figures.throttled), ""),
        )
    )


def _facts(job: JobData) -> str:
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in _named_facts(job) if value
    )
    return f'<dl class="facts">{items}</dl>'


def _named_facts(job: JobData) -> Iterator[tuple[str, str]]:
    """Yield pairs of name and HTML."""
    account, target = shown_account(job.settings.get("account", "")), job.state.target
    said = (account, _TARGETS.get(target, target))
    yield "account", " ".join(f"<span>{escape(each)}</span>" for each in said if each)
    yield "input", escape(_inputs(job))
    yield "time", escape(_times(job))
    yield "next", _next(job)


def _inputs(job: JobData) -> str:
    named = [f"{each.name} ({pluralize('row', each.rows)})" for each in job.inputs[:_MOST_INPUTS]]
    more = len(job.inputs) - len(named)
    return ", ".join(named) + (f" and {pluralize('more file', more)}" if more else "")


def _times(job: JobData) -> str:
    """Return from when to when the job was worked on, and for how long; a run that died has no end."""
    runs = [run for run in job.runs if run.note.command in JUDGED_COMMANDS]
    if not runs:
        return ""
    worked_s = sum(max(run.ended - run.started, 0.0) for run in runs if run.ended is not None)
    last = runs[-1].ended
    span = job.clock.moment(runs[0].started) if last is None else job.clock.span(runs[0].started, last)
    open_end = " to an unknown end" if last is None and job.state.phase != "running" else ""
    took = f", {length_text(worked_s)}" if _has_end(runs) else ""
    return f"{span}{open_end}{took}{f' in {len(runs):,} runs' if len(runs) > 1 else ''}"


def _has_end(runs: Iterable[RunRecord]) -> bool:
    return any(run.ended is not None for run in runs)


def length_text(seconds: float) -> str:
    """Return a length of time as ``12.3 s``, ``5 min 10 s`` or ``3 h 25 min``."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min {seconds % _MINUTE_S:.0f} s"
    return f"{seconds // _HOUR_S:,.0f} h {seconds % _HOUR_S // _MINUTE_S:.0f} min"


def _next(job: JobData) -> str:
    """Return the next step as HTML: a command, else what a person has to do."""
    if job.state.phase == "running":
        return escape("the run is at work: make the report again when it has ended")
    if job.state.next_command:
        place = f" in {job.state.folder}" if job.state.folder else ""
        return f"<code>{escape(job.state.next_command)}</code>{escape(place)}"
    counts = job.counts
    if counts.rejected or counts.invalid:
        return escape(f"fix {pluralize('row', counts.rejected + counts.invalid)}: see Errors")
    run = last_judged_run(job.runs)
    if run is None:
        return ""
    return "see the conditions that failed" if failed_conditions(run) else "nothing is left to do"
