"""Timers for the conversations of a load test: its safety net when nobody comes back to close them."""

import asyncio

import structlog

from provisioner.closures import Closure, Parting
from provisioner.models import Row
from provisioner.ports import Pace
from provisioner.retry import backoff_s
from provisioner.twilio.closing import ClosingClient

ATTEMPTS = 5
"""How often one timer is tried; setting it twice does no harm."""


class ClosingTimers:
    """Lets each created conversation close by itself; ``not_set`` counts those that perhaps will not.

    A stop signal does not close its pace: what was just created gets its timer all the same, within ``--drain``.
    """

    def __init__(self, client: ClosingClient, pace: Pace, after_s: float) -> None:
        self._client, self._pace, self._after_s = client, pace, after_s
        self._log = structlog.get_logger().bind()
        self.not_set = 0

    async def set(self, row: Row) -> None:
        """Try until the timer stands or cannot; see ``ports.Timers``."""
        parting: Parting | None = None
        try:
            parting = await self._try(row.conversation_sid)
        finally:
            if parting is None or parting.closure is not Closure.CLOSED:
                self._tell(row, parting)

    async def _try(self, sid: str) -> Parting:
        for number in range(1, ATTEMPTS):
            parting = await self._attempt(sid)
            if parting.is_settled:
                return parting
            if not parting.is_throttled:
                await asyncio.sleep(backoff_s(number))
        return await self._attempt(sid)

    async def _attempt(self, sid: str) -> Parting:
        async with self._pace.turn() as gate:
            parting = await self._client.set_timer(sid, self._after_s, gate)
        if parting.is_throttled:
            self._pace.give_way(parting.retry_after_s)
        elif parting.http_status is not None:
            self._pace.accept()
        return parting

    def _tell(self, row: Row, parting: Parting | None) -> None:
        """Count it and warn; without a last answer, somebody had enough of waiting for it."""
        self.not_set += 1
        self._log.warning(
            "timer.not_set",
            row=row.row,
            key=row.key,
            conversation_sid=row.conversation_sid,
            http_status=parting.http_status if parting else None,
            error_code=parting.error_code if parting else "stopped",
            error=parting.error if parting else "the run was stopped before it was known to be set",
            twilio_request_id=parting.twilio_request_id if parting else "",
        )
