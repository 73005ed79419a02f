"""A job's requests over time, in stretches of one length. Pure."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from provisioner.load import rank
from provisioner.models import AttemptRecord, Verdict

MOST_STRETCHES = 240
"""More than a chart has room for."""
WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Stretch:
    """What happened in one stretch of time: requests by when they were due and left, successes by their end.

    ``in_flight`` is the most at once. The arrays hold latencies in seconds.
    """

    due: int = 0
    sent: int = 0
    throttled: int = 0
    in_flight: int = 0
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A job from its first request to its last; ``start`` is in Unix seconds, ``width_s`` that of a stretch."""

    start: float
    width_s: int
    stretches: Sequence[Stretch]

    @property
    def offsets_s(self) -> list[int]:
        """When each stretch begins, in seconds from the start."""
        return [place * self.width_s for place in range(len(self.stretches))]

    def percentile(self, since: str, share: float) -> list[float | None]:
        """Return a percentile of the latencies from ``due`` or ``sent`` for every stretch."""
        return [_percentile(getattr(each, f"from_{since}"), share) for each in self.stretches]


def timeline(attempts: Iterable[AttemptRecord]) -> Timeline | None:
    """Arrange the requests of one step by time; None where nothing was sent."""
    sent = [each for each in attempts if each.sent is not None and each.due is not None]
    if not sent:
        return None
    start = min(min(each.due or 0.0, each.sent or 0.0) for each in sent)
    end = max(each.ended for each in sent)
    width = next((width for width in WIDTHS_S if (end - start) / width < MOST_STRETCHES), WIDTHS_S[-1])
    stretches = [Stretch() for _ in range(int((end - start) / width) + 1)]

    def at(moment: float) -> Stretch:
        return stretches[int((moment - start) / width)]

    first_due: dict[int, float] = {}
    for each in sent:
        due = first_due.setdefault(each.row_id, each.due or 0.0)
        at(each.due or 0.0).due += 1
        at(each.sent or 0.0).sent += 1
        at(each.ended).throttled += each.http_status == HTTPStatus.TOO_MANY_REQUESTS
        if each.verdict == Verdict.CREATED:
            at(each.ended).from_due.append(each.ended - due)
            at(each.ended).from_sent.append(each.ended - (each.sent or due))
    _count_in_flight(sent, stretches, start, width)
    return Timeline(start, width, stretches)


def _count_in_flight(
    sent: Sequence[AttemptRecord], stretches: Sequence[Stretch], start: float, width: int
) -> None:
    changes = sorted([(each.sent or 0.0, 1) for each in sent] + [(each.ended, -1) for each in sent])
    flying, place = 0, 0
    for moment, change in changes:
        now = int((moment - start) / width)
        while place < now:
            place += 1
            stretches[place].in_flight = flying
        flying += change
        stretches[place].in_flight = max(stretches[place].in_flight, flying)


def _percentile(values: "array[float]", share: float) -> float | None:
    return sorted(values)[rank(len(values), share) - 1] if values else None
