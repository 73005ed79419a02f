"""Requests of a job over time, grouped into buckets of equal width; pure functions."""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from provisioner.load import rank
from provisioner.models import AttemptRecord, Verdict

MAX_BUCKETS = 240
"""Most buckets of a timeline: more than a chart can show."""
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
    _known: dict[tuple[str, float], tuple[int, float]] = field(default_factory=dict)

    def percentile(self, since: str, share: float) -> float | None:
        """Return the percentile ``share`` (0 to 1) of the latencies from ``due`` or ``sent``; None for none.

        The result is cached until a latency is added.
        """
        values = self.from_due if since == "due" else self.from_sent
        if not values:
            return None
        count, known = self._known.get((since, share), (0, 0.0))
        if count != len(values):
            known = sorted(values)[rank(len(values), share) - 1]
            self._known[since, share] = len(values), known
        return known


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

    def at(self, moment: float) -> Bucket:
        """Return the bucket of a moment."""
        return self.buckets[self.place(moment)]

    def fill_until(self, place: int, moment: float, flying: int) -> int:
        """Set ``in_flight`` to ``flying`` in the buckets after ``place`` up to that of ``moment``.

        Return the index of the last bucket set, or ``place`` when there is none.
        """
        now = max(self.place(moment), place)
        for passed in range(place + 1, now + 1):
            self.buckets[passed].in_flight = flying
        return now

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


def timeline(attempts: Iterable[AttemptRecord], *, start: float, end: float) -> Timeline:
    """Return the requests of one step by time.

    ``attempts`` come in the order in which they ended; ``start`` and ``end`` are in Unix seconds. Only times are
    kept of each request, so a large job needs little memory. When a clock change puts ``end`` before ``start``,
    there is one bucket; a long time has few, wide buckets.
    """
    span = max(end - start, 0.0)
    longest = math.ceil(span / MAX_BUCKETS)
    width = next((width for width in WIDTHS_S if span / width < MAX_BUCKETS), longest)
    line = Timeline(start, width, [Bucket() for _ in range(int(span / width) + 1)])
    first_due: dict[int, float] = {}
    sent, ended = _times(), _times()
    for each in attempts:
        if each.sent is None or each.due is None:
            continue
        due = first_due.pop(each.row_id, each.due)
        line.at(each.due).due += 1
        line.at(each.sent).sent += 1
        line.at(each.ended).throttled += each.http_status == HTTPStatus.TOO_MANY_REQUESTS
        if each.verdict == Verdict.CREATED:
            line.at(each.ended).from_due.append(each.ended - due)
            line.at(each.ended).from_sent.append(each.ended - each.sent)
        elif each.verdict != Verdict.REFUSED:
            first_due[each.row_id] = due
        sent.append(each.sent)
        ended.append(each.ended)
    _count_in_flight(line, sorted(sent), ended)
    return line


def _count_in_flight(line: Timeline, sent: Sequence[float], ended: Sequence[float]) -> None:
    """Set ``in_flight`` of all buckets; both lists are sorted, and at equal times an end comes before a start."""
    flying, landed, place = 0, 0, 0
    for moment in sent:
        while landed < len(ended) and ended[landed] <= moment:
            place = line.fill_until(place, ended[landed], flying)
            flying, landed = flying - 1, landed + 1
        place = line.fill_until(place, moment, flying)
        flying += 1
        line.buckets[place].in_flight = max(line.buckets[place].in_flight, flying)
    for moment in ended[landed:]:
        place = line.fill_until(place, moment, flying)
        flying -= 1
