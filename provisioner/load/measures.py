"""What the requests of one step come to: latencies, exact, and how many went which way."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from provisioner.models import AttemptRecord, Verdict

from .figures import Distribution, distribution

LATE_S = 0.1
"""A request that leaves so long after it was due is late; less is how a busy machine keeps time."""


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class Measures:
    """One step of a job, measured; times are Unix seconds.

    Latency from *due* runs from when the row's first attempt should have started to the end of the one that
    succeeded, waiting and retries included: what a customer feels, free of coordinated omission. Latency from
    *sent* is that of the successful request alone. The arrays run along the successes in the order they ended.
    """

    rows: int = 0
    """Rows that had their turn."""
    requests: int = 0
    throttled: int = 0
    late: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """Requests that did not succeed, by their code."""
    first_due: float | None = None
    last_ended: float | None = None
    ended: "array[float]" = field(default_factory=_times)
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)

    @property
    def succeeded(self) -> int:
        """Rows that came to their end well."""
        return len(self.ended)

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first request's due time to the last one's end."""
        return 0.0 if self.first_due is None or self.last_ended is None else self.last_ended - self.first_due

    @property
    def error_share(self) -> float | None:
        """The share of rows that did not succeed, None where there were none."""
        return (self.rows - self.succeeded) / self.rows if self.rows else None

    @property
    def throttled_share(self) -> float | None:
        """The share of requests that were answered 429."""
        return self.throttled / self.requests if self.requests else None

    def distribution(self, since: str) -> Distribution:
        """Describe the latencies from ``due`` or from ``sent``."""
        return distribution(sorted(self.from_due if since == "due" else self.from_sent))


def measure(attempts: Iterable[AttemptRecord]) -> Measures:
    """Go through the requests of one step, in the order they ended."""
    found = Measures()
    waiting: dict[int, float] = {}
    for attempt in attempts:
        if attempt.due is None:
            continue
        due = waiting.pop(attempt.row_id, attempt.due)
        found.rows += attempt.number == 1
        _count(found, attempt, due)
        if attempt.verdict in {Verdict.NOT_PROCESSED, Verdict.MAYBE}:
            waiting[attempt.row_id] = due
    return found


def _count(found: Measures, attempt: AttemptRecord, due: float) -> None:
    found.first_due = due if found.first_due is None else min(found.first_due, due)
    found.last_ended = attempt.ended if found.last_ended is None else max(found.last_ended, attempt.ended)
    found.throttled += attempt.http_status == HTTPStatus.TOO_MANY_REQUESTS
    if attempt.sent is not None:
        found.requests += 1
        found.late += attempt.sent - (attempt.due or attempt.sent) > LATE_S
    if attempt.verdict == Verdict.CREATED:
        found.ended.append(attempt.ended)
        found.from_due.append(attempt.ended - due)
        found.from_sent.append(attempt.ended - (attempt.sent or due))
    else:
        found.failures[attempt.error_code] += 1
