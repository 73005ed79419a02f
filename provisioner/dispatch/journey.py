"""One row on its way: its creation, then its first message, each tried as often as is safe.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, what was
in flight is *unknown*, and nothing else is.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from msgspec import structs

from provisioner.models import Answer, Row, Status, Step
from provisioner.ports import Creator, Gate, GateClosed, Ledger, Messenger, Observer, Pace, Timers
from provisioner.retry import Again, Settle, decide

from .legs import Creation, Leg, Posting


class End(NamedTuple):
    """How a journey ended: with which step, and what that came to."""

    step: Step
    status: Status
    answer: Answer


@dataclass(slots=True)
class _Departure:
    """The gate of one attempt: passes the pace on, and knows whether the request has left."""

    gate: Gate
    observer: Observer
    step: Step
    has_left: bool = field(default=False, init=False)

    async def wait(self) -> float:
        due = await self.gate.wait()
        self.has_left = True
        self.observer.departed(self.step)
        return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What rows need on their way. ``stopping`` is set when nothing new may be started; None sets no timers."""

    ledger: Ledger
    creator: Creator
    messenger: Messenger
    pace: Pace
    message_pace: Pace
    observer: Observer
    stopping: asyncio.Event
    max_attempts: int
    resends_unknown: bool = False
    timers: Timers | None = None

    async def deliver(self, row: Row) -> End | None:
        """Bring a row to the end of its journey, or as far as it goes; None when it was stopped at the start.

        A row that is created already only gets its message.
        """
        end: End | None = None
        if not row.conversation_sid:
            end = await self._travel(
                self._creation_of(row), resends_unknown=self.resends_unknown, is_in_doubt=row.is_in_doubt
            )
            if end is None or end.status is not Status.CREATED:
                return end
            created = end.answer
            row = structs.replace(row, conversation_sid=created.conversation_sid, identity=created.identity)
            if self.timers is not None:
                await self.timers.set(row)
        elif not row.request.first_message:
            await self.ledger.messages.drop(row.id)
        if not row.request.first_message:
            return end
        return await self._travel(self._posting_of(row)) or end

    def _creation_of(self, row: Row) -> Creation:
        return Creation(row, ledger=self.ledger, creator=self.creator, pace=self.pace, observer=self.observer)

    def _posting_of(self, row: Row) -> Posting:
        return Posting(
            row, ledger=self.ledger, messenger=self.messenger, pace=self.message_pace, observer=self.observer
        )

    async def _travel(self, leg: Leg, *, resends_unknown: bool = False, is_in_doubt: bool = False) -> End | None:
        """Make attempts until one is the last; None when the run stopped before."""
        attempt = 0
        while not self.stopping.is_set():
            attempt += 1
            answer = await self._attempt(leg, again=attempt > 1)
            if answer is None:
                return None
            leg.answered(answer, attempt)
            self._yield_to_limits(leg, answer)
            decision = decide(
                answer,
                attempt=attempt,
                max_attempts=self.max_attempts,
                resends_unknown=resends_unknown,
                is_in_doubt=is_in_doubt,
            )
            match decision:
                case Settle(status):
                    await leg.record(status, answer)
                    leg.settled(status, answer)
                    return End(leg.step, status, answer)
                case Again(delay_s, is_in_doubt):
                    await leg.record(Status.UNKNOWN if is_in_doubt else Status.PENDING, answer)
                    if delay_s:
                        await self._pause(delay_s)
                case _:
                    assert_never(decision)
        return None

    async def _attempt(self, leg: Leg, *, again: bool) -> Answer | None:
        """Make one attempt; None when the run stopped before the request left.

        A cancelled attempt whose request has left stays *in flight* in the ledger, like after a crash.
        """
        departure: _Departure | None = None
        try:
            async with leg.pace.turn(again=again) as gate:
                await leg.begin()
                departure = _Departure(gate, self.observer, leg.step)
                return await leg.send(departure)
        except GateClosed:
            await leg.release()
            return None
        except asyncio.CancelledError:
            if departure is None or not departure.has_left:
                await leg.release()
            raise
        finally:
            if departure is not None and departure.has_left:
                self.observer.landed()

    def _yield_to_limits(self, leg: Leg, answer: Answer) -> None:
        if answer.is_throttled:
            self.observer.gave_way(leg.pace.give_way(answer.retry_after_s), leg.step)
        elif answer.http_status is not None:
            leg.pace.accept()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self.stopping.wait()
