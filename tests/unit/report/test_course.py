"""The course of a whole run's progress, as it is seen again and again."""

import math
from dataclasses import dataclass

from provisioner.models.progress import Progress
from provisioner.report.charts import Chart
from provisioner.report.clock import LocalClock
from provisioner.report.course import Course
from provisioner.report.timeline import MAX_BUCKETS


@dataclass
class HandClock:
    """A clock that is set by hand, in Unix seconds."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def seen(course: Course, clock: HandClock, *looks: tuple[float, Progress]) -> dict[str, Chart]:
    """Return the charts by title after looks at so many seconds from the start."""
    start = clock.now
    for offset, progress in looks:
        clock.now = start + offset
        course.note(progress)
    return {chart.title: chart for chart in course.charts(LocalClock())}


def at(rate: float, **more: float) -> Progress:
    """Return a progress at this rate, of 8 a second that are asked for."""
    return Progress(**{"total": 10, "rate_now": rate, "rate_asked": 8.0, **more})  # type: ignore[arg-type]


def values(chart: Chart) -> dict[str, list[float | None]]:
    """Return the values of a chart by the name of their line."""
    return {line.name: list(line.values) for line in chart.lines}


def test_each_stretch_has_the_mean_rate_and_the_most_at_once() -> None:
    """Where nobody looked, as in a process that was suspended, the lines have a gap."""
    clock = HandClock()
    course = Course(clock)

    charts = seen(course, clock, (0.0, at(4, in_flight=3)), (0.5, at(6, in_flight=1)), (2.0, at(7, in_flight=2)))

    assert values(charts["Rate"]) == {"allowed": [8.0, None, 8.0], "started": [5.0, None, 7.0]}
    assert values(charts["In flight"]) == {"most seen at once": [3.0, None, 2.0]}
    assert "Answers 429" not in charts


def test_new_refusals_are_counted_where_they_came() -> None:
    """The progress tells how many there were in all; those of a worker that is gone may be missing later."""
    clock = HandClock()
    course = Course(clock)

    charts = seen(course, clock, *((float(n), at(5, throttled=many)) for n, many in enumerate((1, 1, 4, 2, 3))))

    assert values(charts["Answers 429"]) == {"429s": [1.0, 0.0, 3.0, 0.0, 1.0]}
    assert list(charts["Rate"].marks) == [clock.now - 4, clock.now - 2, clock.now]


def test_a_rate_without_a_limit_has_no_line() -> None:
    """Infinity cannot be drawn."""
    clock = HandClock()

    charts = seen(Course(clock), clock, (0.0, at(900, rate_asked=math.inf)))

    assert values(charts["Rate"]) == {"allowed": [None], "started": [900.0]}


def test_a_long_run_is_kept_in_bounded_memory() -> None:
    """Stretches are joined, and the means, the peak and the sum of all refusals stay."""
    clock = HandClock()
    looks = [(float(n), at(n % 2 * 10, in_flight=n == 700, throttled=n // 100)) for n in range(1000)]

    charts = seen(Course(clock), clock, *looks)

    rates = values(charts["Rate"])["started"]
    assert len(rates) <= MAX_BUCKETS
    assert set(rates) == {5.0}
    assert sum(each or 0 for each in values(charts["Answers 429"])["429s"]) == 9
    assert max(each or 0 for each in values(charts["In flight"])["most seen at once"]) == 1


def test_before_the_first_look_there_is_nothing_to_draw() -> None:
    """A run that plans has no charts."""
    assert list(Course(HandClock()).charts(LocalClock())) == []
