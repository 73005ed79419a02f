"""Course of a whole run's figures: for the charts of requests that this process does not see one by one."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from provisioner.models.progress import Progress

from .charts import Chart, Line
from .clock import LocalClock
from .over_time import in_flight_chart, rate_chart, refused_charts, time_span
from .stretches import Stretches


@dataclass(slots=True)
class Glimpses:
    """What was seen of the progress in one stretch of time: ``count`` times, with the sums of both rates.

    ``in_flight`` is the highest number of requests at once, ``throttled`` the number of new 429 answers.
    """

    count: int = 0
    rates_now: float = 0.0
    rates_asked: float = 0.0
    in_flight: int = 0
    throttled: int = 0

    def mean(self, rates: float) -> float | None:
        """Return the mean of a sum of rates, in starts per second; None without one, or without a limit."""
        return rates / self.count if self.count and math.isfinite(rates) else None


class Course:
    """Progress of a run, seen again and again; ``clock`` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._throttled = clock, 0
        self._stretches = Stretches(clock(), Glimpses, _joined)

    def note(self, progress: Progress) -> None:
        """Take account of the progress at present."""
        glimpses = self._stretches.at(self._clock())
        glimpses.count += 1
        glimpses.rates_now += progress.rate_now
        glimpses.rates_asked += progress.rate_asked
        glimpses.in_flight = max(glimpses.in_flight, progress.in_flight)
        glimpses.throttled += max(progress.throttled - self._throttled, 0)
        self._throttled = progress.throttled

    def charts(self, clock: LocalClock) -> Iterator[Chart]:
        """Yield charts of rate, requests in flight and 429s over the time of day of ``clock``; none before a note.

        Their lines have gaps where nothing was noted, as while this process was suspended.
        """
        seen, start, width = self._stretches.figures, self._stretches.start, self._stretches.width_s
        if not seen:
            return
        span = time_span(start, width, len(seen), clock)
        asked = Line("allowed", "a", [each.mean(each.rates_asked) for each in seen])
        now = Line("started", "b", [each.mean(each.rates_now) for each in seen])
        refused = _noted(seen, [each.throttled for each in seen])
        yield rate_chart(span, (asked, now), refused)
        yield in_flight_chart(span, "most seen at once", _noted(seen, [each.in_flight for each in seen]))
        yield from refused_charts(span, refused)


def _noted(seen: Sequence[Glimpses], numbers: Sequence[int]) -> list[float | None]:
    return [float(number) if each.count else None for each, number in zip(seen, numbers, strict=True)]


def _joined(first: Glimpses, second: Glimpses) -> Glimpses:
    return Glimpses(
        count=first.count + second.count,
        rates_now=first.rates_now + second.rates_now,
        rates_asked=first.rates_asked + second.rates_asked,
        in_flight=max(first.in_flight, second.in_flight),
        throttled=first.throttled + second.throttled,
    )
