"""Line charts as HTML and SVG text. The colours come from the page's style sheet, by CSS class.

The lines are stretched to the width of the page; the labels are not, so that they are as large on a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .axes import Axis, figure_text, number_axis, value_axis
from .markup import escape

WIDTH, HEIGHT = 1000, 180
"""Units across, which the page stretches, and pixels down, in which lines are drawn."""
_LABELS = HEIGHT + 18
"""Pixels down to the base of the labels of the x axis."""
_TOP = 6
"""Pixels above the highest line."""
_STRETCHED = (
    f'<svg y="{_TOP}" width="100%" height="{HEIGHT - _TOP}" viewBox="0 0 {WIDTH} {HEIGHT - _TOP}" '
    'preserveAspectRatio="none"'
)
_LAST_MIDDLE = 0.93
"""Share of the x axis behind which a label ends at its tick, so that it stays inside."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart. ``style`` is its CSS class; None in ``values`` is a gap.

    ``is_dotted`` marks every value: those of a few runs are not a course.
    """

    name: str
    style: str
    values: Sequence[float | None]
    is_dotted: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one x axis. ``places`` are the x values of all lines, ``unit`` is the unit of their values.

    ``marks`` are x values that get a vertical line; ``marked`` is its legend. Without ``axis``, the x axis goes
    from 0 to the last place, in ``x_unit``. Values above ``clip`` are outside of the chart, and ``beyond`` tells
    of them. ``is_whole`` is for values that are counts.
    """

    title: str
    unit: str
    places: Sequence[float]
    lines: Sequence[Line]
    x_unit: str = "s"
    marks: Sequence[float] = ()
    marked: str = ""
    axis: Axis | None = None
    clip: float | None = None
    beyond: str = ""
    is_whole: bool = False


def draw(chart: Chart, *, has_values: bool = True) -> str:
    """Return a chart as an HTML figure: SVG with a legend and, with ``has_values``, a table of its values.

    Without values the figure says so.
    """
    values = [value for line in chart.lines for value in line.values if value is not None]
    if not values or not chart.places:
        return (
            f'<figure><figcaption>{escape(chart.title)}</figcaption><p class="empty">Nothing to show.</p></figure>'
        )
    across = chart.axis or number_axis(max(chart.places), chart.x_unit)
    highest = max(values)
    is_clipped = chart.clip is not None and highest > chart.clip
    up = value_axis(chart.clip if is_clipped and chart.clip else highest, is_whole=chart.is_whole)
    scale = _Scale(across, up)
    return "".join(
        (
            f"<figure>{_caption(chart)}",
            f'<svg class="chart" role="img" aria-label="{escape(_described(chart))}">',
            *_grid(scale),
            f'{_STRETCHED} overflow="{"hidden" if is_clipped else "visible"}">',
            _marks(chart.marks, scale),
            *(_drawn(line, chart.places, scale) for line in chart.lines),
            "</svg></svg>",
            f'<p class="axis">{escape(across.title)}</p>' if across.title else "",
            f'<p class="beyond">{escape(chart.beyond)}</p>' if is_clipped and chart.beyond else "",
            _table(chart, across) if has_values else "",
            "</figure>",
        )
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    across: Axis
    up: Axis

    def x(self, place: float) -> float:
        return round(self.across.share(place) * WIDTH, 1)

    def y(self, value: float) -> float:
        return round((1 - self.up.share(value)) * (HEIGHT - _TOP), 1)


def _caption(chart: Chart) -> str:
    keys = [(line.style, line.name) for line in chart.lines] + ([("mark", chart.marked)] if chart.marks else [])
    legend = " ".join(f'<span class="key {style}">{escape(name)}</span>' for style, name in keys)
    return f"<figcaption>{escape(f'{chart.title}, {chart.unit}')} <span>{legend}</span></figcaption>"


def _grid(scale: _Scale) -> list[str]:
    """Return lines and labels. Every second label of the x axis is a class of its own, which a phone omits."""
    parts = []
    for tick in scale.up.ticks:
        y = round(scale.y(tick.place) + _TOP, 1)
        parts += [
            f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>',
            f'<text x="-8" y="{y + 4}" text-anchor="end">{escape(tick.label)}</text>',
        ]
    for number, tick in enumerate(scale.across.ticks):
        share = scale.across.share(tick.place)
        anchor = "end" if share > _LAST_MIDDLE else "middle"
        kind = ' class="minor"' if number % 2 else ""
        parts += [
            f'<line class="tick" x1="{share:.2%}" x2="{share:.2%}" y1="{HEIGHT}" y2="{HEIGHT + 4}"/>',
            f'<text{kind} x="{share:.2%}" y="{_LABELS}" text-anchor="{anchor}">{escape(tick.label)}</text>',
        ]
    return parts


def _marks(places: Sequence[float], scale: _Scale) -> str:
    words = "".join(f"M{scale.x(place)} 0V{HEIGHT - _TOP}" for place in places)
    return f'<path class="mark" d="{words}"/>' if words else ""


def _drawn(line: Line, places: Sequence[float], scale: _Scale) -> str:
    words, dots, is_down = [], [], False
    for place, value in zip(places, line.values, strict=True):
        if value is not None:
            words.append(f"{'L' if is_down else 'M'}{scale.x(place)} {scale.y(value)}")
            dots.append(f"M{scale.x(place)} {scale.y(value)}h0")
        is_down = value is not None
    # A single point becomes a line of length 0, which round line ends make visible.
    path = f'<path class="{line.style}" d="{"".join(words)}{"h0" if len(words) == 1 else ""}"/>'
    return f'{path}<path class="{line.style} dot" d="{"".join(dots)}"/>' if line.is_dotted else path


def _described(chart: Chart) -> str:
    names = ", ".join(line.name for line in chart.lines)
    peaks = [max((value for value in line.values if value is not None), default=0.0) for line in chart.lines]
    tops = ", ".join(figure_text(peak) for peak in peaks)
    return f"{chart.title} in {chart.unit}: {names}; at most {tops}"


def _table(chart: Chart, across: Axis) -> str:
    head = "".join(f'<th scope="col">{escape(line.name)}</th>' for line in chart.lines)
    rows = [
        f'<tr><th scope="row">{escape(across.text(place))}</th>'
        f"{''.join(_cell(line.values[n]) for line in chart.lines)}</tr>"
        for n, place in enumerate(chart.places)
    ]
    name = "time" if across.title else chart.x_unit
    return (
        '<details><summary>Values</summary><div class="wide"><table><thead>'
        f'<tr><th scope="col">{escape(name)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _cell(value: float | None) -> str:
    return f"<td>{'' if value is None else figure_text(value)}</td>"
