"""Close timers for the conversations of a load test, in case nobody runs ``close`` afterwards."""

from provisioner.models import Row
from provisioner.models.closing import CloseResult, CloseStatus
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest
from provisioner.ports.sending import Gate, RateLimiter, ServiceCheck
from provisioner.system.event_log import event_logger
from provisioner.twilio.closing import ClosingClient

ATTEMPTS = 5
"""Most attempts to set one timer; setting a timer twice does no harm."""


class _SetTimer(IdempotentRequest[str, CloseResult]):
    """Request that sets the close timer of the conversation with a given SID."""

    def __init__(self, client: ClosingClient, pace: RateLimiter, after_s: float) -> None:
        super().__init__(pace, max_attempts=ATTEMPTS)
        self._client, self._after_s = client, after_s

    async def send(self, sid: str, gate: Gate, /) -> CloseResult:
        """Make one attempt to set the timer."""
        return await self._client.set_timer(sid, self._after_s, gate)


class TwilioCloseTimers:
    """``CloseTimers`` at Twilio: conversations close after ``after_s`` seconds without use.

    ``not_set`` is the number of conversations whose timer may not be set. A stop signal does not close ``pace``,
    so that conversations created just before get their timers within the time of ``--drain``. Without
    ``service_check``, every conversation that is answered with 404 is gone.
    """

    def __init__(
        self,
        client: ClosingClient,
        pace: RateLimiter,
        after_s: float,
        service_check: ServiceCheck | None = None,
    ) -> None:
        self._request, self._runner = _SetTimer(client, pace, after_s), AttemptRunner()
        self._service_check = service_check
        self._log = event_logger()
        self.not_set = 0

    async def set(self, row: Row) -> str:
        """Make up to ``ATTEMPTS`` attempts to set the timer; log a warning when it may not be set.

        Return why the run has to stop: a 404 of a service without any conversation of the job. Otherwise return
        an empty text.
        """
        result: CloseResult | None = None
        try:
            result = await self._try(row.conversation_sid)
        finally:
            if result is None or result.status is not CloseStatus.CLOSED:
                self._tell(row, result)
        return await self._checked(result)

    async def _checked(self, result: CloseResult | None) -> str:
        if result is None or self._service_check is None:
            return ""
        if result.status is CloseStatus.CLOSED:
            self._service_check.note_shown()
        return await self._service_check.refusal() if result.status is CloseStatus.GONE else ""

    async def _try(self, sid: str) -> CloseResult | None:
        return await self._runner.run(self._request, sid, self._request.conclude)

    def _tell(self, row: Row, result: CloseResult | None) -> None:
        """Count the conversation and log a warning; ``result`` is None when the attempt was cancelled."""
        self.not_set += 1
        self._log.warning(
            "timer.not_set",
            row=row.row,
            key=row.key,
            conversation_sid=row.conversation_sid,
            http_status=result.http_status if result else None,
            error_code=result.error_code if result else "stopped",
            error=result.error if result else "the run was stopped before it was known to be set",
            twilio_request_id=result.twilio_request_id if result else "",
        )
