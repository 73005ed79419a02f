"""HTML of the dashboard: the whole page, and the parts that change while the run goes on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provisioner.models import FollowUpCounts, MessageCounts, SettingsCounts
from provisioner.models.progress import WorkerProgress
from provisioner.models.summary import Summary
from provisioner.models.text import pluralize, rate_text
from provisioner.monitor.run_status import RunFacts, RunStatus

from . import sections
from .charts import Chart, draw
from .clock import LocalClock
from .controls import ControlState
from .controls_form import controls_form
from .live_recorder import LiveRecorder
from .live_verdict import LiveVerdict, live_verdict, progress_line
from .markup import DASH, escape, number_text, paragraph, section, table
from .page import render_live
from .verdict import SIGNS, Tone

MOST_INPUTS = 5
"""Most input files that the page names."""
_SEVERAL = 2
"""Fewest workers that are listed."""
_SIGNS = {**SIGNS, Tone.OPEN: "▶"}


def fragments(status: RunStatus, recorder: LiveRecorder) -> dict[str, str]:
    """Return the HTML of the changing parts, by the ``id`` of their element."""
    recorder.note_in_flight(status.progress.in_flight)
    return {
        "state": _state(live_verdict(status)),
        "progress": f'<p class="sum">{escape(progress_line(status))}</p>{"".join(_end(status.summary))}',
        "accounting": sections.accounting(status.counts, _follow_ups(status.summary)),
        "figures": _figures(status),
        "errors": _errors(status),
        "workers": _workers(status.progress.workers),
        "charts": "".join(_charts(status, recorder)),
    }


def live_page(status: RunStatus, recorder: LiveRecorder, controls: ControlState) -> str:
    """Return the dashboard as an HTML document with the current figures."""
    title, parts = status.facts.output, fragments(status, recorder)
    state = f'<div id="state" role="status">{parts.pop("state")}</div>'
    progress = f'<div id="progress">{parts.pop("progress")}</div>'
    others = "".join(f'<div id="{name}">{html}</div>' for name, html in parts.items())
    body = f"<h1>{escape(title)}</h1>{state}{progress}{_facts(status.facts)}{controls_form(controls)}{others}"
    return render_live(title, body)


def _state(verdict: LiveVerdict) -> str:
    """Return the state of a run; its sign and its words tell what its colour does."""
    more = f" <span>{escape(verdict.text)}</span>" if verdict.text else ""
    return (
        f'<p class="verdict {verdict.tone}"><span class="sign" aria-hidden="true">{_SIGNS[verdict.tone]}</span> '
        f"<strong>{escape(verdict.title)}</strong>{more}</p>"
    )


def _facts(facts: RunFacts) -> str:
    more = len(facts.inputs) - MOST_INPUTS
    inputs = ", ".join(facts.inputs[:MOST_INPUTS]) + (f" and {pluralize('more file', more)}" if more > 0 else "")
    told = {"command": facts.command, "account": f"{facts.account} ({facts.target})", "input": inputs}
    items = "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in told.items())
    return f'<dl class="facts">{items}</dl>'


def _end(summary: Summary | None) -> Iterator[str]:
    """Yield what is said at the end of a run: the cure of its error, its conditions, notes and next command."""
    if summary is None:
        return
    if summary.error is not None and summary.error.cure:
        yield paragraph(summary.error.cure)
    rulings = {True: "✓ ok", False: "✗ FAILED", None: "not measured"}
    conditions = [(rulings[each["passed"]], each["text"]) for each in summary.details.get("thresholds", ())]
    if conditions:
        yield table(("condition", "figure"), conditions)
    if summary.notes:
        yield f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in summary.notes)}</ul>"
    if summary.next_command:
        yield f"<p>next: <code>{escape(summary.next_command)}</code></p>"


def _follow_ups(summary: Summary | None) -> FollowUpCounts:
    if summary is None:
        return FollowUpCounts()
    return FollowUpCounts(
        messages=summary.messages or MessageCounts(),
        history=summary.history or MessageCounts(),
        settings=summary.conversation_settings or SettingsCounts(),
    )


def _figures(status: RunStatus) -> str:
    title = "Now" if status.summary is None else "Figures"
    return section(title, f'<ul class="tiles">{"".join(_tile(*each) for each in _tiles(status))}</ul>')


def _tiles(status: RunStatus) -> Iterator[tuple[str, str, str]]:
    """Yield label, value and remark of each figure."""
    progress, mean = status.progress, status.figures.rate_achieved
    if status.summary is None:
        yield "rows with an outcome", f"{progress.done:,}", f"of {progress.total:,}"
        yield "starts per second", rate_text(progress.rate_now), f"of {rate_text(progress.rate_asked)} allowed now"
        yield "in flight", number_text(progress.in_flight), "requests"
    else:
        yield "starts per second", DASH if mean is None else rate_text(mean), "over the whole run"
        yield "most in flight", number_text(status.figures.most_in_flight), "requests"
    yield "answered 429", number_text(status.figures.throttled), "each makes all requests wait"
    if progress.messages is not None:
        yield "first messages", number_text(progress.messages), "posted"
    if progress.open is not None:
        yield "conversations", number_text(progress.open), "believed open"


def _tile(label: str, value: str, remark: str) -> str:
    return (
        f'<li><span class="name">{escape(label)}</span> <strong>{escape(value)}</strong> '
        f"<span>{escape(remark)}</span></li>"
    )


def _errors(status: RunStatus) -> str:
    """Return why rows and messages of this run were not created or posted, the most frequent reason first."""
    reasons = [
        (each.code or DASH, f"{each.of} {each.status.value}", number_text(each.rows), each.sentence)
        for each in status.figures.reasons
    ]
    if not reasons:
        return section("Errors", paragraph("None in this run."))
    return section("Errors", table(("code", "what", "count", "error"), reasons))


def _workers(workers: Sequence[WorkerProgress]) -> str:
    if len(workers) < _SEVERAL:
        return ""
    head = ("worker", "machine", "process", "rows", "per second", "in flight", "lease")
    rows = [
        (
            str(each.number),
            each.host,
            str(each.pid),
            number_text(each.done),
            rate_text(each.rate_now),
            number_text(each.in_flight),
            f"{max(each.lease_left_s, 0.0):.0f} s",
        )
        for each in workers
    ]
    return section(pluralize("worker", len(workers)), table(head, rows))


def _charts(status: RunStatus, recorder: LiveRecorder) -> Iterator[str]:
    clock, line = LocalClock(status.facts.zone), recorder.timeline()
    charts: Iterable[Chart] = ()
    if line is not None and status.summary is None and len(line.buckets) > 1:  # the last one is not complete yet
        line = replace(line, buckets=line.buckets[:-1])
    if status.has_unseen:
        charts = recorder.course(clock)
    elif line is not None:
        charts = sections.over_time(line, clock=clock)
    yield from (draw(chart, has_values=False) for chart in charts)
    if status.has_unseen and line is not None and any(each.from_due for each in line.buckets):
        yield paragraph("The latencies are those of this process alone.")
        yield draw(sections.latency_over_time(line, clock=clock), has_values=False)
