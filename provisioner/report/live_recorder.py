"""Recorder of a run for the charts of the dashboard, in bounded memory."""

from collections.abc import Callable, Iterator

from provisioner.models import AttemptResult, Verdict
from provisioner.models.progress import Progress

from .charts import Chart
from .clock import LocalClock
from .course import Course
from .stretches import Stretches
from .timeline import Bucket, Timeline

MOST_LATENCIES = 1000
"""Most latencies kept in one bucket; its percentiles are those of its first thousand."""


class LiveRecorder:
    """Requests of this process, and the progress of the whole run; ``clock`` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._stretches = Stretches(clock(), Bucket, _joined)
        self._due_until = self._stretches.start
        self._course = Course(clock)

    def record(self, result: AttemptResult) -> None:
        """Record the result of one attempt; an attempt that sent no request is ignored."""
        if result.sent is None:
            return
        at = self._stretches.at
        self._due_until = max(self._due_until, result.due)
        at(result.due).due += 1
        at(result.sent).sent += 1
        ended = at(result.ended)
        ended.throttled += result.is_throttled
        if result.verdict is Verdict.CREATED and len(ended.from_due) < MOST_LATENCIES:
            ended.from_due.append(result.ended - result.due)
            ended.from_sent.append(result.ended - result.sent)

    def note_in_flight(self, count: int) -> None:
        """Record the number of requests in flight now."""
        bucket = self._stretches.at(self._clock())
        bucket.in_flight = max(bucket.in_flight, count)

    def note_progress(self, progress: Progress) -> None:
        """Record the progress of the whole run at present."""
        self._course.note(progress)

    def timeline(self) -> Timeline | None:
        """Return the requests of this process recorded so far; None before the first one."""
        line = self._stretches
        return Timeline(line.start, line.width_s, line.figures, self._due_until) if line.figures else None

    def course(self, clock: LocalClock) -> Iterator[Chart]:
        """Yield the charts of the whole run's progress over the time of day of ``clock``."""
        return self._course.charts(clock)


def _joined(first: Bucket, second: Bucket) -> Bucket:
    from_due, from_sent = first.from_due + second.from_due, first.from_sent + second.from_sent
    return Bucket(
        due=first.due + second.due,
        sent=first.sent + second.sent,
        throttled=first.throttled + second.throttled,
        in_flight=max(first.in_flight, second.in_flight),
        from_due=from_due[:MOST_LATENCIES],
        from_sent=from_sent[:MOST_LATENCIES],
    )
