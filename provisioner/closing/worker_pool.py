"""Closes or deletes conversations: bounded in flight, paced, repeated, drained. Knows ports only.

An attempt may be repeated without harm, so there is no intent before it: what a crash left is asked for again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from provisioner.errors import GuardError, ProvisionerError
from provisioner.ledger import CloseStore
from provisioner.models.closing import CloseResult, OpenConversation
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest, NextAttempt
from provisioner.ports.sending import Gate, RateLimiter
from provisioner.sending.workers import WorkerTasks

BATCH = 200
"""Conversations asked of the ledger at a time."""
ATTEMPTS = 5
"""How often one is tried in a run."""


class CloseObserver(Protocol):
    """Is told what happens; decides nothing."""

    def request_started(self) -> None:
        """Hear that a request is about to leave."""
        ...

    def request_finished(self) -> None:
        """Hear that it is under way no more."""
        ...

    def attempt_finished(self, conversation: OpenConversation, result: CloseResult, *, is_last: bool) -> None:
        """Hear what an attempt came to, which is durable by now; ``is_last`` of this conversation in this run."""
        ...

    def request_throttled(self, pause_s: float) -> None:
        """Hear that a 429 paused everyone."""
        ...


CloseCall = Callable[[str, Gate], Awaitable[CloseResult]]
"""Makes one attempt to close or delete the conversation of this SID."""


class _CloseRequest(IdempotentRequest[OpenConversation, CloseResult]):
    """Closes or deletes one conversation, and records every attempt at it."""

    def __init__(
        self, *, store: CloseStore, close_call: CloseCall, pace: RateLimiter, observer: CloseObserver
    ) -> None:
        super().__init__(pace, max_attempts=ATTEMPTS)
        self._store, self._close_call, self._observer = store, close_call, observer

    async def send(self, conversation: OpenConversation, gate: Gate, /) -> CloseResult:
        """Make one attempt."""
        return await self._close_call(conversation.sid, gate)

    def request_started(self) -> None:
        """Tell the observer."""
        self._observer.request_started()

    def request_finished(self) -> None:
        """Tell the observer."""
        self._observer.request_finished()

    def request_throttled(self, pause_s: float, /) -> None:
        """Tell the observer."""
        self._observer.request_throttled(pause_s)

    async def conclude(
        self, subject: OpenConversation, result: CloseResult, attempt: int
    ) -> NextAttempt[OpenConversation] | CloseResult:
        """Record the attempt, and tell of it once it is durable."""
        await self._store.settle(subject.id, result, number=attempt)
        conclusion = await super().conclude(subject, result, attempt)
        self._observer.attempt_finished(subject, result, is_last=not isinstance(conclusion, NextAttempt))
        return conclusion


class CloseWorkers:
    """Ends every conversation that the ledger has left; ``run`` returns when each had its attempts."""

    def __init__(
        self,
        *,
        store: CloseStore,
        close_call: CloseCall,
        pace: RateLimiter,
        observer: CloseObserver,
        concurrency: int,
    ) -> None:
        self._store, self._concurrency = store, concurrency
        self._request = _CloseRequest(store=store, close_call=close_call, pace=pace, observer=observer)
        self._workers = WorkerTasks(pace)
        self._runner = AttemptRunner(self._workers.stopping)
        self._waiting: deque[OpenConversation] = deque()
        self._after = 0
        self._supply = asyncio.Lock()
        self._error: ProvisionerError | None = None

    async def run(self) -> ProvisionerError | None:
        """Go through all that is left; return what stopped it early."""
        await self._workers.run(self._work, workers=self._concurrency)
        return self._error

    def drain(self, error: ProvisionerError | None = None) -> None:
        """Start nothing new and let finish what is in flight."""
        self._error = self._error or error
        self._workers.drain()

    def cancel(self) -> None:
        """Wait no longer for what is in flight; it is asked for again another time."""
        self.drain()
        self._workers.cancel()

    async def _work(self) -> None:
        while not self._workers.stopping.is_set() and (conversation := await self._next()):
            result = await self._runner.run(self._request, conversation, self._request.conclude)
            if result is not None and result.stops_run:
                self.drain(GuardError(result.error, cure="then run the same command again"))

    async def _next(self) -> OpenConversation | None:
        async with self._supply:
            if not self._waiting:
                self._waiting.extend(await self._store.left(self._after, BATCH))
                self._after = self._waiting[-1].id if self._waiting else self._after
            return self._waiting.popleft() if self._waiting else None
