"""Recorder of a run's requests for the dashboard, in bounded memory."""

from collections.abc import Callable

from provisioner.models import AttemptResult, Verdict

from .timeline import MAX_BUCKETS, Bucket, Timeline

MOST_LATENCIES = 1000
"""Most latencies kept in one bucket; its percentiles are those of its first thousand."""


class LiveRecorder:
    """Requests of a run in buckets of one second; the width doubles whenever ``MAX_BUCKETS`` are full.

    ``clock`` returns Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._start = clock, clock()
        self._due_until = self._start
        self._width = 1
        self._buckets: list[Bucket] = []

    def record(self, result: AttemptResult) -> None:
        """Record the result of one attempt; an attempt that sent no request is ignored."""
        if result.sent is None:
            return
        self._due_until = max(self._due_until, result.due)
        self._at(result.due).due += 1
        self._at(result.sent).sent += 1
        ended = self._at(result.ended)
        ended.throttled += result.is_throttled
        if result.verdict is Verdict.CREATED and len(ended.from_due) < MOST_LATENCIES:
            ended.from_due.append(result.ended - result.due)
            ended.from_sent.append(result.ended - result.sent)

    def note_in_flight(self, count: int) -> None:
        """Record the number of requests in flight now."""
        bucket = self._at(self._clock())
        bucket.in_flight = max(bucket.in_flight, count)

    def timeline(self) -> Timeline | None:
        """Return the requests recorded so far; None before the first one."""
        return Timeline(self._start, self._width, self._buckets, self._due_until) if self._buckets else None

    def _at(self, moment: float) -> Bucket:
        place = max(int((moment - self._start) / self._width), 0)
        while place >= MAX_BUCKETS:
            self._fold()
            place //= 2
        while len(self._buckets) <= place:
            self._buckets.append(Bucket())
        return self._buckets[place]

    def _fold(self) -> None:
        self._width *= 2
        pairs = zip(self._buckets[::2], [*self._buckets[1::2], Bucket()], strict=False)
        self._buckets = [_joined(first, second) for first, second in pairs]


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
