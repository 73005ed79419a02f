"""One row on its way: its creation, then its first message, each tried as often as is safe.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, what was
in flight is *unknown*, and nothing else is. A row's last word need not be on disk before the next row is begun:
the ledger keeps the order.
"""

import asyncio
from contextlib import suppress
from typing import NamedTuple, assert_never

from msgspec import structs

from provisioner.models import AttemptResult, Row, Status, Step
from provisioner.ports import CloseTimers, Gate, GateClosed, Ledger, Observer
from provisioner.retry import Finish, Retry, decide_retry

from .legs import Creation, Leg, Posting
from .settlements import Settlements


class End(NamedTuple):
    """How a journey ended: with which step, and what that came to."""

    step: Step
    status: Status
    result: AttemptResult


class _Departure:
    """The gate of one attempt: passes the pace on, and knows whether the request has left."""

    __slots__ = ("_gate", "_observer", "_step", "has_left")

    def __init__(self, gate: Gate, observer: Observer, step: Step) -> None:
        self._gate, self._observer, self._step = gate, observer, step
        self.has_left = False

    async def wait(self) -> float:
        due = await self._gate.wait()
        self.has_left = True
        self._observer.request_started(self._step)
        return due


class Journey:
    """What rows need on their way. ``stopping`` is set when nothing new may be started; None sets no timers."""

    def __init__(
        self,
        creation: Creation,
        posting: Posting,
        *,
        ledger: Ledger,
        observer: Observer,
        settlements: Settlements,
        stopping: asyncio.Event,
        max_attempts: int,
        resends_unknown: bool = False,
        timers: CloseTimers | None = None,
    ) -> None:
        self._creation, self._posting = creation, posting
        self._ledger, self._observer, self._settlements = ledger, observer, settlements
        self._stopping, self._max_attempts = stopping, max_attempts
        self._resends_unknown, self._timers = resends_unknown, timers

    async def deliver(self, row: Row) -> End | None:
        """Bring a row to the end of its journey, or as far as it goes; None when it was stopped at the start.

        A row that is created already only gets its message.
        """
        end: End | None = None
        has_message = bool(row.request.first_message)
        if not row.conversation_sid:
            end = await self._travel(self._creation, row, resends_unknown=self._resends_unknown)
            if end is None or end.status is not Status.CREATED or not (has_message or self._timers):
                return end
            created = end.result
            row = structs.replace(row, conversation_sid=created.conversation_sid, identity=created.identity)
            if self._timers is not None and await self._settlements.all_recorded():
                await self._timers.set(row)
        elif not has_message:
            await self._ledger.messages.drop(row.id)
        if not has_message:
            return end
        if not row.identity:  # what follows is decided here and not at Twilio, so the gate does not hold it up
            await self._settlements.all_recorded()
        return await self._travel(self._posting, row) or end

    async def _travel(self, leg: Leg, row: Row, *, resends_unknown: bool = False) -> End | None:
        """Make attempts until one is the last; None when the run stopped before."""
        attempt = 0
        is_in_doubt = row.is_in_doubt and leg is self._creation
        while not self._stopping.is_set():
            attempt += 1
            result = await self._attempt(leg, row, again=attempt > 1)
            if result is None:
                return None
            leg.answered(row, result, attempt)
            self._yield_to_limits(leg, result)
            decision = decide_retry(
                result,
                attempt=attempt,
                max_attempts=self._max_attempts,
                resends_unknown=resends_unknown,
                is_in_doubt=is_in_doubt,
            )
            match decision:
                case Finish(status):
                    self._settlements.follow(leg.record(row, status, result), leg, (row, status, result))
                    return End(leg.step, status, result)
                case Retry(delay_s, is_in_doubt):
                    await leg.record(row, Status.UNKNOWN if is_in_doubt else Status.PENDING, result)
                    if delay_s:
                        await self._pause(delay_s)
                case _:
                    assert_never(decision)
        return None

    async def _attempt(self, leg: Leg, row: Row, *, again: bool) -> AttemptResult | None:
        """Make one attempt; None when the run stopped before the request left.

        A cancelled attempt whose request has left stays *in flight* in the ledger, like after a crash.
        """
        departure: _Departure | None = None
        try:
            async with leg.pace.reserve(again=again) as gate:
                await leg.begin(row)
                departure = _Departure(gate, self._observer, leg.step)
                return await leg.send(row, departure)
        except GateClosed:
            await leg.release(row)
            return None
        except asyncio.CancelledError:
            if departure is None or not departure.has_left:
                await leg.release(row)
            raise
        finally:
            if departure is not None and departure.has_left:
                self._observer.request_finished()

    def _yield_to_limits(self, leg: Leg, result: AttemptResult) -> None:
        if result.is_throttled:
            self._observer.request_throttled(leg.pace.on_throttled(result.retry_after_s), leg.step)
        elif result.http_status is not None:
            leg.pace.on_success()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
