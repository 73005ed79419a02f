"""Charts over the time of day that the report and the live page share. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .axes import Axis, time_axis
from .charts import Chart, Line
from .clock import LocalClock

Values = Sequence[float | None]
"""One value for each stretch of time; None is a gap."""


@dataclass(frozen=True, slots=True)
class Span:
    """The starts of stretches of time, in Unix seconds, and the x axis below them."""

    places: Sequence[float]
    axis: Axis


def time_span(start: float, width_s: int, count: int, clock: LocalClock) -> Span:
    """Return ``count`` stretches of ``width_s`` seconds from ``start``, with times of day of ``clock``."""
    places = [start + place * width_s for place in range(count)]
    return Span(places, time_axis(clock, start, start + width_s * count))


def rate_chart(span: Span, lines: Sequence[Line], refused: Values) -> Chart:
    """Return the chart of rates in requests per second, with a mark where any request was ``refused`` by a 429."""
    cuts = [place for place, number in zip(span.places, refused, strict=True) if number]
    marked = "429: all pause, the pace is cut"
    return Chart("Rate", "requests/s", span.places, lines, marks=cuts, marked=marked, axis=span.axis)


def in_flight_chart(span: Span, name: str, numbers: Values) -> Chart:
    """Return the chart of requests in flight; ``name`` says how they were counted."""
    return Chart("In flight", "requests", span.places, (Line(name, "a", numbers),), axis=span.axis, is_whole=True)


def refused_charts(span: Span, refused: Values) -> Iterator[Chart]:
    """Yield the chart of 429s; nothing where there were none."""
    if any(refused):
        lines = (Line("429s", "c", refused),)
        yield Chart("Answers 429", "answers", span.places, lines, axis=span.axis, is_whole=True)
