"""Measurements of one step's requests: exact latencies, and counts by result."""

from array import array
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import structs

from provisioner.models import AttemptRecord, Step, Verdict

from .percentiles import Distribution, distribution, sort_times
from .row_ids import RowIds

LATE_S = 0.1
"""Seconds after its due time from which a request counts as late; a busy machine is often a little late."""


_CREATED = Verdict.CREATED.value
_THROTTLED = int(HTTPStatus.TOO_MANY_REQUESTS)
# Constants, because looking up the members of an enumeration is what measuring a million attempts would mostly do.

LOOKUPS = {Step.CREATE: Step.LOOKUP, Step.MESSAGE: Step.MESSAGE_LOOKUP}
"""The step that looks up the rows of a step whose reply was lost."""


def _times() -> "array[float]":
    return array("d")


class StepMetrics(msgspec.Struct):
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
    failures: Counter[str] = msgspec.field(default_factory=Counter)
    """Number of attempts that did not succeed, by error code."""
    first_due: float | None = None
    last_due: float | None = None
    """Latest due time among the first attempts of all rows."""
    last_sent: float | None = None
    last_ended: float | None = None
    ended: "array[float]" = msgspec.field(default_factory=_times)
    from_due: "array[float]" = msgspec.field(default_factory=_times)
    from_sent: "array[float]" = msgspec.field(default_factory=_times)
    _waiting: dict[int, float] = msgspec.field(default_factory=dict)
    _thrown_back: set[int] = msgspec.field(default_factory=set)
    _refused: RowIds = msgspec.field(default_factory=RowIds)

    def add(self, attempt: AttemptRecord) -> None:
        """Add one attempt. Attempts must be added in the order in which they ended.

        An attempt without a due time, which a crash has interrupted, is ignored.
        """
        row_id, _, verdict, due, _, _, _, _ = attempt
        if due is None:
            return
        was_refused = row_id in self._refused
        first_due = self._waiting.pop(row_id, None)
        if first_due is None:
            self.rows += not was_refused
            first_due = due
            if self.last_due is None or due > self.last_due:
                self.last_due = due
        self._count(attempt, first_due)
        self._thrown_back.discard(row_id)
        if was_refused:
            self._refused.remove(row_id)
        if verdict != _CREATED:
            self._note_failure(row_id, verdict, first_due)

    def _note_failure(self, row_id: int, verdict: str, first_due: float) -> None:
        if verdict == Verdict.REFUSED:
            self._refused.add(row_id)
        else:
            self._waiting[row_id] = first_due
        if verdict == Verdict.NOT_PROCESSED:
            self._thrown_back.add(row_id)

    def add_lookup(self, lookup: AttemptRecord) -> None:
        """Add the result of a look-up, after the attempts: a row that it found has succeeded after all."""
        if lookup.verdict == Verdict.CREATED and self._waiting.pop(lookup.row_id, None) is not None:
            self._thrown_back.discard(lookup.row_id)
            self.found += 1

    def _count(self, attempt: AttemptRecord, due: float) -> None:
        _, _, verdict, own_due, sent, ended, http_status, error_code = attempt
        if self.first_due is None or due < self.first_due:
            self.first_due = due
        if self.last_ended is None or ended > self.last_ended:
            self.last_ended = ended
        if http_status == _THROTTLED:
            self.throttled += 1
        if sent is not None:
            self.requests += 1
            if not self.last_sent or sent > self.last_sent:
                self.last_sent = sent
            self.late += sent - (own_due or sent) > LATE_S
        if verdict == _CREATED:
            self.ended.append(ended)
            self.from_due.append(ended - due)
            self.from_sent.append(ended - (sent or due))
        else:
            self.failures[error_code] += 1

    @property
    def may_be_found(self) -> bool:
        """Return whether a look-up can change anything: a row's last attempt neither succeeded nor was refused."""
        return bool(self._waiting)

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
        return distribution(sort_times(self.latencies(since)))

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
