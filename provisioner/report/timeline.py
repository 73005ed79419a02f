"""Requests of a job over time, grouped into buckets of equal width; pure functions."""

import math
import operator
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from provisioner.load import StepMetrics, rank
from provisioner.models import AttemptRecord, Verdict

MAX_BUCKETS = 240
"""Most buckets of a timeline: more than a chart can show."""
_THROTTLED = int(HTTPStatus.TOO_MANY_REQUESTS)
_CREATED = Verdict.CREATED.value
_BATCH = 8_192
"""Successes that are divided among the buckets together."""
WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
"""Possible widths of a bucket, in seconds."""


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Bucket:
    """Counts of one bucket of time: requests by their due and their send time, successes by their end.

    ``in_flight`` is the highest number of requests at once. The arrays hold latencies in seconds.
    """

    due: int = 0
    sent: int = 0
    throttled: int = 0
    in_flight: int = 0
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)
    _known: dict[tuple[str, float], tuple[int, float | None]] = field(default_factory=dict)

    def percentile(self, since: str, share: float) -> float | None:
        """Return the percentile ``share`` (0 to 1) of the latencies from ``due`` or ``sent``; None for none.

        The result is cached until a latency is added.
        """
        values = self.from_due if since == "due" else self.from_sent
        count, known = self._known.get((since, share), (0, None))
        if count != len(values):
            known = sorted(values)[rank(len(values), share) - 1]
            self._known[since, share] = len(values), known
        return known

    def condense(self, shares: Sequence[float]) -> None:
        """Replace the latencies by their percentiles ``shares`` (0 to 1), the only ones that are known then."""
        for since, values in (("due", self.from_due), ("sent", self.from_sent)):
            ordered = sorted(values)
            for share in shares:
                self._known[since, share] = 0, ordered[rank(len(ordered), share) - 1] if ordered else None
        self.from_due, self.from_sent = _times(), _times()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Buckets from the first request of a job to its last.

    ``start`` is in Unix seconds, ``width_s`` is the width of a bucket. ``due_until`` is the last known due time,
    in Unix seconds: a running job does not know later ones yet.
    """

    start: float
    width_s: int
    buckets: Sequence[Bucket]
    due_until: float = math.inf

    @property
    def offsets_s(self) -> list[int]:
        """Start of each bucket, in seconds from ``start``."""
        return [place * self.width_s for place in range(len(self.buckets))]

    def place(self, moment: float) -> int:
        """Return the index of the bucket of a moment; a moment outside, after a clock change, gets the nearest."""
        return min(max(int((moment - self.start) / self.width_s), 0), len(self.buckets) - 1)

    def divide(self, moments: Sequence[float]) -> Iterator[tuple[int, Sequence[float]]]:
        """Yield the index of each bucket with any of ``moments``, which must be in ascending order, and those."""
        begin, last = 0, len(self.buckets) - 1
        while begin < len(moments):
            place = self.place(moments[begin])
            end = len(moments)
            if place < last:
                end = max(bisect_left(moments, self.start + (place + 1) * self.width_s, begin), begin + 1)
            yield place, moments[begin:end]
            begin = end

    def rates_due(self) -> list[float | None]:
        """Return the requests due per second in each bucket; None where the bucket is not complete yet."""
        known = self.start + self.width_s
        return [
            each.due / self.width_s if known + offset <= self.due_until else None
            for offset, each in zip(self.offsets_s, self.buckets, strict=True)
        ]

    def percentile(self, since: str, share: float) -> list[float | None]:
        """Return the percentile ``share`` (0 to 1) of the latencies from ``due`` or ``sent`` in each bucket."""
        return [each.percentile(since, share) for each in self.buckets]


class RequestTimes:
    """Times of the requests of one step, for the timeline from ``start`` to ``end``, in Unix seconds.

    When a clock change puts ``end`` before ``start``, there is one bucket; a long time has few, wide buckets. Of
    each request only its times are kept, and those of successes only in the ``StepMetrics``.
    """

    def __init__(self, *, start: float, end: float) -> None:
        span = max(end - start, 0.0)
        longest = math.ceil(span / MAX_BUCKETS)
        width = next((width for width in WIDTHS_S if span / width < MAX_BUCKETS), longest)
        self._line = Timeline(start, width, [Bucket() for _ in range(int(span / width) + 1)])
        self._sent, self._ended = self._by_bucket(), self._by_bucket()

    def add(self, attempts: Iterable[AttemptRecord]) -> None:
        """Add attempts. Those that were not sent, or that a crash has interrupted, are ignored."""
        known = [each for each in attempts if each.sent is not None and each.due is not None]
        failed = [each for each in known if each.verdict != _CREATED]
        throttled = [each.ended for each in known if each.http_status == _THROTTLED]
        for place, moments in self._line.divide(sorted([each.due for each in known if each.due is not None])):
            self._line.buckets[place].due += len(moments)
        for place, moments in self._line.divide(sorted(throttled)):
            self._line.buckets[place].throttled += len(moments)
        _add(self._sent, self._line, [each.sent for each in failed if each.sent is not None])
        _add(self._ended, self._line, [each.ended for each in failed])

    def timeline(self, metrics: StepMetrics, shares: Sequence[float]) -> Timeline:
        """Return the timeline of the requests that were added, whose measurements are ``metrics``.

        Of the latencies it has the percentiles ``shares`` (0 to 1).
        """
        sent, ended = self._sent, self._ended
        for begin in range(0, len(metrics.ended), _BATCH):
            part = slice(begin, begin + _BATCH)
            # Both times are near each other, so their difference is exact, and this is the time of sending.
            _add(sent, self._line, [*map(operator.sub, metrics.ended[part], metrics.from_sent[part])])
        flying = 0
        for place, runs in enumerate(self._successes(metrics)):
            bucket, began, landed = self._line.buckets[place], sorted(sent[place]), ended[place]
            for run in runs:
                landed.extend(metrics.ended[run])
                bucket.from_due.extend(metrics.from_due[run])
                bucket.from_sent.extend(metrics.from_sent[run])
            bucket.condense(shares)
            bucket.sent = len(began)
            bucket.in_flight = max(flying, _most_in_flight(flying, began, sorted(landed)))
            flying += len(began) - len(landed)
            sent[place] = ended[place] = _times()
        return self._line

    def _by_bucket(self) -> list["array[float]"]:
        return [_times() for _ in self._line.buckets]

    def _successes(self, metrics: StepMetrics) -> Sequence[Sequence[slice]]:
        """Return for each bucket the runs of successes that ended in it."""
        found: list[list[slice]] = [[] for _ in self._line.buckets]
        begin, low, high, place = 0, math.inf, math.inf, 0
        for number, moment in enumerate(metrics.ended):
            if not low <= moment < high:
                found[place].append(slice(begin, number))
                begin, place = number, self._line.place(moment)
                low = self._line.start + place * self._line.width_s
                high = low + self._line.width_s
        found[place].append(slice(begin, len(metrics.ended)))
        return found


def _add(times: Sequence["array[float]"], line: Timeline, moments: Iterable[float]) -> None:
    for place, found in line.divide(sorted(moments)):
        times[place].extend(found)


def _most_in_flight(flying: int, sent: Sequence[float], ended: Sequence[float]) -> int:
    """Return the highest number of requests at once after any of them was sent, 0 when none was.

    ``flying`` are in flight before. At equal times an end comes before a start.
    """
    most, landed, ends = 0, 0, [*ended, math.inf]
    for number, moment in enumerate(sent, flying + 1):
        while ends[landed] <= moment:
            landed += 1
        most = max(most, number - landed)
    return most
