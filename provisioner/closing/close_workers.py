"""Pool of workers that closes or deletes conversations, with limits on rate and concurrency. Uses protocols only.

An attempt may be repeated without harm, so no intent is recorded before it. After a crash it is made again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import structs

from provisioner.errors import GuardError, ProvisionerError
from provisioner.ledger import CloseStore
from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest, NextAttempt
from provisioner.ports.sending import Gate, RateLimiter, ServiceCheck
from provisioner.sending.workers import WorkerTasks

BATCH = 200
"""Conversations read from the ledger at a time."""
ATTEMPTS = 5
"""Most attempts per conversation in one run."""
NOT_SHOWN = "not_shown"
"""Error code of a 404 from a service that shows no conversation of the job."""


class CloseObserver(Protocol):
    """Receiver of the events of closing. Its methods do not influence the run."""

    def request_started(self) -> None:
        """Note that a request is about to be sent."""
        ...

    def request_finished(self) -> None:
        """Note that a request is no longer in flight, with or without a reply."""
        ...

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Note the result of an attempt, which is durable by now.

        ``is_last`` says that no further attempt follows for this conversation in this run.
        """
        ...

    def request_throttled(self, pause_s: float) -> None:
        """Note that a 429 pauses all requests for ``pause_s`` seconds."""
        ...


CloseCall = Callable[[str, Gate], Awaitable[CloseResult]]
"""Function (conversation SID, gate) that makes one attempt to close or delete the conversation."""


class _CloseRequest(IdempotentRequest[OpenConversation, CloseResult]):
    """Request that closes or deletes one conversation; every attempt is recorded."""

    def __init__(
        self,
        *,
        store: CloseStore,
        close_call: CloseCall,
        pace: RateLimiter,
        observer: CloseObserver,
        service_check: ServiceCheck | None,
    ) -> None:
        super().__init__(pace, max_attempts=ATTEMPTS)
        self._store, self._close_call, self._observer = store, close_call, observer
        self._service_check = service_check

    async def send(self, conversation: OpenConversation, gate: Gate, /) -> CloseResult:
        """Make one attempt to close or delete the conversation."""
        return await self._close_call(conversation.sid, gate)

    def request_started(self) -> None:
        """Notify the observer."""
        self._observer.request_started()

    def request_finished(self) -> None:
        """Notify the observer."""
        self._observer.request_finished()

    def request_throttled(self, pause_s: float, /) -> None:
        """Notify the observer."""
        self._observer.request_throttled(pause_s)

    async def conclude(
        self, subject: OpenConversation, result: CloseResult, attempt: int
    ) -> NextAttempt[OpenConversation] | CloseResult:
        """Record the result of an attempt, then notify the observer."""
        result = await self._checked(result)
        await self._store.settle(subject.id, result, number=attempt)
        conclusion = await super().conclude(subject, result, attempt)
        self._observer.attempt_finished(subject, result, is_last=not isinstance(conclusion, NextAttempt))
        return conclusion

    async def _checked(self, result: CloseResult) -> CloseResult:
        """Return the result; a 404 of a service without any conversation of the job stops the run instead."""
        if self._service_check is None:
            return result
        if result.status in _SHOWN:
            self._service_check.note_shown()
        elif result.status is CloseStatus.GONE and (refusal := await self._service_check.refusal()):
            return structs.replace(
                result, status=CloseStatus.MAYBE, stops_run=True, error_code=NOT_SHOWN, error=refusal
            )
        return result


_SHOWN = {CloseStatus.CLOSED, CloseStatus.DELETED}


class CloseWorkers:
    """Pool of ``concurrency`` workers that closes or deletes every conversation that is not done yet.

    Without ``service_check``, every conversation that is answered with 404 is gone.
    """

    def __init__(
        self,
        *,
        store: CloseStore,
        close_call: CloseCall,
        pace: RateLimiter,
        observer: CloseObserver,
        concurrency: int,
        service_check: ServiceCheck | None = None,
    ) -> None:
        self._store, self._concurrency = store, concurrency
        self._request = _CloseRequest(
            store=store, close_call=close_call, pace=pace, observer=observer, service_check=service_check
        )
        self._workers = WorkerTasks(pace)
        self._runner = AttemptRunner(self._workers.stopping)
        self._waiting: deque[OpenConversation] = deque()
        self._after = 0
        self._supply = asyncio.Lock()
        self._error: ProvisionerError | None = None

    async def run(self) -> ProvisionerError | None:
        """Make the attempts for all conversations that are not done; return the error that stopped it, else None.

        The first conversation goes alone, so that a server that is not Twilio gets one request. Raise
        ``StorageError`` when a result cannot be written.
        """
        await self._workers.run(self._close_next, workers=1)
        await self._workers.run(self._work, workers=self._concurrency)
        return self._error

    def drain(self, error: ProvisionerError | None = None) -> None:
        """Start nothing new, and let requests in flight finish. The first error that is given counts."""
        self._error = self._error or error
        self._workers.drain()

    def cancel(self) -> None:
        """Cancel the requests in flight. The next run makes them again."""
        self.drain()
        self._workers.cancel()

    async def _work(self) -> None:
        while await self._close_next():
            pass

    async def _close_next(self) -> bool:
        """Close the next conversation; return False when there is none, or the pool is stopped."""
        if self._workers.stopping.is_set() or not (conversation := await self._next()):
            return False
        result = await self._runner.run(self._request, conversation, self._request.conclude)
        if result is not None and result.stops_run:
            self.drain(GuardError(result.error, cure="then run the same command again"))
        return True

    async def _next(self) -> OpenConversation | None:
        async with self._supply:
            if not self._waiting:
                self._waiting.extend(await self._store.left(self._after, BATCH))
                self._after = self._waiting[-1].id if self._waiting else self._after
            return self._waiting.popleft() if self._waiting else None
