"""A job's requests over time, in stretches of one length. Pure."""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from provisioner.load import rank
from provisioner.models import AttemptRecord, Verdict

MAX_BUCKETS = 240
"""More than a chart has room for."""
WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Bucket:
    """What happened in one stretch of time: requests by when they were due and left, successes by their end.

    ``in_flight`` is the most at once. The arrays hold latencies in seconds.
    """

    due: int = 0
    sent: int = 0
    throttled: int = 0
    in_flight: int = 0
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)
    _known: dict[tuple[str, float], tuple[int, float]] = field(default_factory=dict)

    def percentile(self, since: str, share: float) -> float | None:
        """Return a percentile of the latencies from ``due`` or ``sent``; it is kept until more come."""
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
    """A job from its first request to its last; ``start`` is in Unix seconds, ``width_s`` that of a stretch.

    What was due after ``due_until`` is not known yet: in a run at work, it waits.
    """

    start: float
    width_s: int
    buckets: Sequence[Bucket]
    due_until: float = math.inf

    @property
    def offsets_s(self) -> list[int]:
        """When each stretch begins, in seconds from the start."""
        return [place * self.width_s for place in range(len(self.buckets))]

    def place(self, moment: float) -> int:
        """Return which stretch a moment lies in; what a clock that was set puts outside goes to the edge."""
        return min(max(int((moment - self.start) / self.width_s), 0), len(self.buckets) - 1)

    def at(self, moment: float) -> Bucket:
        """Return the stretch a moment lies in."""
        return self.buckets[self.place(moment)]

    def fill_until(self, place: int, moment: float, flying: int) -> int:
        """Go on from a stretch to that of ``moment`` with so many in flight, and return its place."""
        now = max(self.place(moment), place)
        for passed in range(place + 1, now + 1):
            self.buckets[passed].in_flight = flying
        return now

    def rates_due(self) -> list[float | None]:
        """Return how many requests were due a second in every stretch."""
        known = self.start + self.width_s
        return [
            each.due / self.width_s if known + offset <= self.due_until else None
            for offset, each in zip(self.offsets_s, self.buckets, strict=True)
        ]

    def percentile(self, since: str, share: float) -> list[float | None]:
        """Return a percentile of the latencies from ``due`` or ``sent`` for every stretch."""
        return [each.percentile(since, share) for each in self.buckets]


def timeline(attempts: Iterable[AttemptRecord], *, start: float, end: float) -> Timeline:
    """Arrange the requests of one step by time; they lie between ``start`` and ``end``, and come as they ended.

    Of each request only when it left is kept, so a large job needs little memory. Where a clock was set, the end
    may lie before the start, and all of it is one stretch; of however long a time there are few stretches.
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
    """Follow how many were under way; both lists are in order, and of equal moments an end comes first."""
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
