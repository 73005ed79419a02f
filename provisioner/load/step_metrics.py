"""What the requests of one step come to: latencies, exact, and how many went which way."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from msgspec import structs

from provisioner.models import AttemptRecord, Verdict

from .percentiles import Distribution, distribution

LATE_S = 0.1
"""A request that leaves so long after it was due is late; less is how a busy machine keeps time."""


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class StepMetrics:
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
    last_due: float | None = None
    """When the last row was due for the first time."""
    last_sent: float | None = None
    last_ended: float | None = None
    ended: "array[float]" = field(default_factory=_times)
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)
    _waiting: dict[int, float] = field(default_factory=dict)
    _thrown_back: set[int] = field(default_factory=set)

    def add(self, attempt: AttemptRecord) -> None:
        """Count one request; they come in the order they ended. What a crash cut off has no times."""
        if attempt.due is None:
            return
        due = self._waiting.pop(attempt.row_id, None)
        if due is None:
            self.rows += 1
            due = attempt.due
            self.last_due = due if self.last_due is None else max(self.last_due, due)
        self._count(attempt, due)
        self._thrown_back.discard(attempt.row_id)
        if attempt.verdict in {Verdict.NOT_PROCESSED, Verdict.MAYBE}:
            self._waiting[attempt.row_id] = due
        if attempt.verdict == Verdict.NOT_PROCESSED:
            self._thrown_back.add(attempt.row_id)

    def _count(self, attempt: AttemptRecord, due: float) -> None:
        self.first_due = due if self.first_due is None else min(self.first_due, due)
        self.last_ended = attempt.ended if self.last_ended is None else max(self.last_ended, attempt.ended)
        self.throttled += attempt.http_status == HTTPStatus.TOO_MANY_REQUESTS
        if attempt.sent is not None:
            self.requests += 1
            self.last_sent = max(self.last_sent or attempt.sent, attempt.sent)
            self.late += attempt.sent - (attempt.due or attempt.sent) > LATE_S
        if attempt.verdict == Verdict.CREATED:
            self.ended.append(attempt.ended)
            self.from_due.append(attempt.ended - due)
            self.from_sent.append(attempt.ended - (attempt.sent or due))
        else:
            self.failures[attempt.error_code] += 1

    @property
    def succeeded(self) -> int:
        """Rows that came to their end well."""
        return len(self.ended)

    @property
    def offered_s(self) -> float:
        """Seconds from when the first row was due to when the last one was."""
        return 0.0 if self.first_due is None or self.last_due is None else self.last_due - self.first_due

    @property
    def span_s(self) -> float:
        """Seconds from when the first request was due to when the last one left."""
        return 0.0 if self.first_due is None or self.last_sent is None else self.last_sent - self.first_due

    @property
    def error_share(self) -> float | None:
        """The share of rows that did not succeed, None where there were none."""
        return (self.rows - self.succeeded) / self.rows if self.rows else None

    @property
    def error_share_so_far(self) -> float | None:
        """The same while a test goes on: rows that were thrown back may still succeed."""
        return (self.rows - self.succeeded - len(self._thrown_back)) / self.rows if self.rows else None

    @property
    def throttled_share(self) -> float | None:
        """The share of requests that were answered 429."""
        return self.throttled / self.requests if self.requests else None

    def latencies(self, since: str) -> "array[float]":
        """Return the latencies from ``due`` or from ``sent``, in the order they ended."""
        return self.from_due if since == "due" else self.from_sent

    def distribution(self, since: str) -> Distribution:
        """Describe the latencies from ``due`` or from ``sent``."""
        return distribution(sorted(self.latencies(since)))

    def summary(self) -> dict[str, Any]:
        """Return everything in values that JSON knows; latencies in seconds."""
        return {
            "rows": self.rows,
            "requests": self.requests,
            "succeeded": self.succeeded,
            "throttled": self.throttled,
            "late": self.late,
            "failures": dict(self.failures),
            "from_due": structs.asdict(self.distribution("due")),
            "from_sent": structs.asdict(self.distribution("sent")),
        }


def collect_metrics(attempts: Iterable[AttemptRecord]) -> StepMetrics:
    """Go through the requests of one step, in the order they ended."""
    found = StepMetrics()
    for attempt in attempts:
        found.add(attempt)
    return found


def achieved_share(metrics: StepMetrics, offered: int) -> float | None:
    """Return the rate of successes as a share of the offered one; None where nothing was offered.

    Time counts until the last request left: how long its answer took is latency, and no rate.
    """
    if not offered or not metrics.rows:
        return None
    pace = min(metrics.offered_s / metrics.span_s, 1.0) if metrics.span_s else 1.0
    return metrics.succeeded / offered * pace
