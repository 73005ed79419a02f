"""Processing of one row: its creation, then its first message, each attempted as often as is safe.

The order inside one attempt is fixed: intent (durable), pace, send, settle (durable). So after a crash, exactly
the rows in flight are *unknown*. The next row may start before the outcome of this row is on disk, because the
ledger writes in order.
"""

import asyncio
from functools import partial
from typing import NamedTuple, assert_never

from msgspec import structs

from provisioner.ledger import MessageStore
from provisioner.models import AttemptResult, Row, SharedConversation, Status, Step
from provisioner.pacing.attempts import AttemptRunner, NextAttempt
from provisioner.ports.sending import CloseTimers

from .limits import DispatchLimits
from .pending_writes import PendingWrites
from .retry import Finish, Retry, decide_retry
from .steps import CreateStep, MessageStep, Recorded, SendStep


class RowOutcome(NamedTuple):
    """Outcome of a row: the last step, its status, and the result of the last attempt.

    ``recorded`` completes when it is on disk.
    """

    step: Step
    status: Status
    result: AttemptResult
    recorded: Recorded | None = None

    async def leaves_open(self) -> bool:
        """Return whether the row has an open conversation that an agent may have to answer.

        It has none while its first message was certainly not posted, since only that starts a flow. Wait until the
        outcome is on disk.
        """
        if self.step is Step.MESSAGE:
            return self.status in {Status.CREATED, Status.UNKNOWN}
        return self.status is Status.CREATED and await _has_conversation(self.recorded)


class RowProcessor:
    """Processor of rows, shared by all workers. ``timers`` set close timers for created rows; None sets none."""

    def __init__(
        self,
        create_step: CreateStep,
        message_step: MessageStep,
        *,
        runner: AttemptRunner,
        messages: MessageStore,
        pending_writes: PendingWrites,
        limits: DispatchLimits,
        timers: CloseTimers | None = None,
    ) -> None:
        self._create_step, self._message_step, self._runner = create_step, message_step, runner
        self._messages, self._pending_writes = messages, pending_writes
        self._limits, self._timers = limits, timers
        self._conclude_create = partial(self._conclude, create_step)
        self._conclude_message = partial(self._conclude, message_step)

    async def process(self, row: Row) -> RowOutcome | None:
        """Create the row's conversation and post its first message; return the outcome.

        For a row that is already created, only the message is posted. Return None when the run stopped before an
        attempt was made, or when there was nothing to do.
        """
        outcome: RowOutcome | None = None
        has_message = bool(row.request.first_message)
        if not row.conversation_sid:
            outcome = await self._runner.run(self._create_step, row, self._conclude_create)
            if outcome is None or outcome.status is not Status.CREATED or not (has_message or self._timers):
                return outcome
            if not await _has_conversation(outcome.recorded):
                return outcome
            created = outcome.result
            row = structs.replace(row, conversation_sid=created.conversation_sid, identity=created.identity)
            if refusal := await self._set_timer(row):
                return outcome._replace(result=structs.replace(created, stops_run=True, error=refusal))
        elif not has_message:
            await self._messages.drop(row.id)
        if not has_message:
            return outcome
        if not row.identity:
            # Without an identity the message step sends no request and never waits at the gate, so wait here until
            # the create is durable.
            await self._pending_writes.all_recorded()
        return await self._runner.run(self._message_step, row, self._conclude_message) or outcome

    async def _set_timer(self, row: Row) -> str:
        """Set the close timer of a created row, if timers are set; return why the run has to stop, or empty."""
        if self._timers is None or not await self._pending_writes.all_recorded():
            return ""
        return await self._timers.set(row)

    async def _conclude(
        self, step: SendStep, row: Row, result: AttemptResult, attempt: int
    ) -> NextAttempt[Row] | RowOutcome:
        """Record the result of an attempt, and decide whether it was the row's last one of this step."""
        is_create = step is self._create_step
        decision = decide_retry(
            result,
            attempt=attempt,
            max_attempts=self._limits.max_attempts,
            resends_unknown=is_create and self._limits.resends_unknown,
            is_in_doubt=is_create and row.is_in_doubt,
        )
        match decision:
            case Finish(status):
                recorded = step.record(row, status, result)
                self._pending_writes.follow(recorded, step, (row, status, result))
                return RowOutcome(step.step, status, result, recorded)
            case Retry(delay_s, is_in_doubt):
                await step.record(row, Status.UNKNOWN if is_in_doubt else Status.PENDING, result)
                return NextAttempt(structs.replace(row, is_in_doubt=is_in_doubt) if is_create else row, delay_s)
            case _:
                assert_never(decision)


async def _has_conversation(recorded: Recorded | None) -> bool:
    """Return whether a created row has its conversation, as it was recorded; wait until it is on disk.

    It has none when the write failed, or when the conversation belongs to another row.
    """
    if recorded is None:
        return True
    await asyncio.wait([recorded])
    if recorded.exception() is not None:
        return False
    shared: SharedConversation | None = recorded.result()
    return shared is None or shared.status is Status.CREATED
