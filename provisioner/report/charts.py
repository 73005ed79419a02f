"""Line charts as SVG text. The colours come from the page's style sheet, by CSS class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .markup import escape

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 28
LEAST = 1e-9
"""Values below this are drawn as 0."""
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart. ``style`` is its CSS class; None in ``values`` is a gap."""

    name: str
    style: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over one x axis. ``places`` are the x values of all lines, ``unit`` is the unit of their values.

    ``marks`` are x values that get a vertical line; ``marked`` is its legend.
    """

    title: str
    unit: str
    places: Sequence[float]
    lines: Sequence[Line]
    x_unit: str = "s"
    marks: Sequence[float] = ()
    marked: str = ""


def draw(chart: Chart, *, has_values: bool = True) -> str:
    """Return a chart as an HTML figure: SVG with a legend and, with ``has_values``, a table of its values.

    Without values the figure says so.
    """
    values = [value for line in chart.lines for value in line.values if value is not None]
    if not values or not chart.places:
        return (
            f'<figure><figcaption>{escape(chart.title)}</figcaption><p class="empty">Nothing to show.</p></figure>'
        )
    scale = _Scale(max(chart.places) or 1.0, nice_ceiling(max(values)))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_described(chart))}">',
        *_grid(chart, scale),
        _marks(chart.marks, scale),
        *(_drawn(line, chart.places, scale) for line in chart.lines),
        "</svg>",
    ]
    keys = [(line.style, line.name) for line in chart.lines] + ([("mark", chart.marked)] if chart.marks else [])
    legend = " ".join(f'<span class="key {style}">{escape(name)}</span>' for style, name in keys)
    title = escape(f"{chart.title}, {chart.unit}")
    caption = f"<figcaption>{title} <span>{legend}</span></figcaption>"
    return f"<figure>{caption}{''.join(parts)}{_table(chart) if has_values else ''}</figure>"


@dataclass(frozen=True, slots=True)
class _Scale:
    right: float
    top: float

    def x(self, place: float) -> float:
        return round(LEFT + place / self.right * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM), 1)


def nice_ceiling(value: float) -> float:
    """Return the lowest number of the form 1, 2, 5 or 10 times a power of ten that is not below ``value``."""
    if value < LEAST:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= value), 10 * power)


def figure_text(value: float) -> str:
    """Return a number with three significant digits, and with all digits from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - a hundred has three digits


def _grid(chart: Chart, scale: _Scale) -> list[str]:
    parts = []
    for tick in range(_TICKS + 1):
        value, place = scale.top * tick / _TICKS, scale.right * tick / _TICKS
        y, x = scale.y(value), scale.x(place)
        anchor = "end" if tick == _TICKS else "middle"
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>',
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{figure_text(value)}</text>',
            f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="{anchor}">{figure_text(place)} {chart.x_unit}</text>',
        ]
    return parts


def _marks(places: Sequence[float], scale: _Scale) -> str:
    words = "".join(f"M{scale.x(place)} {TOP}V{HEIGHT - BOTTOM}" for place in places)
    return f'<path class="mark" d="{words}"/>' if words else ""


def _drawn(line: Line, places: Sequence[float], scale: _Scale) -> str:
    words, is_down = [], False
    for place, value in zip(places, line.values, strict=True):
        if value is not None:
            words.append(f"{'L' if is_down else 'M'}{scale.x(place)} {scale.y(value)}")
        is_down = value is not None
    # A single point becomes a line of length 0, which round line ends make visible.
    return f'<path class="{line.style}" d="{"".join(words)}{"h0" if len(words) == 1 else ""}"/>'


def _described(chart: Chart) -> str:
    names = ", ".join(line.name for line in chart.lines)
    peaks = [max((value for value in line.values if value is not None), default=0.0) for line in chart.lines]
    tops = ", ".join(figure_text(peak) for peak in peaks)
    return f"{chart.title} in {chart.unit}: {names}; at most {tops}"


def _table(chart: Chart) -> str:
    head = "".join(f"<th>{escape(line.name)}</th>" for line in chart.lines)
    rows = [
        f"<tr><th>{figure_text(place)}</th>{''.join(_cell(line.values[n]) for line in chart.lines)}</tr>"
        for n, place in enumerate(chart.places)
    ]
    return (
        f"<details><summary>Values</summary><table><thead><tr><th>{escape(chart.x_unit)}</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _cell(value: float | None) -> str:
    return f"<td>{'' if value is None else figure_text(value)}</td>"
