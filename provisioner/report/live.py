"""HTML of the dashboard: the whole page, and the parts that change while the run goes on."""

import math

from provisioner.models import Counts
from provisioner.models.progress import Progress

from . import sections
from .charts import draw
from .live_recorder import LiveRecorder
from .markup import DASH, escape, number_text, section, table
from .page import render_live


def fragments(progress: Progress, recorder: LiveRecorder) -> dict[str, str]:
    """Return the HTML of the changing parts, by the ``id`` of their element."""
    recorder.note_in_flight(progress.in_flight)
    line = recorder.timeline()
    return {
        "state": f'<p class="sum" role="status">{escape(progress.state)}</p>',
        "figures": _figures(progress),
        "accounting": sections.accounting(_counts(progress)),
        "charts": "".join(draw(chart, has_values=False) for chart in sections.over_time(line)) if line else "",
    }


def live_page(title: str, progress: Progress, recorder: LiveRecorder) -> str:
    """Return the dashboard as an HTML document with the current figures."""
    parts = fragments(progress, recorder)
    body = "".join(
        (
            f"<h1>{escape(title)}</h1>",
            f'<div id="state">{parts["state"]}</div>',
            _CONTROLS,
            f'<div id="accounting">{parts["accounting"]}</div>',
            f'<div id="figures">{parts["figures"]}</div>',
            f'<div id="charts">{parts["charts"]}</div>',
        )
    )
    return render_live(title, body)


def _counts(progress: Progress) -> Counts:
    settled = progress.created + progress.rejected + progress.unknown + progress.unsent + progress.invalid
    return Counts(
        input=progress.total + progress.left_out,
        created=progress.created,
        rejected=progress.rejected,
        unknown=progress.unknown,
        unsent=progress.unsent,
        invalid=progress.invalid,
        pending=max(progress.total + progress.left_out - settled, 0),
    )


def _figures(progress: Progress) -> str:
    left = DASH if progress.eta_s is None else f"{progress.eta_s:,.0f} s"
    figures = [
        ("rows with an outcome", f"{progress.done:,} of {progress.total:,}"),
        ("starts per second, recently", number_text(progress.rate_now, decimals=2)),
        ("starts per second, allowed now", _rate(progress.rate_asked)),
        ("in flight", number_text(progress.in_flight)),
        *([] if progress.messages is None else [("first messages posted", number_text(progress.messages))]),
        *([] if progress.open is None else [("conversations open", number_text(progress.open))]),
        ("answered 429", number_text(progress.throttled)),
        ("elapsed", f"{progress.elapsed_s:,.0f} s"),
        ("left", left),
    ]
    return section("Now", table(("figure", "value"), figures))


def _rate(per_second: float) -> str:
    if math.isinf(per_second):
        return "no limit"
    return number_text(per_second, decimals=2 if per_second >= SLOW else 6)


SLOW = 0.01
"""Rate in starts per second below which two decimals would show 0."""
_CONTROLS = (
    '<form id="controls" hidden><button type="button" data-action="pause">Pause</button>'
    '<button type="button" data-action="resume">Resume</button>'
    '<label for="rate">Rate</label><input id="rate" name="rate" placeholder="4/s" autocomplete="off">'
    '<button type="button" data-action="rate">Set rate</button><output id="said" role="status"></output></form>'
)
