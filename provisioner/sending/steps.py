"""Steps of a row, creating and posting the first message: what each step sends and how it is recorded.

``settings_step`` has the step between them.
"""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import ClassVar, Protocol

import msgspec
from msgspec import structs

from provisioner.ledger import RowStore
from provisioner.models import (
    AttemptResult,
    MessageStatus,
    Row,
    SharedConversation,
    Status,
    Step,
    Verdict,
    first_message_of,
)
from provisioner.pacing.attempts import RetryableRequest
from provisioner.ports.sending import (
    Gate,
    HistoryLoader,
    HistoryMessenger,
    Messenger,
    Observer,
    RateLimiter,
    ServiceCheck,
    SettingsUpdater,
    WebChatCreator,
)


class HistoryCalls(msgspec.Struct, frozen=True):
    """What posts the messages of old chats, and what loads them."""

    messenger: HistoryMessenger
    loader: HistoryLoader


class TwilioCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Clients of a run and their rate limiters: ``pace`` for WebChats, ``message_pace`` for messages.

    ``settings`` set what rows ask for on their conversations; None where no row of the run can ask. Without
    ``history``, rows have none. Without ``service_check``, every conversation that is answered with 404 is gone.
    """

    creator: WebChatCreator
    messenger: Messenger
    pace: RateLimiter
    message_pace: RateLimiter
    settings: "SettingsCalls | None" = None
    history: "HistoryCalls | None" = None
    service_check: ServiceCheck | None = None


class SettingsCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Client for settings of conversations, and its rate limiter; ``service_check`` as in ``TwilioCalls``.

    A stop does not close ``pace``, so that conversations that were created just before get their settings.
    """

    updater: SettingsUpdater
    pace: RateLimiter
    service_check: ServiceCheck | None = None


Recorded = asyncio.Future[None] | asyncio.Future[SharedConversation | None]
"""Future of a recorded result: it is None, or says that the row's conversation belongs to another row already."""


class SendStep(RetryableRequest[Row, AttemptResult], Protocol):
    """Step of processing a row. One instance serves all rows."""

    step: ClassVar[Step]

    def record(self, row: Row, status: Status, result: AttemptResult) -> Recorded:
        """Record the result of an attempt; ``PENDING`` means that another one follows.

        Return a future that completes when the result is durable.
        """
        ...

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Notify the observer of the outcome of the step."""
        ...


class FollowUpStep(SendStep, Protocol):
    """Step after the creation of a row, for rows whose request fills one of these ``fields``."""

    fields: ClassVar[Sequence[str]]

    def is_asked(self, row: Row) -> bool:
        """Return whether the row's input asks for it."""
        ...

    def drop(self, row: Row) -> Awaitable[None]:
        """Record that the input of a created row does not ask for it any more."""
        ...


class ObservedStep:
    """Base of the steps: passes the events of requests on to the observer."""

    step: ClassVar[Step]

    def __init__(self, pace: RateLimiter, observer: Observer) -> None:
        self.pace = pace
        self.request_started = partial(observer.request_started, self.step)
        self.request_finished = observer.request_finished
        self.request_throttled = partial(observer.request_throttled, step=self.step)


class CreateStep(ObservedStep):
    """Step that creates the row's conversation."""

    step: ClassVar[Step] = Step.CREATE

    def __init__(
        self, calls: TwilioCalls, *, ledger: RowStore, observer: Observer, may_share: bool = False
    ) -> None:
        super().__init__(calls.pace, observer)
        self._ledger, self._creator, self._may_share = ledger, calls.creator, may_share
        self.answered, self.settled = observer.answered, observer.settled

    def begin(self, row: Row) -> Awaitable[None]:
        """Record the intent, and what follows the creation."""
        request = row.request
        owes_settings = bool(
            request.unique_name or request.attributes or request.inactive_after or request.close_after
        )
        owes_message = bool(request.first_message)
        return self._ledger.begin(row.id, request.identity, owes_message=owes_message, owes_settings=owes_settings)

    def send(self, row: Row, gate: Gate) -> Awaitable[AttemptResult]:
        """Make one attempt to create the conversation."""
        return self._creator.create(row.request, gate, row.encoded)

    def record(self, row: Row, status: Status, result: AttemptResult) -> Recorded:
        """Record the row's status; a conversation that belongs to another row makes it unknown or shared."""
        if status is Status.CREATED:
            return self._ledger.settle_created(row.id, result, may_share=self._may_share)
        return self._ledger.settle(row.id, status, result)

    def release(self, row: Row) -> Awaitable[None]:
        """Cancel the intent; the row's status is what it was before."""
        return self._ledger.release([row.id])


class MessageStep(ObservedStep):
    """Step that posts the first message of a created row. The status of a posted message is *created* here."""

    step: ClassVar[Step] = Step.MESSAGE
    fields: ClassVar[Sequence[str]] = ("first_message",)

    def __init__(self, calls: TwilioCalls, *, ledger: RowStore, observer: Observer) -> None:
        super().__init__(calls.message_pace, observer)
        self._messages, self._messenger, self._observer = ledger.messages, calls.messenger, observer
        self._service_check = calls.service_check
        self.answered = observer.message_answered

    def is_asked(self, row: Row) -> bool:
        """Return whether the row has a first message."""
        return bool(row.request.first_message)

    def drop(self, row: Row) -> Awaitable[None]:
        """Record that the row has no first message any more; one that may have been posted is kept."""
        return self._messages.drop(row.id)

    def begin(self, row: Row) -> Awaitable[None]:
        """Record the intent to post the message."""
        return self._messages.begin(row.id)

    async def send(self, row: Row, gate: Gate) -> AttemptResult:
        """Make one attempt to post the message, as the customer unless the row names another author.

        Without an author, send nothing and return a refusal with error code ``no_identity``. A 404 of a service
        without any conversation of the job stops the run.
        """
        message = first_message_of(row)
        if not message.author:
            return _no_identity()
        return await checked_by_service(await self._messenger.post(message, gate), self._service_check)

    def record(self, row: Row, status: Status, result: AttemptResult) -> asyncio.Future[None]:
        """Record the message's status; the row's own status does not change."""
        return self._messages.settle(row.id, MESSAGE_STATUSES[status], result)

    def release(self, row: Row) -> Awaitable[None]:
        """Cancel the intent; the message is pending again."""
        return self._messages.release(row.id)

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Notify the observer of the message's outcome."""
        self._observer.message_settled(row.row, row.key, MESSAGE_STATUSES[status], result)


MESSAGE_STATUSES = {
    Status.PENDING: MessageStatus.PENDING,
    Status.CREATED: MessageStatus.POSTED,
    Status.REJECTED: MessageStatus.REJECTED,
    Status.UNKNOWN: MessageStatus.UNKNOWN,
    Status.UNSENT: MessageStatus.UNSENT,
}


async def checked_by_service(result: AttemptResult, check: ServiceCheck | None) -> AttemptResult:
    """Return the result of a request to a conversation; one of another service, by a 404, stops the run."""
    if check is None:
        return result
    if result.verdict is Verdict.CREATED:
        check.note_shown()
    elif result.is_gone and (refusal := await check.refusal()):
        return structs.replace(result, stops_run=True, error=refusal)
    return result


def _no_identity() -> AttemptResult:
    now = time.time()
    return AttemptResult(
        Verdict.REFUSED,
        due=now,
        ended=now,
        error_code="no_identity",
        error="Twilio returned no identity for the customer, so the message cannot be posted in their name",
    )
