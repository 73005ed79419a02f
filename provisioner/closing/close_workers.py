"""Pool of workers that closes or deletes conversations, with limits on rate and concurrency. Uses protocols only.

An attempt may be repeated without harm, so no intent is recorded before it. After a crash it is made again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from msgspec import structs

from provisioner.errors import GuardError, ProvisionerError
from provisioner.ledger import CloseStore
from provisioner.models.closing import CloseResult, CloseStatus, OpenConversation
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest, NextAttempt
from provisioner.ports.sending import Gate, GateClosed, RateLimiter, ServiceCheck
from provisioner.sending.workers import WorkerTasks

_C = TypeVar("_C", bound=OpenConversation)
_C_contra = TypeVar("_C_contra", bound=OpenConversation, contravariant=True)

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

_SHOWN = {CloseStatus.CLOSED, CloseStatus.DELETED}


class ClosingStep(Protocol[_C_contra]):
    """What is done for one conversation before it, or its guest, is closed or deleted."""

    async def prepare(self, subject: _C_contra, runner: AttemptRunner) -> CloseResult | None:
        """Do it, with requests that ``runner`` repeats; return None when the conversation is ready.

        Otherwise return the last result, which was recorded and noted; the conversation is left as it is in this
        run. Raise ``GateClosed`` when the run stops.
        """
        ...


class CloseRequest(IdempotentRequest[_C, CloseResult], Generic[_C]):
    """Request that closes or deletes one conversation or guest; every attempt is recorded.

    ``call`` is a function (conversation or guest, gate) that makes one attempt.
    """

    def __init__(
        self,
        call: Callable[[_C, Gate], Awaitable[CloseResult]],
        *,
        store: CloseStore[_C],
        pace: RateLimiter,
        observer: CloseObserver,
        service_check: ServiceCheck | None,
    ) -> None:
        super().__init__(pace, max_attempts=ATTEMPTS)
        self._call, self._store = call, store
        self._observer, self._service_check = observer, service_check

    async def send(self, subject: _C, gate: Gate, /) -> CloseResult:
        """Make one attempt."""
        return await self._call(subject, gate)

    def request_started(self) -> None:
        """Notify the observer."""
        self._observer.request_started()

    def request_finished(self) -> None:
        """Notify the observer."""
        self._observer.request_finished()

    def request_throttled(self, pause_s: float, /) -> None:
        """Notify the observer."""
        self._observer.request_throttled(pause_s)

    async def conclude(self, subject: _C, result: CloseResult, attempt: int) -> NextAttempt[_C] | CloseResult:
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


class ClosePool(Generic[_C]):
    """Pool of ``concurrency`` workers that makes one kind of request for all that ``store`` has left.

    ``step`` is done before each of them.
    """

    def __init__(
        self,
        request: CloseRequest[_C],
        store: CloseStore[_C],
        *,
        concurrency: int,
        step: ClosingStep[_C] | None = None,
    ) -> None:
        self._request, self._store, self._concurrency, self._step = request, store, concurrency, step
        self._workers = WorkerTasks(request.pace)
        self._runner = AttemptRunner(self._workers.stopping)
        self._waiting: deque[_C] = deque()
        self._after = 0
        self._supply = asyncio.Lock()
        self._error: ProvisionerError | None = None

    async def run(self) -> ProvisionerError | None:
        """Make the attempts for all that are not done; return the error that stopped it, else None.

        The first one goes alone, so that a server that is not Twilio gets one request. Raise ``StorageError`` when
        a result cannot be written.
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
        """Close the next one; return False when there is none, or the pool is stopped."""
        if self._workers.stopping.is_set() or not (subject := await self._next()):
            return False
        try:
            result = await self._close(subject)
        except GateClosed:
            return False
        if result is not None and result.stops_run:
            self.drain(GuardError(result.error, cure="then run the same command again"))
        return True

    async def _close(self, subject: _C) -> CloseResult | None:
        """Do the step and make the request; return the last result, None when the pool was stopped first."""
        if self._step and (result := await self._step.prepare(subject, self._runner)):
            return result
        return await self._runner.run(self._request, subject, self._request.conclude)

    async def _next(self) -> _C | None:
        async with self._supply:
            if not self._waiting:
                self._waiting.extend(await self._store.left(self._after, BATCH))
                self._after = self._waiting[-1].id if self._waiting else self._after
            return self._waiting.popleft() if self._waiting else None


class CloseWorkers(ClosePool[OpenConversation]):
    """Pool of ``concurrency`` workers that closes or deletes every conversation that is not done yet.

    Without ``service_check``, every conversation that is answered with 404 is gone.
    """

    def __init__(
        self,
        *,
        store: CloseStore[OpenConversation],
        close_call: CloseCall,
        pace: RateLimiter,
        observer: CloseObserver,
        concurrency: int,
        service_check: ServiceCheck | None = None,
        step: ClosingStep[OpenConversation] | None = None,
    ) -> None:
        request = CloseRequest[OpenConversation](
            lambda conversation, gate: close_call(conversation.sid, gate),
            store=store,
            pace=pace,
            observer=observer,
            service_check=service_check,
        )
        super().__init__(request, store, concurrency=concurrency, step=step)
