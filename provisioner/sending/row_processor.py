"""One row on its way: its creation, then its first message, each tried as often as is safe.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, what was
in flight is *unknown*, and nothing else is. A row's last word need not be on disk before the next row is begun:
the ledger keeps the order.
"""

import asyncio
from contextlib import suppress
from typing import NamedTuple, assert_never

from msgspec import structs

from provisioner.ledger import RowStore
from provisioner.models import AttemptResult, Row, Status, Step
from provisioner.ports.sending import CloseTimers, Gate, GateClosed, Observer
from provisioner.sending.retry import Finish, Retry, decide_retry

from .pending_writes import PendingWrites
from .steps import CreateStep, MessageStep, SendStep


class RowOutcome(NamedTuple):
    """How processing a row ended: the last step, the status, and the result of the last attempt."""

    step: Step
    status: Status
    result: AttemptResult


class _TrackedGate:
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


class RowProcessor:
    """What rows need on their way. ``stopping`` is set when nothing new may be started; None sets no timers."""

    def __init__(
        self,
        create_step: CreateStep,
        message_step: MessageStep,
        *,
        ledger: RowStore,
        observer: Observer,
        pending_writes: PendingWrites,
        stopping: asyncio.Event,
        max_attempts: int,
        resends_unknown: bool = False,
        timers: CloseTimers | None = None,
    ) -> None:
        self._create_step, self._message_step = create_step, message_step
        self._ledger, self._observer, self._pending_writes = ledger, observer, pending_writes
        self._stopping, self._max_attempts = stopping, max_attempts
        self._resends_unknown, self._timers = resends_unknown, timers

    async def process(self, row: Row) -> RowOutcome | None:
        """Process one row to its end, or as far as it goes; None when it was stopped at the start.

        A row that is created already only gets its message.
        """
        outcome: RowOutcome | None = None
        has_message = bool(row.request.first_message)
        if not row.conversation_sid:
            outcome = await self._attempt_until_final(
                self._create_step, row, resends_unknown=self._resends_unknown
            )
            if outcome is None or outcome.status is not Status.CREATED or not (has_message or self._timers):
                return outcome
            created = outcome.result
            row = structs.replace(row, conversation_sid=created.conversation_sid, identity=created.identity)
            if self._timers is not None and await self._pending_writes.all_recorded():
                await self._timers.set(row)
        elif not has_message:
            await self._ledger.messages.drop(row.id)
        if not has_message:
            return outcome
        if not row.identity:
            # The message step sends no request then and never waits at the gate: wait until the create is durable.
            await self._pending_writes.all_recorded()
        return await self._attempt_until_final(self._message_step, row) or outcome

    async def _attempt_until_final(
        self, step: SendStep, row: Row, *, resends_unknown: bool = False
    ) -> RowOutcome | None:
        """Make attempts until one is the last; None when the run stopped before."""
        attempt = 0
        is_in_doubt = row.is_in_doubt and step is self._create_step
        while not self._stopping.is_set():
            attempt += 1
            result = await self._attempt(step, row, again=attempt > 1)
            if result is None:
                return None
            step.answered(row, result, attempt)
            self._yield_to_limits(step, result)
            decision = decide_retry(
                result,
                attempt=attempt,
                max_attempts=self._max_attempts,
                resends_unknown=resends_unknown,
                is_in_doubt=is_in_doubt,
            )
            match decision:
                case Finish(status):
                    self._pending_writes.follow(step.record(row, status, result), step, (row, status, result))
                    return RowOutcome(step.step, status, result)
                case Retry(delay_s, is_in_doubt):
                    await step.record(row, Status.UNKNOWN if is_in_doubt else Status.PENDING, result)
                    if delay_s:
                        await self._pause(delay_s)
                case _:
                    assert_never(decision)
        return None

    async def _attempt(self, step: SendStep, row: Row, *, again: bool) -> AttemptResult | None:
        """Make one attempt; None when the run stopped before the request left.

        A cancelled attempt whose request has left stays *in flight* in the ledger, like after a crash.
        """
        tracked_gate: _TrackedGate | None = None
        try:
            async with step.pace.reserve(again=again) as gate:
                await step.begin(row)
                tracked_gate = _TrackedGate(gate, self._observer, step.step)
                return await step.send(row, tracked_gate)
        except GateClosed:
            await step.release(row)
            return None
        except asyncio.CancelledError:
            if tracked_gate is None or not tracked_gate.has_left:
                await step.release(row)
            raise
        finally:
            if tracked_gate is not None and tracked_gate.has_left:
                self._observer.request_finished()

    def _yield_to_limits(self, step: SendStep, result: AttemptResult) -> None:
        if result.is_throttled:
            self._observer.request_throttled(step.pace.on_throttled(result.retry_after_s), step.step)
        elif result.http_status is not None:
            step.pace.on_success()

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._stopping.wait()
