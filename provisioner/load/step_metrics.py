"""Measurements of one step's requests: exact latencies, and counts by result."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from msgspec import structs

from provisioner.models import AttemptRecord, Step, Verdict

from .percentiles import Distribution, distribution

LATE_S = 0.1
"""Seconds after its due time from which a request counts as late; a busy machine is often a little late."""


LOOKUPS = {Step.CREATE: Step.LOOKUP, Step.MESSAGE: Step.MESSAGE_LOOKUP}
"""The step that looks up the rows of a step whose reply was lost."""


def _times() -> "array[float]":
    return array("d")


@dataclass(slots=True)
class StepMetrics:
    """Measurements of one step (``create`` or ``message``); times are Unix seconds, latencies seconds.

    Latency from *due* is the time from when the row's first attempt should have started to the end of the attempt
    that succeeded, including waits and retries. It is what a customer experiences, without coordinated omission.
    Latency from *sent* is that of the successful request alone. The arrays have one entry for each success, in the
    order in which the requests ended.
    """

    rows: int = 0
    """Rows with at least one attempt."""
    requests: int = 0
    """Requests that were sent."""
    throttled: int = 0
    """Requests that were answered with 429."""
    late: int = 0
    """Requests that were sent more than ``LATE_S`` seconds after they were due."""
    found: int = 0
    """Rows whose reply was lost and that a look-up found: they succeeded, and have no latency."""
    failures: Counter[str] = field(default_factory=Counter)
    """Number of attempts that did not succeed, by error code."""
    first_due: float | None = None
    last_due: float | None = None
    """Latest due time among the first attempts of all rows."""
    last_sent: float | None = None
    last_ended: float | None = None
    ended: "array[float]" = field(default_factory=_times)
    from_due: "array[float]" = field(default_factory=_times)
    from_sent: "array[float]" = field(default_factory=_times)
    _waiting: dict[int, float] = field(default_factory=dict)
    _thrown_back: set[int] = field(default_factory=set)
    _refused: set[int] = field(default_factory=set)

    def add(self, attempt: AttemptRecord) -> None:
        """Add one attempt. Attempts must be added in the order in which they ended.

        An attempt without a due time, which a crash has interrupted, is ignored.
        """
        if attempt.due is None:
            return
        due = self._waiting.pop(attempt.row_id, None)
        if due is None:
            self.rows += attempt.row_id not in self._refused
            due = attempt.due
            self.last_due = due if self.last_due is None else max(self.last_due, due)
        self._count(attempt, due)
        self._thrown_back.discard(attempt.row_id)
        if attempt.verdict in {Verdict.NOT_PROCESSED, Verdict.MAYBE}:
            self._waiting[attempt.row_id] = due
        if attempt.verdict == Verdict.NOT_PROCESSED:
            self._thrown_back.add(attempt.row_id)
        if attempt.verdict == Verdict.REFUSED:
            self._refused.add(attempt.row_id)
        else:
            self._refused.discard(attempt.row_id)

    def add_lookup(self, lookup: AttemptRecord) -> None:
        """Add the result of a look-up, after the attempts: a row that it found has succeeded after all."""
        if lookup.verdict == Verdict.CREATED and self._waiting.pop(lookup.row_id, None) is not None:
            self._thrown_back.discard(lookup.row_id)
            self.found += 1

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
        """Number of rows whose step succeeded in the end, by an attempt of its own or as a look-up has found."""
        return len(self.ended) + self.found

    @property
    def offered_s(self) -> float:
        """Seconds from the first row's due time to the last row's due time."""
        return 0.0 if self.first_due is None or self.last_due is None else self.last_due - self.first_due

    @property
    def span_s(self) -> float:
        """Seconds from the first row's due time to when the last request was sent."""
        return 0.0 if self.first_due is None or self.last_sent is None else self.last_sent - self.first_due

    @property
    def request_rate(self) -> float | None:
        """Requests per second from the first row's due time to the last request; None for fewer than two."""
        return (self.requests - 1) / self.span_s if self.span_s and self.requests > 1 else None

    @property
    def error_share(self) -> float | None:
        """Share of rows that did not succeed in the end, from 0 to 1; None without rows.

        A row that succeeded at its second attempt, or was found by a look-up, is no error.
        """
        return (self.rows - self.succeeded) / self.rows if self.rows else None

    @property
    def error_share_so_far(self) -> float | None:
        """``error_share`` during a test: rows whose last attempt was not processed do not count as errors yet."""
        return (self.rows - self.succeeded - len(self._thrown_back)) / self.rows if self.rows else None

    @property
    def throttled_share(self) -> float | None:
        """Share of requests that were answered with 429, from 0 to 1; None without requests."""
        return self.throttled / self.requests if self.requests else None

    def latencies(self, since: str) -> "array[float]":
        """Return the latencies (seconds) from ``due`` or ``sent`` (``since``), in the order the requests ended."""
        return self.from_due if since == "due" else self.from_sent

    def distribution(self, since: str) -> Distribution:
        """Return the distribution of the latencies from ``due`` or ``sent`` (``since``)."""
        return distribution(sorted(self.latencies(since)))

    def summary(self) -> dict[str, Any]:
        """Return all figures as a dict of JSON types; latencies are in seconds."""
        return {
            "rows": self.rows,
            "requests": self.requests,
            "succeeded": self.succeeded,
            "found": self.found,
            "throttled": self.throttled,
            "late": self.late,
            "failures": dict(self.failures),
            "from_due": structs.asdict(self.distribution("due")),
            "from_sent": structs.asdict(self.distribution("sent")),
        }


def collect_metrics(attempts: Iterable[AttemptRecord], lookups: Iterable[AttemptRecord] = ()) -> StepMetrics:
    """Return the measurements of one step.

    ``attempts`` must be in the order in which they ended; ``lookups`` are the results of looking up its rows.
    """
    metrics = StepMetrics()
    for attempt in attempts:
        metrics.add(attempt)
    for lookup in lookups:
        metrics.add_lookup(lookup)
    return metrics


def achieved_share(metrics: StepMetrics, offered: int) -> float | None:
    """Return the rate of successes divided by the rate of ``offered`` rows; None without offered rows.

    The time of the successes ends when the last request was sent: the wait for its answer is latency, not rate.
    """
    if not offered or not metrics.rows:
        return None
    pace = min(metrics.offered_s / metrics.span_s, 1.0) if metrics.span_s else 1.0
    return metrics.succeeded / offered * pace
