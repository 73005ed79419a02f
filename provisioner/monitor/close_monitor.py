"""Monitoring of ``close``: counts events and measures the rate. It makes no decisions."""

import math
import time
from collections import Counter
from collections.abc import Callable

from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from provisioner.models.progress import DONE, Progress, draining_state
from provisioner.monitor import PacerStatus, RateMeter
from provisioner.system.event_log import event_logger


class CloseMonitor:
    """Counts the events of one ``close`` and returns its progress.

    ``to_close`` is the number of conversations; ``speed_limit`` reports the pacer's rate and pauses; ``outage``
    returns the state to show while Twilio cannot be reached, else an empty text; ``clock`` returns monotonic
    seconds. ``noun`` is the plural of what is counted: ``conversations`` or ``guests``.
    """

    def __init__(
        self,
        to_close: int,
        *,
        speed_limit: PacerStatus,
        outage: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
        noun: str = "conversations",
    ) -> None:
        self._to_close, self._pacer_status, self._outage, self._clock = to_close, speed_limit, outage, clock
        self._noun, self.words = noun, WORDS if noun == "conversations" else GUEST_WORDS
        self._log = event_logger()
        self._began = clock()
        self._rate_meter = RateMeter()
        self._in_flight = 0
        self._drains_until: float | None = None
        self.ends: Counter[CloseStatus] = Counter()
        """Number of conversations by the status of their last attempt in this run."""
        self.reasons: Counter[tuple[str, str]] = Counter()
        """Number of those that were not closed or deleted, by error code and error text."""
        self.throttled = 0
        """Number of 429 answers."""

    def request_started(self) -> None:
        """Count a request that is about to be sent."""
        self._in_flight += 1
        self._rate_meter.count(self._clock())

    def request_finished(self) -> None:
        """Count a request that is not in flight any more."""
        self._in_flight -= 1

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Count an attempt; if it was the last one for ``conversation``, count and log the result."""
        self.throttled += result.is_throttled
        if not is_last:
            return
        self.ends[result.status] += 1
        if not result.error_code:
            return
        self.reasons[result.error_code, result.error] += 1
        details = {
            "conversation_sid": conversation.sid,
            "closure": result.status.value,
            "http_status": result.http_status,
            "error_code": result.error_code,
            "error": result.error,
            "twilio_request_id": result.twilio_request_id,
        }
        if self._noun == "guests":
            self._log.warning("guest.not_deleted", **details)
        else:
            self._log.warning("conversation.not_closed", **details)

    def request_throttled(self, pause_s: float) -> None:
        """Log that a 429 paused all requests for ``pause_s`` seconds."""
        self._log.warning("pace.cut", pause_s=round(pause_s, 1), rate=round(self._pacer_status.rate, 3))

    def drain(self, limit_s: float = math.inf) -> None:
        """Show from now on that no new request is started, and for how many seconds at most others finish."""
        self._drains_until = min(self._drains_until or math.inf, self._clock() + limit_s)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the monitor was created."""
        return self._clock() - self._began

    @property
    def rate_achieved(self) -> float | None:
        """Mean rate of started requests per second; None for fewer than two requests."""
        return self._rate_meter.mean()

    def snapshot(self) -> Progress:
        """Return the current progress."""
        done, speed = self.ends.total(), self._rate_meter.speed(self._clock())
        return Progress(
            total=self._to_close,
            done=done,
            in_flight=self._in_flight,
            throttled=self.throttled,
            rate_now=speed,
            rate_asked=self._pacer_status.rate,
            elapsed_s=self.elapsed_s,
            eta_s=(self._to_close - done) / min(speed, self._pacer_status.rate) if speed else None,
            state=self._state(done),
            noun=self._noun,
            outcomes={word: self.ends[status] for status, word in self.words.items()},
        )

    def _state(self, done: int) -> str:
        if done >= self._to_close:
            return DONE
        if self._drains_until is not None:
            return draining_state(self._drains_until - self._clock())
        if outage := self._outage():
            return outage
        paused = self._pacer_status.paused_for
        if paused:
            return f"paused {paused:.0f} s (429)"
        return "deleting guests" if self._noun == "guests" else "closing"


class AccountMonitor:
    """Counts the events of one account, and passes them on to the ``monitor`` of all accounts."""

    def __init__(self, monitor: CloseMonitor) -> None:
        self._monitor = monitor
        self.ends: Counter[CloseStatus] = Counter()
        """Number of the account's conversations or guests by the status of their last attempt in this run."""
        self.request_started, self.request_finished = monitor.request_started, monitor.request_finished
        self.request_throttled = monitor.request_throttled

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Count an attempt; see ``CloseMonitor``."""
        if is_last:
            self.ends[result.status] += 1
        self._monitor.attempt_finished(conversation, result, is_last=is_last)


WORDS = {
    CloseStatus.CLOSED: "closed",
    CloseStatus.DELETED: "deleted",
    CloseStatus.GONE: "gone",
    CloseStatus.REFUSED: "refused",
    CloseStatus.MAYBE: "in doubt",
    CloseStatus.NOT_PROCESSED: "not sent",
}
"""Word for each status of a conversation, in the order in which they are shown."""
GUEST_WORDS = {
    CloseStatus.DELETED: "deleted",
    CloseStatus.GONE: "gone",
    CloseStatus.KEPT: "kept",
    CloseStatus.REFUSED: "refused",
    CloseStatus.MAYBE: "in doubt",
    CloseStatus.NOT_PROCESSED: "not sent",
}
"""The same for guests."""
