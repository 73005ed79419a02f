"""Follow-up of a row that posts the messages of its old chat, one after the other, before its first message."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from msgspec import structs

from provisioner.ledger import HistoryStore
from provisioner.models import AttemptResult, HistoryMessage, Row, Status, Step
from provisioner.ports.sending import Gate, HistoryLoader, HistoryMessenger, Observer
from provisioner.rows import history_digests

from .step_runner import RowOutcome, StepRunner
from .steps import MESSAGE_STATUSES, ObservedStep, SendStep, TwilioCalls, checked_by_service


class HistoryStep(ObservedStep):
    """Step that posts one message of the history of a row, the one after its ``history_posted`` first messages.

    An instance serves one row, whose ``messages`` it has. The status of a posted message is *created* here.
    """

    step: ClassVar[Step] = Step.HISTORY

    def __init__(
        self,
        messenger: HistoryMessenger,
        calls: TwilioCalls,
        messages: Sequence[HistoryMessage],
        *,
        ledger: HistoryStore,
        observer: Observer,
    ) -> None:
        super().__init__(calls.message_pace, observer)
        self._ledger, self._messenger, self._observer = ledger, messenger, observer
        self._service_check = calls.service_check
        self._messages, self._digests = messages, list(history_digests(messages))
        self.answered = observer.history_answered

    def begin(self, row: Row) -> Awaitable[None]:
        """Record the intent to post the message."""
        return self._ledger.begin(row.id, self._digests[row.history_posted])

    async def send(self, row: Row, gate: Gate) -> AttemptResult:
        """Make one attempt to post the message, under the name of its author."""
        message = self._messages[row.history_posted]
        result = await self._messenger.post_history(row.conversation_sid, message, gate)
        return await checked_by_service(result, self._service_check)

    def record(self, row: Row, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record what became of the message."""
        return self._ledger.settle(row.id, MESSAGE_STATUSES[status], result)

    def release(self, row: Row) -> Awaitable[None]:
        """Cancel the intent; the history is pending again."""
        return self._ledger.release(row.id)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Notify the observer of the message's outcome."""
        self._observer.history_settled(row.row, row.key, MESSAGE_STATUSES[status], result)


class HistoryFollowUp:
    """Follow-up that posts the history of a row, message after message.

    At most ``at_once`` rows that were just created are in it at a time: those that find no place are left pending,
    for the next round of the run, so that long histories do not hold up the creation of rows. Rows that came for
    their history wait for nothing.
    """

    step: Step = Step.HISTORY
    fields: Sequence[str] = ()

    def __init__(
        self,
        loader: HistoryLoader,
        new_step: Callable[[Sequence[HistoryMessage]], HistoryStep],
        run_step: Callable[[SendStep], StepRunner],
        *,
        at_once: int,
    ) -> None:
        self._loader, self._new_step, self._run_step = loader, new_step, run_step
        self._places = at_once

    def is_asked(self, row: Row) -> bool:
        """Return whether messages of the row's history are not posted yet."""
        return row.history_posted < row.history_total

    async def drop(self, _row: Row) -> None:
        """Do nothing: a run plans the histories anew."""

    async def process(self, row: Row) -> RowOutcome | None:
        """Post the messages that are not posted yet, until one is not; return the last outcome.

        Return None when the run stopped before that, or when there is no place.
        """
        if row.owed:
            return await self._post(row)
        if not self._places:
            return None
        self._places -= 1
        try:
            return await self._post(row)
        finally:
            self._places += 1

    async def _post(self, row: Row) -> RowOutcome | None:
        outcome: RowOutcome | None = None
        messages = await self._loader.messages(row.key)
        run = self._run_step(self._new_step(messages)).run
        for place in range(row.history_posted, row.history_total):
            outcome = await run(structs.replace(row, history_posted=place))
            if outcome is None or outcome.status is not Status.CREATED:
                break
        return outcome
