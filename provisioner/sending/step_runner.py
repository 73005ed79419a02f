"""Attempts at one step of a row, each recorded in the ledger, until the step has an outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_never

import msgspec
from msgspec import structs

from provisioner.models import AttemptResult, Row, SharedConversation, Status, Step, Verdict
from provisioner.pacing.attempts import AttemptRunner, NextAttempt

from .pending_writes import PendingWrites
from .retry import Finish, Retry, decide_retry
from .steps import Recorded, SendStep


class RowOutcome(msgspec.Struct, frozen=True):
    """Outcome of a step of a row: its status, and the result of the last attempt.

    ``recorded`` completes when it is on disk.
    """

    step: Step
    status: Status
    result: AttemptResult
    recorded: Recorded | None = None

    async def has_conversation(self) -> bool:
        """Return whether a created row has its conversation, as it was recorded; wait until it is on disk.

        It has none when the write failed, or when the conversation belongs to another row.
        """
        if self.recorded is None:
            return True
        await asyncio.wait([self.recorded])
        if self.recorded.exception() is not None:
            return False
        shared: SharedConversation | None = self.recorded.result()
        return shared is None or shared.status is Status.CREATED

    async def leaves_open(self) -> bool:
        """Return whether the row has an open conversation that an agent may have to answer.

        It has none while its first message was certainly not posted, since only that starts a flow. Wait until the
        outcome is on disk.
        """
        if self.step is Step.MESSAGE:
            return self.status in {Status.CREATED, Status.UNKNOWN}
        return self.status is Status.CREATED and await self.has_conversation()


class StepRunner:
    """Runner of one step, shared by all rows. ``max_attempts`` is the most attempts of a row in one run.

    With ``resends_unknown``, an attempt in doubt is repeated.
    """

    def __init__(
        self,
        step: SendStep,
        *,
        runner: AttemptRunner,
        pending_writes: PendingWrites,
        max_attempts: int,
        resends_unknown: bool = False,
    ) -> None:
        self._step, self._pending_writes = step, pending_writes
        self._max_attempts, self._resends_unknown = max_attempts, resends_unknown
        self._is_create = step.step is Step.CREATE
        self.run: Callable[[Row], Awaitable[RowOutcome | None]] = partial(
            runner.run, step, conclude=self._conclude
        )
        """Make attempts until the step has an outcome; return None when the run stopped before that."""

    async def _conclude(self, row: Row, result: AttemptResult, attempt: int) -> NextAttempt[Row] | RowOutcome:
        """Record the result of an attempt, and decide whether it was the row's last one of this step."""
        if result.verdict is Verdict.CREATED:  # the most frequent case
            return self._finish(row, Status.CREATED, result)
        decision = decide_retry(
            result,
            attempt=attempt,
            max_attempts=self._max_attempts,
            resends_unknown=self._resends_unknown,
            is_in_doubt=self._is_create and row.is_in_doubt,
        )
        match decision:
            case Finish(status):
                return self._finish(row, status, result)
            case Retry(delay_s, is_in_doubt):
                await self._step.record(row, Status.UNKNOWN if is_in_doubt else Status.PENDING, result)
                again = structs.replace(row, is_in_doubt=is_in_doubt) if self._is_create else row
                return NextAttempt(again, delay_s)
            case _:
                assert_never(decision)

    def _finish(self, row: Row, status: Status, result: AttemptResult) -> RowOutcome:
        """Record the outcome of the step; the row does not wait until it is on disk."""
        step = self._step
        recorded = step.record(row, status, result)
        self._pending_writes.follow(recorded, step, row, status, result)
        return RowOutcome(step.step, status, result, recorded)
