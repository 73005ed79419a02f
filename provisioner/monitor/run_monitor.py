"""Monitoring of a run: counts events, measures the rate, and writes log events. It makes no decisions."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable

from provisioner.models import AttemptResult, Counts, MessageStatus, Row, Status, Step, UnknownRow
from provisioner.models.progress import DONE, LOOKING_UP, SENDING, Progress, draining_state
from provisioner.models.reasons import ErrorReason
from provisioner.system.event_log import event_logger

from .figures import RunFigures
from .log_events import log_answer, log_message
from .message_counts import MessageCounters
from .open_limit_status import OpenLimitStatus
from .rate_meter import PacerStatus, RateMeter
from .settings_counts import SettingsCounters


class RunMonitor:
    """Counts and logs the events of a run; implements ``ports.Observer``.

    ``before`` are the counts at the start of the run. ``to_send`` of those rows are to be sent; for ``to_post``
    created rows only the first message is to be posted. ``pacer_status`` reports the pacer's rate and pauses;
    ``outage`` returns the state to show while Twilio cannot be reached, else an empty text; ``clock`` returns
    monotonic seconds.
    """

    def __init__(
        self,
        before: Counts,
        *,
        to_send: int,
        to_post: int = 0,
        pacer_status: PacerStatus,
        outage: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._before, self._to_send = before, to_send
        self._pacer_status, self._outage, self._clock = pacer_status, outage, clock
        self._log = event_logger()
        self._tells_all = self._log.is_enabled_for(logging.DEBUG)
        self._began = clock()
        self.rate_meter = RateMeter()
        self._settled: Counter[Status] = Counter()
        self._reasons: Counter[tuple[Status, str]] = Counter()
        self._sentences: dict[tuple[Status, str], str] = {}
        self._in_doubt: dict[int, str] = {}
        self._message_counters = MessageCounters(owed=to_post)
        self._settings_counters = SettingsCounters()
        self.settings_settled = self._settings_counters.settled
        self._history_counters = MessageCounters(owed=0, of="message of a history")
        self.in_flight = self.most_in_flight = 0
        self.listeners: list[Callable[[Step, Row, AttemptResult], None]] = []
        """Functions that are called with every answer; they must return at once and must not raise."""
        self.is_looking = False
        self.resolved_to: Counter[Status] = Counter()
        """Number of unknown rows that were looked up, by new status; ``PENDING``: no conversation exists."""
        self._from_before: Counter[Status] = Counter()
        self.throttled = 0
        self.orphans = 0
        self.ignores_identity = False
        self.doubts = 0
        """Number of times that a row or a message became unknown, or stayed so after a look-up."""
        self.open_limit: OpenLimitStatus | None = None
        """What ``--max-open`` does at the moment; None without that limit."""
        self._drains_until: float | None = None

    def request_started(self, step: Step) -> None:
        """Count a request that is about to be sent; only those of ``Step.CREATE`` count for the rate."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if step is Step.CREATE:
            self.rate_meter.count(self._clock())

    def request_finished(self) -> None:
        """Count a request that is not in flight any more."""
        self.in_flight -= 1

    def answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Count the result of the ``attempt``-th attempt to create ``row``; log it at debug level."""
        self.throttled += result.is_throttled
        self.orphans += result.may_leave_orphan
        self._tell(Step.CREATE, row, result)
        if self._tells_all:
            log_answer(self._log, "attempt.answered", row, result, attempt)

    def message_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Count the result of the ``attempt``-th attempt to post the message of ``row``; log it at debug level."""
        self.throttled += result.is_throttled
        self._tell(Step.MESSAGE, row, result)
        if self._tells_all:
            log_answer(self._log, "message.answered", row, result, attempt)

    def history_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Count the result of the ``attempt``-th attempt to post a message of the history of ``row``."""
        self.throttled += result.is_throttled
        if self._tells_all:
            log_answer(self._log, "history.answered", row, result, attempt)

    def _tell(self, step: Step, row: Row, result: AttemptResult) -> None:
        for listen in self.listeners:
            listen(step, row, result)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Count the outcome of ``row``; log a warning if the row was not created."""
        self._settled[status] += 1
        if status is Status.CREATED:
            if self._tells_all:
                self._log.debug("row.created", row=row.row, key=row.key, conversation_sid=result.conversation_sid)
            self._message_counters.owed += bool(row.request.first_message)
            self._compare_identities(row, result)
            return
        if status is Status.UNKNOWN:
            self._in_doubt[row.id] = result.error_code
            self.doubts += 1
        self._give_reason(status, result)
        self._log.warning(
            f"row.{status.value}",
            row=row.row,
            key=row.key,
            http_status=result.http_status,
            error_code=result.error_code,
            error=result.error,
            twilio_request_id=result.twilio_request_id,
        )

    def resolved(self, row: UnknownRow, status: Status, evidence: AttemptResult) -> None:
        """Count the new status of an unknown row after a look-up; ``PENDING``: no conversation exists.

        The row may have become unknown in this run or in an earlier one.
        """
        self._settled[Status.UNKNOWN] -= 1
        if status is not Status.PENDING:
            self._settled[status] += 1
        if row.id in self._in_doubt:
            self._reasons[Status.UNKNOWN, self._in_doubt.pop(row.id)] -= 1
        else:
            self._from_before[status] += 1
        if evidence.error_code and status is not Status.PENDING:
            self._give_reason(status, evidence)
        self.resolved_to[status] += 1
        self._log.info(
            "row.reconciled",
            row=row.row,
            key=row.key,
            status=status.value,
            conversation_sid=evidence.conversation_sid,
            error_code=evidence.error_code,
            error=evidence.error,
        )

    def resendable_rows(self, owed: int) -> int:
        """Return how many rows that were unknown since an earlier run can now be sent or need their message.

        ``owed`` is the number of messages of created rows that are still to be posted.
        """
        absent, created = self._from_before[Status.PENDING], self._from_before[Status.CREATED]
        return absent + min(created, owed) + self._message_counters.revived

    def _give_reason(self, status: Status, result: AttemptResult) -> None:
        self._reasons[status, result.error_code] += 1
        self._sentences.setdefault((status, result.error_code), result.error)

    def _compare_identities(self, row: Row, result: AttemptResult) -> None:
        asked = row.request.identity
        if asked and result.identity != asked and not self.ignores_identity:
            self.ignores_identity = True
            self._log.warning("identity.ignored", row=row.row, key=row.key)

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Count and log the new status of the message of input row ``row``, after an attempt or a look-up.

        ``PENDING`` means that a look-up has shown that the message does not exist.
        """
        self._message_counters.count(row, status, result)
        self.doubts += status is MessageStatus.UNKNOWN
        log_message(self._log, "message", (row, key), status, result)

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Count and log the new status of a message of the history of input row number ``row``; as above."""
        self._history_counters.count(row, status, result)
        self.doubts += status is MessageStatus.UNKNOWN
        log_message(self._log, "history", (row, key), status, result)

    def settings_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Log the result of the ``attempt``-th attempt to set the settings of ``row``, at debug level."""
        if self._tells_all:
            log_answer(self._log, "settings.answered", row, result, attempt)

    def request_throttled(self, pause_s: float, step: Step) -> None:
        """Log that a 429 paused all requests of ``step`` for ``pause_s`` seconds."""
        rate = round(self._pacer_status.rate, 3) if step is Step.CREATE else None
        self._log.warning("pace.cut", step=step.value, pause_s=round(pause_s, 1), rate=rate)

    def drain(self, limit_s: float = math.inf) -> None:
        """Show from now on that no new request is started, and for how many seconds at most others finish."""
        self._drains_until = min(self._drains_until or math.inf, self._clock() + limit_s)

    @property
    def history_posted(self) -> int:
        """Number of messages of histories that were posted in this run, or found by a look-up."""
        return self._history_counters.posted

    @property
    def done(self) -> int:
        """Number of rows that got an outcome in this run."""
        return self._settled.total()

    @property
    def reasons(self) -> list[ErrorReason]:
        """Reasons why rows were not created or messages not posted in this run, the most frequent first."""
        found = self._reasons.most_common()
        of_rows = [
            ErrorReason(status, code, self._sentences[status, code], rows)
            for (status, code), rows in found
            if rows
        ]
        counters = self._settings_counters, self._history_counters, self._message_counters
        return [*of_rows, *(reason for each in counters for reason in each.reasons)]

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    @property
    def rate_achieved(self) -> float | None:
        """Mean rate of starts per second over the run; None for fewer than two."""
        return self.rate_meter.mean()

    def figures(self) -> RunFigures:
        """Return the figures of the run so far."""
        return RunFigures(
            done=self.done,
            reasons=self.reasons,
            resolved_to=dict(self.resolved_to),
            throttled=self.throttled,
            orphans=self.orphans,
            ignores_identity=self.ignores_identity,
            most_in_flight=self.most_in_flight,
            rate_achieved=self.rate_achieved,
            held_s=None if self.open_limit is None else self.open_limit.held_s,
            sent=self.rate_meter.total,
            settled=dict(self._settled),
            messages=self._message_counters.posted_of_any,
        )

    def snapshot(self) -> Progress:
        """Return the current progress."""
        before, now = self._before, self._settled
        settled = now.total()
        left_out = max(before.pending + before.unsent - self._to_send, 0)
        return Progress(
            total=before.input - left_out,
            left_out=left_out,
            done=before.input - left_out - self._to_send + settled,
            created=before.created + now[Status.CREATED],
            rejected=before.rejected + now[Status.REJECTED],
            unknown=before.unknown + now[Status.UNKNOWN],
            unsent=now[Status.UNSENT],
            invalid=before.invalid,
            in_flight=self.in_flight,
            throttled=self.throttled,
            messages=self._message_counters.posted_of_any,
            open=self.open_limit.open if self.open_limit else None,
            rate_now=self.rate_meter.speed(self._clock()),
            rate_asked=self._pacer_status.rate,
            elapsed_s=self.elapsed_s,
            eta_s=self._eta_s(self._to_send - settled),
            state=self._state(),
        )

    def _eta_s(self, left: int) -> float | None:
        speed = self.rate_meter.speed(self._clock())
        is_held = self.is_looking or (self.open_limit is not None and self.open_limit.is_holding)
        return left / min(speed, self._pacer_status.rate) if speed and not is_held else None

    def _state(self) -> str:
        if (outage := self._outage()) and self._drains_until is None:
            return outage
        if self.is_looking:
            return LOOKING_UP
        if self._settled.total() >= self._to_send:
            return "posting first messages" if self._message_counters.owed else DONE
        if self._drains_until is not None:
            return draining_state(self._drains_until - self._clock())
        return self._pause() or SENDING

    def _pause(self) -> str:
        """Return why no row is sent at present, empty while rows are sent."""
        if (limit := self.open_limit) is not None and limit.is_holding:
            return f"waiting: {limit.open:,} open, --max-open {limit.most:,}"
        if self._pacer_status.pause_reason:
            return f"paused {self._pacer_status.pause_reason}"
        paused = self._pacer_status.paused_for
        return f"paused {paused:.0f} s (429)" if paused else ""
