"""How far closing is: counts what happens and knows the speed. Decides nothing."""

import time
from collections import Counter
from collections.abc import Callable

from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from provisioner.models.progress import Progress
from provisioner.monitor import PacerStatus, RateMeter
from provisioner.system.event_log import event_logger


class CloseMonitor:
    """Observer and progress of one ``close``; ``snapshot`` is what the display shows."""

    def __init__(
        self, to_close: int, *, speed_limit: PacerStatus, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._to_close, self._pacer_status, self._clock = to_close, speed_limit, clock
        self._log = event_logger()
        self._began = clock()
        self._rate_meter = RateMeter()
        self._in_flight = 0
        self._is_draining = False
        self.ends: Counter[CloseStatus] = Counter()
        """How many conversations came to what in this run."""
        self.reasons: Counter[tuple[str, str]] = Counter()
        """Why conversations are not closed: code and sentence."""
        self.throttled = 0

    def request_started(self) -> None:
        """Count a request that leaves."""
        self._in_flight += 1
        self._rate_meter.count(self._clock())

    def request_finished(self) -> None:
        """Count a request that is under way no more."""
        self._in_flight -= 1

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Count an attempt, and where it was the last one, what became of the conversation."""
        self.throttled += result.is_throttled
        if not is_last:
            return
        self.ends[result.status] += 1
        if not result.error_code:
            return
        self.reasons[result.error_code, result.error] += 1
        self._log.warning(
            "conversation.not_closed",
            conversation_sid=conversation.sid,
            closure=result.status.value,
            http_status=result.http_status,
            error_code=result.error_code,
            error=result.error,
            twilio_request_id=result.twilio_request_id,
        )

    def request_throttled(self, pause_s: float) -> None:
        """Tell that everybody waits."""
        self._log.warning("pace.cut", pause_s=round(pause_s, 1), rate=round(self._pacer_status.rate, 3))

    def drain(self) -> None:
        """Show from now on that nothing new is started."""
        self._is_draining = True

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began

    @property
    def rate_achieved(self) -> float | None:
        """Requests per second over the whole of it; None when there were fewer than two."""
        return self._rate_meter.mean()

    def snapshot(self) -> Progress:
        """Return how far it has come."""
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
            noun="conversations",
            outcomes={WORDS[status]: self.ends[status] for status in WORDS},
        )

    def _state(self, done: int) -> str:
        if done >= self._to_close:
            return "done"
        if self._is_draining:
            return "draining"
        paused = self._pacer_status.paused_for
        return f"paused {paused:.0f} s (429)" if paused else "closing"


WORDS = {
    CloseStatus.CLOSED: "closed",
    CloseStatus.DELETED: "deleted",
    CloseStatus.GONE: "gone",
    CloseStatus.REFUSED: "refused",
    CloseStatus.MAYBE: "in doubt",
    CloseStatus.NOT_PROCESSED: "not sent",
}
"""What became of conversations, as it is told and in this order."""
